package cond

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// pathSeparator joins the members of a path; no name holds it.
const pathSeparator = "\x00"

func (c *checker) root(n *ast.IdentifierNode) value {
	f, ok := c.env.Fields[n.Value]
	if !ok {
		if c.env.Kind != Any && !strings.HasPrefix(n.Value, "$") {
			c.unknownRoot(n)
		}
		return anyValue()
	}
	return c.field(value{}, f, n.Value, c.pos(n), n)
}

// field is the value of a member, or of a root, that the types know.
func (c *checker) field(base value, f Field, name string, offset int, n ast.Node) value {
	t := known(f.Type)
	v := value{typ: present(t), taint: base.taint | t.ownTaint(), fixed: base.fixed, keys: base.keys}
	v.path = name
	if base.typ != nil {
		v.path = ""
		if base.path != "" {
			v.path = base.path + pathSeparator + name
		}
	}
	if !v.fixed && (base.typ == nil || len(base.keys) > 0) {
		v.keys = append(base.keys[:len(base.keys):len(base.keys)], name)
	}
	if c.holds(v.path) {
		return v
	}
	switch {
	case f.Absent != "":
		v.gap = &gap{offset: offset, rule: f.Rule, name: show(n), why: f.Absent}
		if v.gap.rule == "" {
			v.gap.rule = RuleOptionalRead
		}
	case t.Nullable:
		v.gap = &gap{offset: offset, rule: RuleOptionalRead, name: show(n), why: "it may be null"}
	}
	return v
}

func (c *checker) pointer(n *ast.PointerNode) value {
	if offset := c.pos(n); len(c.items) == 0 || c.src[offset] == '#' {
		return anyValue() // scan has said that # is not allowed
	}
	return c.items[len(c.items)-1]
}

func (c *checker) chain(n *ast.ChainNode) value {
	outer := c.short
	c.short = nil
	v := c.step(n.Node)
	if v.gap == nil && !c.holds(v.path) {
		v.gap = c.short
	}
	c.short = outer
	return v
}

func (c *checker) member(n *ast.MemberNode) value {
	base := c.step(n.Node)
	c.through(base, n)
	if key, ok := n.Property.(*ast.StringNode); ok {
		return c.named(base, n, key.Value)
	}
	return c.index(base, n)
}

// through demands that the value whose member is read is there.
func (c *checker) through(base value, n *ast.MemberNode) {
	switch {
	case base.gap == nil || c.lenient:
	case n.Optional:
		c.short = base.gap
	case base.typ.Kind == Null:
		c.issue(c.pos(n), RuleType, "nil has no members", "")
	default:
		text := show(n.Node)
		hint := fmt.Sprintf("write %s?.%s", text, memberText(n))
		if c.pathOf(n.Node) != "" {
			hint += fmt.Sprintf(", or check has(%s) first", text)
		}
		c.issue(base.gap.offset, base.gap.rule,
			fmt.Sprintf("%s may be missing (%s), and %s is read through it", base.gap.name, base.gap.why, memberText(n)), hint)
	}
}

// memberText is the last member of a path as written after `?.`.
func memberText(n *ast.MemberNode) string {
	if key, ok := n.Property.(*ast.StringNode); ok {
		return key.Value
	}
	return "[" + show(n.Property) + "]"
}

func (c *checker) named(base value, n *ast.MemberNode, name string) value {
	offset := c.pos(n)
	switch base.typ.Kind {
	case Any:
		return c.field(base, Field{Type: taintedType(taintOfName(name, nil))}, name, offset, n)
	case Object:
		f, ok := base.typ.Fields[name]
		switch {
		case ok:
		case base.typ.free():
			f.Type = base.typ.Items
			if f.Type == nil {
				f.Type = taintedType(taintOfName(name, nil))
			} else {
				f.Absent, f.Rule = "the schema names no members", RuleOptionalRead
			}
		default:
			c.unknownField(base, n, name)
			return value{typ: &Type{}, taint: base.taint}
		}
		return c.field(base, f, name, offset, n)
	}
	c.noMembers(base, n, name)
	return value{typ: &Type{}, taint: base.taint}
}
