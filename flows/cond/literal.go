package cond

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

func (c *checker) conditional(n *ast.ConditionalNode) value {
	if n.Cond == n.Exp1 {
		c.issues.add(notAllowed(c.pos(n), "?:", "write a ? b : c, or a ?? b"))
		return c.expr(n.Cond)
	}
	cond := c.expr(n.Cond)
	c.boolean(cond, n.Cond, "the part before ?")
	var a, b value
	c.given(c.whenTrue(n.Cond), func() { a = c.expr(n.Exp1) })
	c.given(c.whenFalse(n.Cond), func() { b = c.expr(n.Exp2) })
	v := either(a, b)
	v.taint |= cond.taint
	return v
}

// either is a value that is one of two.
func either(a, b value) value {
	v := value{typ: present(union(a.typ, b.typ)), gap: a.gap, taint: a.taint | b.taint}
	if v.gap == nil {
		v.gap = b.gap
	}
	return v
}

func (c *checker) array(n *ast.ArrayNode) value {
	t := &Type{Kind: List, Items: noItems}
	v := value{typ: t}
	for i, part := range n.Nodes {
		item := c.expr(part)
		v.taint |= item.taint
		typ := c.stored(item)
		if i == 0 {
			t.Items = typ
		} else {
			t.Items = union(t.Items, typ)
		}
	}
	return v
}

func (c *checker) object(n *ast.MapNode) value {
	t := &Type{Kind: Object, Fields: make(map[string]Field, len(n.Pairs))}
	v := value{typ: t}
	for _, p := range n.Pairs {
		pair, ok := p.(*ast.PairNode)
		if !ok {
			continue
		}
		item := c.expr(pair.Value)
		v.taint |= item.taint
		key, ok := pair.Key.(*ast.StringNode)
		if !ok {
			c.issues.add(notAllowed(c.pos(pair.Key), "(key): value", "the names of members are constants"))
			continue
		}
		f := Field{Type: c.stored(item)}
		if item.gap != nil {
			f.Absent, f.Rule = item.gap.why, item.gap.rule
		}
		t.Fields[key.Value] = f
	}
	return v
}

// stored is the type of a value once it is inside a list or an object.
func (c *checker) stored(v value) *Type {
	t := v.typ.withTaint(v.taint)
	if v.gap == nil {
		return t
	}
	return nullable(t)
}

// given types parts of which something more is known.
func (c *checker) given(facts []string, do func()) {
	n := len(c.facts)
	c.facts = append(c.facts, facts...)
	do()
	c.facts = c.facts[:n]
}

// holds says that the value at path is known not to be nil here.
func (c *checker) holds(path string) bool {
	return path != "" && slices.ContainsFunc(c.facts, func(f string) bool {
		return f == path || strings.HasPrefix(f, path+pathSeparator)
	})
}
