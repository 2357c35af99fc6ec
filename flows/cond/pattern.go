package cond

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// The size of a regular expression: its text, and the instructions it compiles to,
// because `x{1000}` is short and long at once.
const (
	maxPattern      = 1 << 10
	maxInstructions = 2000
)

// pattern is a compiled regular expression with its cost.
type pattern struct {
	re           *regexp.Regexp
	instructions int
}

// pattern compiles the right side of `matches`, which must be a constant so that it is
// refused at load and never compiled while a flow runs.
func (c *checker) pattern(n *ast.BinaryNode) {
	s, ok := n.Right.(*ast.StringNode)
	if !ok {
		c.issue(c.pos(n.Right), RulePattern, "the pattern of matches must be a constant string", "use contains, startsWith or endsWith with a value")
		return
	}
	p, text, hint := compilePattern(s.Value)
	if text != "" {
		c.issue(c.pos(s), RulePattern, text, hint)
		return
	}
	if parsed, err := syntax.Parse(s.Value, syntax.Perl); err == nil && matchesNothing(parsed.Simplify()) {
		c.issue(c.pos(s), RuleNeverTrue, "no text matches the pattern", "a text begins at ^ and ends at $")
	}
	c.patterns[n] = p
}

func compilePattern(text string) (p *pattern, problem, hint string) {
	if len(text) > maxPattern {
		return nil, fmt.Sprintf("the pattern has %d bytes, at most %d are allowed", len(text), maxPattern), ""
	}
	re, err := regexp.Compile(text)
	if err != nil {
		hint := "patterns are RE2, without look-around and back-references"
		return nil, "the pattern is not valid: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "), hint
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, "the pattern is not valid", ""
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(prog.Inst) > maxInstructions {
		return nil, "the pattern repeats too much", "use smaller counts in { }"
	}
	return &pattern{re: re, instructions: len(prog.Inst)}, "", ""
}
