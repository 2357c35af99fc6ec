package cond

import (
	"fmt"

	"github.com/expr-lang/expr/ast"
)

// equality refuses to compare what can never be equal. nil is fine on either side.
func (c *checker) equality(n *ast.BinaryNode, l, r value) {
	a, b := l.typ.Kind, r.typ.Kind
	if a != b && a != Any && b != Any && a != Null && b != Null {
		c.issue(c.pos(n), RuleNeverEqual,
			fmt.Sprintf("%s is %s and %s is %s: they are never equal", show(n.Left), describe(l.typ), show(n.Right), describe(r.typ)),
			convertHint(n, l.typ, r.typ))
		return
	}
	c.warnNeverListed(n.Left, l.typ, n.Right, r.typ, c.pos(n))
	c.address(n.Left, l.typ, n.Right)
	c.address(n.Right, r.typ, n.Left)
}

func convertHint(n *ast.BinaryNode, l, r *Type) string {
	left, right := n.Left, n.Right
	if l.Kind != List && (r.Kind == List || literal(left)) {
		l, r, left, right = r, l, right, left
	}
	text, number, isText := ast.Node(nil), (*ast.IntegerNode)(nil), false
	number, _ = right.(*ast.IntegerNode)
	if s, ok := right.(*ast.StringNode); ok {
		text, isText = s, true
	}
	switch {
	case l.Kind == List && r.Kind == Number:
		return fmt.Sprintf("did you mean len(%s) %s %s", show(left), n.Operator, show(right))
	case l.Kind == List && r.Kind != Object:
		return fmt.Sprintf("did you mean %s in %s", show(right), show(left))
	case l.Kind == String && number != nil:
		return fmt.Sprintf(`write "%d" in quotes`, number.Value)
	case l.Kind == Number && isText:
		return "write the number without quotes"
	case l.Kind == Bool && isText && (show(text) == `"true"` || show(text) == `"false"`):
		return "write true or false without quotes"
	}
	return ""
}

// warnNeverListed warns of a constant that the other side never has.
func (c *checker) warnNeverListed(ln ast.Node, l *Type, rn ast.Node, r *Type, operator int) {
	if literal(ln) && !literal(rn) {
		ln, l, rn, r = rn, r, ln, l
	}
	if len(l.Enum) == 0 && literal(rn) {
		known := *l
		known.Enum, l = l.Listed, &known
	}
	if len(l.Enum) == 0 || len(r.Enum) == 0 || !disjoint(l.Enum, r.Enum) {
		return
	}
	offset := operator
	if literal(rn) {
		offset = c.pos(rn)
	}
	text := fmt.Sprintf("%s is never %s", show(ln), values(r.Enum))
	if s, ok := r.Enum[0].(string); ok {
		text += didYouMean(s, texts(l.Enum))
	}
	c.issues.add(Issue{Offset: offset, Rule: RuleUnknownValue, Text: text, Hint: "the known values are " + values(l.Enum), Warning: true})
}

func texts(values []any) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (c *checker) order(n *ast.BinaryNode, l, r value) {
	a, b := l.typ.Kind, r.typ.Kind
	ordered := func(k Kind) bool { return k == Number || k == String || k == Any }
	switch {
	case ordered(a) && ordered(b) && (a == b || a == Any || b == Any):
		c.present(l, n.Left, n.Operator)
		c.present(r, n.Right, n.Operator)
		return
	case a == List && b == Number:
		c.issue(c.pos(n), RuleType, fmt.Sprintf("%s is %s", show(n.Left), describe(l.typ)),
			fmt.Sprintf("did you mean len(%s) %s %s", show(n.Left), n.Operator, show(n.Right)))
		return
	case b == List && a == Number:
		c.issue(c.pos(n), RuleType, fmt.Sprintf("%s is %s", show(n.Right), describe(r.typ)),
			fmt.Sprintf("did you mean %s %s len(%s)", show(n.Left), n.Operator, show(n.Right)))
		return
	}
	hint := "it compares two numbers or two strings"
	if a == String && b == Number || a == Number && b == String {
		hint = "int(text) and float(text) make a number, string(number) makes text"
	}
	c.issue(c.pos(n), RuleType, fmt.Sprintf("%s cannot compare %s with %s", n.Operator, describe(l.typ), describe(r.typ)), hint)
}

func (c *checker) membership(n *ast.BinaryNode, l, r value) {
	switch r.typ.Kind {
	case Any, Null:
	case List:
		if a, b := l.typ.Kind, known(r.typ.Items).Kind; a != b && a != Any && b != Any && a != Null && b != Null {
			c.issue(c.pos(n), RuleNeverEqual, fmt.Sprintf("%s is %s and %s is %s: it is never in there", show(n.Left), describe(l.typ), show(n.Right), describe(r.typ)), "")
			return
		}
		if items, ok := n.Right.(*ast.ArrayNode); ok {
			for _, item := range items.Nodes {
				if literal(item) {
					c.warnNeverListed(n.Left, l.typ, item, c.step(item).typ, c.pos(item))
					c.address(n.Left, l.typ, item)
				}
			}
		}
	case Object:
		if k := l.typ.Kind; k != String && k != Any && k != Null {
			c.issue(c.pos(n), RuleType, fmt.Sprintf("the members of an object have names, and %s is %s", show(n.Left), describe(l.typ)), "")
		}
	default:
		hint := ""
		if r.typ.Kind == String {
			hint = fmt.Sprintf("write %s contains %s", show(n.Right), show(n.Left))
		}
		c.issue(c.pos(n), RuleType, fmt.Sprintf("in looks into a list or an object, and %s is %s", show(n.Right), describe(r.typ)), hint)
	}
}
