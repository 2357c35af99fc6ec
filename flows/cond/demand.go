package cond

import (
	"fmt"

	"github.com/expr-lang/expr/ast"
)

// present demands that v is not nil, as the operand or argument that use names.
func (c *checker) present(v value, n ast.Node, use string) {
	if v.gap == nil || c.lenient {
		return
	}
	c.issue(v.gap.offset, v.gap.rule, fmt.Sprintf("%s may be missing (%s), and %s needs a value", v.gap.name, v.gap.why, use),
		c.presentHint(v.typ.Kind, n))
}

func (c *checker) presentHint(k Kind, n ast.Node) string {
	text, hint := show(n), ""
	if fallback := [...]string{Bool: "false", Number: "0", String: `""`, List: "[]", Object: "{}"}[k]; fallback != "" {
		hint = fmt.Sprintf("write (%s ?? %s)", text, fallback)
	}
	if c.pathOf(n) == "" {
		return hint
	}
	if hint == "" {
		return fmt.Sprintf("check has(%s) first", text)
	}
	return hint + fmt.Sprintf(", or check has(%s) first", text)
}

// boolean demands a value that is true or false.
func (c *checker) boolean(v value, n ast.Node, use string) {
	switch v.typ.Kind {
	case Any, Bool:
		c.present(v, n, use)
		return
	}
	text, hint := show(n), ""
	switch v.typ.Kind {
	case List:
		hint = fmt.Sprintf("did you mean len(%s) > 0", text)
	case String:
		hint = fmt.Sprintf(`did you mean %s != ""`, text)
	case Number:
		hint = fmt.Sprintf("did you mean %s != 0", text)
	case Object:
		hint = fmt.Sprintf("did you mean has(%s)", text)
	}
	c.issue(c.pos(n), RuleNotBoolean, fmt.Sprintf("%s must be true or false, and this is %s", use, describe(v.typ)), hint)
}

// operand demands a value of a kind.
func (c *checker) operand(v value, n ast.Node, want Kind, use string, operator int) bool {
	if v.typ.Kind != want && v.typ.Kind != Any {
		hint := ""
		switch {
		case v.typ.Kind == List && want == Number:
			hint = fmt.Sprintf("did you mean len(%s)", show(n))
		case v.typ.Kind == Number && want == String:
			hint = fmt.Sprintf("did you mean string(%s)", show(n))
		case v.typ.Kind == String && want == Number:
			hint = fmt.Sprintf("did you mean int(%s)", show(n))
		}
		c.issue(operator, RuleType, fmt.Sprintf("%s needs %s, and %s is %s", use, want, show(n), describe(v.typ)), hint)
		return false
	}
	c.present(v, n, use)
	return true
}
