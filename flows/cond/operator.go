package cond

import (
	"github.com/expr-lang/expr/ast"
)

func (c *checker) unary(n *ast.UnaryNode) value {
	v := c.expr(n.Node)
	switch n.Operator {
	case "not", "!":
		c.boolean(v, n.Node, "what follows "+n.Operator)
		return value{typ: &Type{Kind: Bool}, taint: v.taint}
	case "-":
		c.operand(v, n.Node, Number, "-", c.pos(n))
		return value{typ: &Type{Kind: Number}, taint: v.taint}
	}
	c.issues.add(notAllowed(c.pos(n), n.Operator, "drop it"))
	return v
}

func (c *checker) binary(n *ast.BinaryNode) value {
	switch n.Operator {
	case "and", "&&", "or", "||":
		return c.logic(n)
	case "??":
		return c.fallback(n)
	}
	l, r := c.expr(n.Left), c.expr(n.Right)
	v := value{typ: &Type{Kind: Bool}, taint: l.taint | r.taint}
	switch n.Operator {
	case "==", "!=":
		c.equality(n, l, r)
		if l.typ.Kind != Null && r.typ.Kind != Null { // compares what is inside as well
			v.taint |= l.typ.taintInside() | r.typ.taintInside()
		}
	case "<", ">", "<=", ">=":
		c.order(n, l, r)
	case "in":
		c.membership(n, l, r)
		if r.typ.Kind != Object { // of an object it looks at the names alone
			v.taint |= l.typ.taintInside() | r.typ.taintInside()
		}
	case "contains", "startsWith", "endsWith":
		c.text(n, l, r)
	case "matches":
		c.text(n, l, r)
		c.pattern(n)
	default:
		v.typ = c.arithmetic(n, l, r)
	}
	return v
}

func (c *checker) logic(n *ast.BinaryNode) value {
	if chained(n) {
		c.issues.add(notAllowed(c.pos(n), "a < b < c", "write a < b and b < c"))
	}
	l := c.expr(n.Left)
	c.boolean(l, n.Left, "the left side of "+n.Operator)
	facts := c.whenTrue(n.Left)
	if n.Operator == "or" || n.Operator == "||" {
		facts = c.whenFalse(n.Left)
	}
	var r value
	c.given(facts, func() {
		r = c.expr(n.Right)
		c.boolean(r, n.Right, "the right side of "+n.Operator)
	})
	return value{typ: &Type{Kind: Bool}, taint: l.taint | r.taint}
}

// chained finds a < b < c, for which expr makes two comparisons that share b.
func chained(n *ast.BinaryNode) bool {
	right, ok := n.Right.(*ast.BinaryNode)
	if !ok {
		return false
	}
	left, ok := n.Left.(*ast.BinaryNode)
	if ok && left.Right != right.Left {
		left, ok = left.Right.(*ast.BinaryNode)
	}
	return ok && left.Right == right.Left
}

func (c *checker) fallback(n *ast.BinaryNode) value {
	l, r := c.expr(n.Left), c.expr(n.Right)
	v := either(l, r)
	v.gap = r.gap
	if l.typ.Kind == Null {
		v.typ = r.typ
	}
	return v
}
