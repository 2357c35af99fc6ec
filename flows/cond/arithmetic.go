package cond

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// text demands two strings.
func (c *checker) text(n *ast.BinaryNode, l, r value) {
	if l.typ.Kind == List && n.Operator == "contains" {
		c.issue(c.pos(n), RuleType, show(n.Left)+" is "+describe(l.typ),
			fmt.Sprintf("write %s in %s", show(n.Right), show(n.Left)))
		return
	}
	c.operand(l, n.Left, String, n.Operator, c.pos(n))
	c.operand(r, n.Right, String, n.Operator, c.pos(n))
	c.addressPart(n, l.typ)
}

func (c *checker) arithmetic(n *ast.BinaryNode, l, r value) *Type {
	if !slices.Contains([]string{"+", "-", "*", "/", "%", "**"}, n.Operator) {
		return &Type{} // scan has refused it
	}
	a, b := l.typ.Kind, r.typ.Kind
	if n.Operator == "+" {
		switch {
		case a == String && (b == String || b == Any), b == String && a == Any:
			c.present(l, n.Left, "+")
			c.present(r, n.Right, "+")
			return &Type{Kind: String}
		case a == Any && b == Any:
			c.present(l, n.Left, "+")
			c.present(r, n.Right, "+")
			return &Type{}
		case a == String:
			c.operand(r, n.Right, String, "+", c.pos(n))
			return &Type{Kind: String}
		case b == String:
			c.operand(l, n.Left, String, "+", c.pos(n))
			return &Type{Kind: String}
		}
	}
	if c.operand(l, n.Left, Number, n.Operator, c.pos(n)) {
		c.operand(r, n.Right, Number, n.Operator, c.pos(n))
	}
	return &Type{Kind: Number}
}
