package cond

import (
	"fmt"
	"strconv"
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

func (c *checker) unknownRoot(n *ast.IdentifierNode) {
	offset, names := c.pos(n), c.env.names()
	switch strings.ToLower(n.Value) {
	case "null", "none", "undefined", "nil":
		c.issue(offset, RuleUnknownRoot, n.Value+" is not known", "write nil")
		return
	case "true", "yes", "on", "false", "no", "off":
		c.issue(offset, RuleUnknownRoot, n.Value+" is not known", "booleans are true and false")
		return
	}
	hint := "the roots are " + list(names)
	if closest(n.Value, names) == "" {
		hint = fmt.Sprintf("text stands in quotes, %q; the roots are %s", n.Value, list(names))
	}
	c.issue(offset, RuleUnknownRoot, "there is no root "+n.Value+didYouMean(n.Value, names), hint)
}

// field is the value of a member, or of a root, that the types know.
func (c *checker) field(base value, f Field, name string, offset int, n ast.Node) value {
	t := known(f.Type)
	v := value{typ: present(t), secret: base.secret || t.Secret, fixed: base.fixed, keys: base.keys}
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
		return c.field(base, Field{Type: &Type{}}, name, offset, n)
	case Object:
		f, ok := base.typ.Fields[name]
		switch {
		case ok:
		case base.typ.free():
			f.Type = base.typ.Items
			if f.Type != nil {
				f.Absent, f.Rule = "the schema names no members", RuleOptionalRead
			}
		default:
			c.unknownField(base, n, name)
			return value{typ: &Type{}, secret: base.secret}
		}
		return c.field(base, f, name, offset, n)
	}
	c.noMembers(base, n, name)
	return value{typ: &Type{}, secret: base.secret}
}

func (c *checker) unknownField(base value, n *ast.MemberNode, name string) {
	names, owner := base.typ.names(), show(n.Node)
	if owner == "" {
		owner = "the item"
	}
	if whole, ok := c.hyphenated(n, name, names); ok {
		c.issue(c.pos(n), RuleUnknownField, fmt.Sprintf("%s has no member %s: - is read as minus", owner, name),
			fmt.Sprintf("ids of nodes are snake_case: write %s.%s", owner, whole))
		return
	}
	text := fmt.Sprintf("%s has no member %s%s", owner, name, didYouMean(name, names))
	hint := "its members are " + list(names)
	if base.typ.Open {
		text = fmt.Sprintf("%s has no member %s in its schema%s", owner, name, didYouMean(name, names))
		hint += "; others pass through but cannot be named in a typed expression"
	}
	c.issue(c.pos(n), RuleUnknownField, text, hint)
}

// hyphenated finds the member meant by a name with hyphens, which expr takes for a
// subtraction.
func (c *checker) hyphenated(n *ast.MemberNode, name string, names []string) (string, bool) {
	end := c.pos(n) + len(name)
	if end >= len(c.src) || c.src[end] != '-' {
		return "", false
	}
	rest := c.src[end:]
	if i := strings.IndexFunc(rest, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}); i >= 0 {
		rest = rest[:i]
	}
	for _, candidate := range names {
		if candidate == strings.ReplaceAll(name+rest, "-", "_") {
			return candidate, true
		}
	}
	return "", false
}

func (c *checker) noMembers(base value, n *ast.MemberNode, name string) {
	owner := show(n.Node)
	text := fmt.Sprintf("%s is %s and has no member %s", owner, describe(base.typ), name)
	hint := ""
	switch {
	case base.typ.Kind == Null:
		return
	case name == "length" || name == "size" || name == "count":
		hint = fmt.Sprintf("write len(%s)", owner)
	case base.typ.Kind == List:
		hint = fmt.Sprintf("name an item, %s[0].%s, or ask all of them: any(%s, .%s == …)", owner, name, owner, name)
	}
	c.issue(c.pos(n), RuleUnknownField, text, hint)
}

// index types x[i].
func (c *checker) index(base value, n *ast.MemberNode) value {
	i := c.expr(n.Property)
	c.present(i, n.Property, "an index")
	v := value{secret: base.secret || i.secret, keys: base.keys, fixed: true, typ: &Type{}}
	want := Any
	switch base.typ.Kind {
	case List:
		want, v.typ = Number, known(base.typ.Items)
	case Object:
		want, v.typ = String, &Type{Secret: base.typ.HasSecret()}
		if base.typ.free() && base.typ.Items != nil {
			v.typ = base.typ.Items
		}
		v.gap = &gap{offset: c.pos(n), rule: RuleOptionalRead, name: show(n), why: "there may be no such member"}
	case Any:
	default:
		c.issue(c.pos(n), RuleType, fmt.Sprintf("%s is %s and has no items", show(n.Node), describe(base.typ)), "")
		return v
	}
	if k := i.typ.Kind; want != Any && k != Any && k != want {
		c.issue(c.pos(n.Property), RuleType, fmt.Sprintf("%s takes %s between [ ], and this is %s", describe(base.typ), want, describe(i.typ)), "")
	}
	if number, ok := n.Property.(*ast.IntegerNode); ok && base.path != "" {
		v.path = base.path + pathSeparator + "[" + strconv.Itoa(number.Value) + "]"
	}
	v.secret = v.secret || v.typ.Secret
	if v.typ.Nullable && v.gap == nil {
		v.typ, v.gap = present(v.typ), &gap{offset: c.pos(n), rule: RuleOptionalRead, name: show(n), why: "it may be null"}
	}
	if c.holds(v.path) {
		v.gap = nil
	}
	return v
}
