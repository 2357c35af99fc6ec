package cond

import (
	"fmt"
	"strconv"

	"github.com/expr-lang/expr/ast"
)

// index types x[i].
func (c *checker) index(base value, n *ast.MemberNode) value {
	i := c.expr(n.Property)
	c.present(i, n.Property, "an index")
	v := value{taint: base.taint | i.taint, keys: base.keys, fixed: true, typ: &Type{}}
	c.unnamed[n] = base.typ.Kind == Any || base.typ.Kind == Object && base.typ.Open
	want := Any
	switch base.typ.Kind {
	case List:
		want, v.typ = Number, known(base.typ.Items)
	case Object:
		want, v.typ = String, taintedType(base.typ.taintInside())
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
	v.taint |= v.typ.ownTaint()
	if v.typ.Nullable && v.gap == nil {
		v.typ, v.gap = present(v.typ), &gap{offset: c.pos(n), rule: RuleOptionalRead, name: show(n), why: "it may be null"}
	}
	if c.holds(v.path) {
		v.gap = nil
	}
	return v
}
