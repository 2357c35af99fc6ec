package cond

import (
	"strconv"

	"github.com/expr-lang/expr/ast"
)

// whenTrue lists the paths that are not nil where n is true: `has(x) and x.y` may read
// through x.
func (c *checker) whenTrue(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return c.whenFalse(n.Node)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			return append(c.whenTrue(n.Left), c.whenTrue(n.Right)...)
		case "!=":
			return c.unequal(n)
		case "==":
			return c.equalTo(n)
		case "in":
			if items, ok := n.Right.(*ast.ArrayNode); ok && literals(items) {
				return c.facet(n.Left)
			}
		case ">", ">=":
			return c.filled(n)
		}
	case *ast.BuiltinNode:
		if n.Name == "any" {
			return c.some(n.Arguments[0])
		}
	case *ast.CallNode:
		if id, ok := n.Callee.(*ast.IdentifierNode); ok && id.Value == "has" && len(n.Arguments) == 1 {
			return c.facet(n.Arguments[0])
		}
	}
	return nil
}

// whenFalse lists the paths that are not nil where n is false.
func (c *checker) whenFalse(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return c.whenTrue(n.Node)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "or", "||":
			return append(c.whenFalse(n.Left), c.whenFalse(n.Right)...)
		case "==":
			return c.unequal(n)
		case "!=":
			return c.equalTo(n)
		}
	}
	return nil
}

// unequal is what follows from x != nil.
func (c *checker) unequal(n *ast.BinaryNode) []string {
	if _, ok := n.Right.(*ast.NilNode); ok {
		return c.facet(n.Left)
	}
	if _, ok := n.Left.(*ast.NilNode); ok {
		return c.facet(n.Right)
	}
	return nil
}

// equalTo is what follows from x == "literal": nil equals nothing but nil.
func (c *checker) equalTo(n *ast.BinaryNode) []string {
	if literal(n.Right) {
		return c.facet(n.Left)
	}
	if literal(n.Left) {
		return c.facet(n.Right)
	}
	return nil
}

// anyItem stands for the items of a list in a path: the fact that there is one.
const anyItem = "*"

// some is the fact that a list has items.
func (c *checker) some(list ast.Node) []string {
	if p := c.pathOf(list); p != "" {
		return []string{p + pathSeparator + anyItem}
	}
	return nil
}

// filled is what follows from len(x) > 0 and len(x) >= 1.
func (c *checker) filled(n *ast.BinaryNode) []string {
	call, ok := n.Left.(*ast.BuiltinNode)
	if !ok || call.Name != "len" || len(call.Arguments) != 1 {
		return nil
	}
	least, ok := n.Right.(*ast.IntegerNode)
	if !ok || least.Value < 0 || n.Operator == ">=" && least.Value < 1 {
		return nil
	}
	return c.some(call.Arguments[0])
}

func literal(n ast.Node) bool {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return true
	}
	return false
}

func literals(n *ast.ArrayNode) bool {
	for _, item := range n.Nodes {
		if !literal(item) {
			return false
		}
	}
	return true
}

func (c *checker) facet(n ast.Node) []string {
	if p := c.pathOf(n); p != "" {
		return []string{p}
	}
	return nil
}

// pathOf is the canonical path of a part, as in value.path; "" if it has none.
func (c *checker) pathOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value
	case *ast.ChainNode:
		return c.pathOf(n.Node)
	case *ast.PointerNode:
		return itemPath(len(c.items))
	case *ast.MemberNode:
		base := c.pathOf(n.Node)
		if base == "" {
			return ""
		}
		switch key := n.Property.(type) {
		case *ast.StringNode:
			return base + pathSeparator + key.Value
		case *ast.IntegerNode:
			return base + pathSeparator + "[" + strconv.Itoa(key.Value) + "]"
		}
	}
	return ""
}

// itemPath begins the paths of the item of a predicate at a depth; no root is called so.
func itemPath(depth int) string { return "." + strconv.Itoa(depth) }
