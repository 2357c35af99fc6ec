package cond

import (
	"github.com/expr-lang/expr/ast"
)

// item is one item of a list that may have none.
func (c *checker) item(n ast.Node, list value, why string) value {
	t := known(nil)
	if list.typ.Kind == List {
		t = known(list.typ.Items)
	}
	return value{typ: present(t), taint: list.taint | t.ownTaint(),
		gap: &gap{offset: c.pos(n), rule: RuleOptionalRead, name: show(n), why: why}}
}

func (c *checker) has(arg ast.Node) value {
	if c.pathOf(arg) == "" {
		c.issue(c.pos(arg), RuleArguments, "has takes a path, as in has(vars.auth.error)", "write x != nil for anything else")
	}
	lenient := c.lenient
	c.lenient = true
	v := c.expr(arg)
	c.lenient = lenient
	return value{typ: &Type{Kind: Bool}, taint: v.taint}
}

func (c *checker) predicate(n ast.Node, name string, args []ast.Node) value {
	list := c.expr(args[0])
	c.argument(list, args[0], name, List)
	item := &Type{}
	if list.typ.Kind == List {
		item = known(list.typ.Items)
	}
	if path := c.pathOf(args[0]); name == "all" && (path == "" || !c.holds(path+pathSeparator+anyItem)) {
		c.vacuous = append(c.vacuous, c.pos(n))
	}
	if len(c.items) == maxLoops {
		c.issue(c.pos(n), RuleTooLarge, "predicates are nested deeper than one in another", "compute the inner one with `set` in a node before this one")
	}
	p := value{typ: present(item), path: itemPath(len(c.items) + 1), taint: list.taint | item.ownTaint()}
	if item.Nullable {
		p.gap = &gap{offset: c.pos(args[1]), rule: RuleOptionalRead, name: "the item", why: "it may be null"}
	}
	facts := c.facts
	c.items = append(c.items, p)
	body := c.expr(args[1].(*ast.PredicateNode).Node)
	if name != "map" {
		c.boolean(body, args[1], "the predicate of "+name)
	}
	c.items = c.items[:len(c.items)-1]
	c.facts = facts
	taint := list.taint | body.taint
	switch name {
	case "count":
		return value{typ: &Type{Kind: Number}, taint: taint}
	case "find":
		v := c.item(n, list, "there may be none")
		v.taint |= taint
		return v
	case "filter":
		return value{typ: &Type{Kind: List, Items: item}, taint: taint}
	case "map":
		return value{typ: &Type{Kind: List, Items: c.stored(body)}, taint: taint}
	}
	return value{typ: &Type{Kind: Bool}, taint: taint}
}
