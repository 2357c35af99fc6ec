package yamldoc

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Rule codes of mistakes that only look like YAML errors: an expression or a template
// written where YAML reads something else.
const (
	RuleTemplate   = "template-syntax"
	RuleBracket    = "yaml-flow-bracket"
	RuleTernary    = "yaml-ternary"
	RuleQuoteStart = "yaml-quote-start"
	RuleTab        = "yaml-tab"
	RuleColon      = "yaml-colon"
)

// TemplateHint says what to write instead of a template.
const TemplateHint = "there are no templates in flows: a value that starts with `=` is an expression, as in `userId: =nodes.check.user.id`"

// trap is a way of writing that YAML refuses, found by the text of the line.
type trap struct {
	rule  string
	match *regexp.Regexp // the first group is where the problem is
	text  string
	hint  string
}

func traps() []trap {
	return []trap{
		{RuleTemplate, regexp.MustCompile(`(\$\{|\{\{)`), "this is a template of another language", TemplateHint},
		{RuleBracket, regexp.MustCompile(`[{,]\s*[\w.-]+:\s*(=[^"',{}]*\[|\w[^"',{}]*\w\[)`), "inside a one-line map `[` and `]` are YAML's own",
			"quote the expression, `\"=x[0].y\"`, or give it a line of its own"},
		{RuleTernary, regexp.MustCompile(`:\s+(=?[^"'{}#]*\S\s\?\s[^"'{}#]*\s:\s)`), "`a ? b : c` holds `: `, which YAML reads as a key",
			"quote it, `\"=a ? b : c\"`, or route with a list of `when` and `then`"},
		{RuleQuoteStart, regexp.MustCompile(`:\s+(("[^"]*"|'[^']*')\s*[^\s#,}\]])`), "a value that starts with a quote ends with that quote",
			"turn the condition round, `xs contains \"A\"` or `any(xs, . == \"A\")`, or quote the whole of it with the other kind of quote"},
		{RuleTab, regexp.MustCompile(`^ *(\t)`), "YAML does not indent with tabs", "use two spaces"},
	}
}

// explain finds the reason for a syntax error in the line that the parser names.
func explain(src []byte, at, col int, bad *yaml.LoadError) Issue {
	line := lineOf(src, at)
	for _, t := range traps() {
		if m := t.match.FindStringSubmatchIndex(line); m != nil {
			return Issue{at, column(line, m[2]), t.rule, t.text, t.hint}
		}
	}
	if strings.Contains(bad.Message, "mapping values are not allowed") {
		return Issue{at, col, RuleColon, "`: ` begins a value, but this line has one already", "quote a text that holds `: `"}
	}
	if open := bad.ContextMark; open.Line > 0 && open.Line < at && strings.Contains(bad.ContextMsg, "flow") {
		return Issue{open.Line, open.Column, RuleSyntax, "the bracket that opens here is not closed", "close it, or write the map or list on lines of its own"}
	}
	if open := bad.ContextMark; open.Line > 0 && strings.Contains(bad.ContextMsg, "quoted scalar") {
		return Issue{open.Line, open.Column, RuleSyntax, "the quote that opens here is not closed", "close it on the same line"}
	}
	if strings.Contains(bad.Message, "cannot start any token") {
		return Issue{at, col, RuleSyntax, "YAML keeps this character for itself", "quote the text"}
	}
	text := "not YAML: " + bad.Message
	if bad.ContextMsg != "" {
		text = "not YAML " + bad.ContextMsg + ": " + bad.Message
	}
	return Issue{at, col, RuleSyntax, text, ""}
}
