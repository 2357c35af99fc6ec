package cond

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
)

func (c *checker) callNode(n *ast.CallNode) value {
	switch callee := n.Callee.(type) {
	case *ast.IdentifierNode:
		return c.call(n, callee.Value, n.Arguments)
	case *ast.MemberNode:
		name := memberText(callee)
		hint := instead[name]
		if f, ok := map[string]string{"toLowerCase": "lower", "toUpperCase": "upper", "trim": "trim", "size": "len", "length": "len"}[name]; ok {
			hint = fmt.Sprintf("write %s(%s)", f, show(callee.Node))
		}
		if hint == "" {
			hint = "the functions are " + list((&Type{Fields: functionFields()}).names())
		}
		c.issue(c.pos(callee), RuleUnknownFunction, "values have no methods: "+name+" cannot be called", hint)
		c.step(callee.Node)
	}
	for _, a := range n.Arguments {
		c.expr(a)
	}
	return anyValue()
}

func (c *checker) call(n ast.Node, name string, args []ast.Node) value {
	arity, ok := functions[name]
	if !ok {
		c.unknownFunction(n, name, args)
		return anyValue()
	}
	if len(args) < arity[0] || len(args) > arity[1] {
		want := fmt.Sprint(arity[0])
		if arity[0] != arity[1] {
			want = fmt.Sprintf("%d or %d", arity[0], arity[1])
		}
		hint := ""
		if name == "count" {
			hint = "len(list) counts all of them"
		}
		c.issue(c.pos(n), RuleArguments, fmt.Sprintf("%s takes %s arguments, and %d are given", name, want, len(args)), hint)
		return anyValue()
	}
	switch name {
	case "has":
		return c.has(args[0])
	case "any", "all", "none", "one", "count", "find", "filter", "map":
		return c.predicate(n, name, args)
	case "now":
		return scalar(String)
	}
	v := c.expr(args[0])
	out := c.apply(n, name, args[0], v)
	out.taint |= v.taint
	if len(args) == 2 {
		cut := c.expr(args[1])
		c.argument(cut, args[1], name, String)
		out.taint |= cut.taint
	}
	return out
}

// apply types the functions of one value.
func (c *checker) apply(n ast.Node, name string, arg ast.Node, v value) value {
	switch name {
	case "len":
		c.argument(v, arg, name, List, String, Object)
		return scalar(Number)
	case "first", "last":
		c.argument(v, arg, name, List)
		return c.item(n, v, "the list may be empty")
	case "keys":
		c.argument(v, arg, name, Object)
		return value{typ: &Type{Kind: List, Items: &Type{Kind: String}}}
	case "values":
		c.argument(v, arg, name, Object)
		c.unnamed[n] = v.typ.Kind == Any || v.typ.Open
		return value{typ: &Type{Kind: List, Items: taintedType(v.typ.taintInside())}}
	case "int", "float":
		c.argument(v, arg, name, Number, String)
		return scalar(Number)
	case "string":
		c.argument(v, arg, name, String, Number, Bool)
		return scalar(String)
	default: // lower, upper, trim
		c.argument(v, arg, name, String)
		return scalar(String)
	}
}

// argument demands a value of one of the kinds.
func (c *checker) argument(v value, n ast.Node, name string, kinds ...Kind) {
	ok := v.typ.Kind == Any
	words := make([]string, len(kinds))
	for i, k := range kinds {
		ok = ok || v.typ.Kind == k
		words[i] = k.String()
	}
	if !ok {
		c.issue(c.pos(n), RuleType, fmt.Sprintf("%s takes %s, and %s is %s", name, strings.Join(words, " or "), show(n), describe(v.typ)), "")
		return
	}
	c.present(v, n, name)
}
