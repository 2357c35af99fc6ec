package cond

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// parse makes expr's tree of src, or the one issue that it stopped at.
func parse(src string, at offsets) (root ast.Node, problem *Issue) {
	defer func() {
		if r := recover(); r != nil {
			root, problem = nil, &Issue{Rule: RuleSyntax, Text: "the expression cannot be parsed"}
		}
	}()
	if strings.TrimSpace(src) == "" {
		return nil, &Issue{Rule: RuleSyntax, Text: "the expression is empty",
			Hint: "YAML takes !ok for a tag and # for a comment: write not ok, or quote the whole value"}
	}
	tree, err := parser.ParseWithConfig(markItems(src, at), &conf.Config{MaxNodes: maxNodes})
	if err == nil {
		return tree.Node, nil
	}
	var where *file.Error
	if !errors.As(err, &where) {
		return nil, &Issue{Rule: RuleSyntax, Text: err.Error()}
	}
	return nil, syntaxIssue(src, at, where)
}

// syntaxIssue words a parser's error.
func syntaxIssue(src string, at offsets, e *file.Error) *Issue {
	offset := min(at.byte(e.From), len(src))
	issue := &Issue{Offset: offset, Rule: RuleSyntax, Text: e.Message}
	switch {
	case strings.Contains(e.Message, "exceeds maximum allowed nodes"):
		issue.Rule, issue.Text = RuleTooLarge, fmt.Sprintf("the expression has more than %d parts", maxNodes)
		issue.Hint = "compute parts of it with `set` in earlier nodes"
	case strings.Contains(e.Message, "token EOF"), strings.Contains(e.Message, "unexpected end"):
		issue.Offset, issue.Text = len(src), "the expression ends too early"
		issue.Hint = "YAML ends a value at ` #`, and inside { } at a comma: quote the whole value"
	case strings.HasPrefix(e.Message, "unexpected token "):
		word := tokenAt(src[offset:])
		issue.Text, issue.Hint = "unexpected "+word, syntaxHint(word)
	case strings.Contains(e.Message, "cannot be mixed"):
		issue.Text = "?? needs brackets beside another operator"
		issue.Hint = "write (a ?? b) == c"
	case strings.Contains(e.Message, "not terminated"):
		issue.Text, issue.Hint = "a quote is not closed", "close it on the same line"
	case strings.HasPrefix(e.Message, "unrecognized character"):
		issue.Text = "unexpected " + tokenAt(src[offset:])
	}
	return issue
}

// tokenAt cuts the word or sign that s begins with.
func tokenAt(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool {
		return !(r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	})
	if end == 0 {
		for _, r := range s {
			return fmt.Sprintf("%q", string(r))
		}
	}
	if end < 0 {
		end = len(s)
	}
	return fmt.Sprintf("%q", s[:end])
}

func syntaxHint(word string) string {
	switch word {
	case `"contains"`, `"startsWith"`, `"endsWith"`, `"matches"`, `"in"`:
		return "it is an operator: name contains \"x\", \"x\" in list"
	case `"."`:
		return "a member needs a value before the dot; only a predicate, any(list, .x), may leave it out"
	case `":"`:
		return "an object in a predicate stands in round brackets: map(list, ({id: .id}))"
	case `"?"`:
		return "write a ? b : c, or x?.y"
	case `"!"`:
		return "write not x, or x != y"
	case `"="`:
		return "write == to compare"
	}
	return ""
}
