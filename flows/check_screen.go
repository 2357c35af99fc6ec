package flows

import (
	"fmt"
	"slices"

	"github.com/mfaflow/mfaflow/flows/cond"
)

// shown checks what a screen is given.
func (c *checker) shown(n *Node, s scope) {
	given := c.members(n.With, n.ID, s)
	for j := range n.Narrow {
		if e := n.Narrow[j].Value.Expr; e != nil {
			c.compile(e, n.ID, s, cond.WantBool)
			c.secretRefused(e, n.ID, "`actions`")
		}
	}
	if n.Screen == nil {
		return
	}
	n.Takes = c.viewType(n.Screen)
	for j := range n.With {
		m := &n.With[j]
		at := slices.IndexFunc(n.Screen.With, func(in Input) bool { return in.Name == m.Name })
		if at < 0 {
			c.add(m.Pos, n.ID, ruleUnknownInput, fmt.Sprintf("the screen `%s` takes no `%s`", n.Screen.ID, m.Name), c.suggest(m.Name, inputNames(n.Screen.With)))
		} else {
			c.memberShown(n, m, given.Fields[m.Name], n.Screen.With[at])
		}
		m.Value.eachSecret(n.Takes.Member(m.Name), func(v *Value) {
			c.add(v.Pos, n.ID, ruleSecretShown, fmt.Sprintf("`%s` would show a secret", m.Name), "show what is no secret; a screen that must show one marks the member `secret: true`")
		})
	}
}

// memberShown holds one value against what a screen declares. Members that it does not
// declare are cut off, which is no mistake.
func (c *checker) memberShown(n *Node, m *Member, have cond.Field, in Input) {
	if m.Value.constant() || m.Value.broken || in.Schema == nil {
		c.inputGiven(n, m, have, in, false)
		return
	}
	c.assign(n, m, have, cond.Field{Type: openType(c.partType(in.Schema)), Absent: "optional"})
}

// openType returns t with all objects in it letting other members through.
func openType(t *cond.Type) *cond.Type {
	if t == nil {
		return nil
	}
	o := *t
	o.Open = t.Kind == cond.Object
	o.Items = openType(t.Items)
	o.Fields = make(map[string]cond.Field, len(t.Fields))
	for name, f := range t.Fields {
		f.Type = openType(f.Type)
		o.Fields[name] = f
	}
	return &o
}

// polled checks what a waiting screen asks.
func (c *checker) polled(i int, n *Node) {
	p := n.Poll
	if p == nil {
		return
	}
	s := c.before(i)
	c.age(n, s.state)
	given := c.members(p.With, n.ID, s)
	if p.Capability == nil {
		return
	}
	p.Takes = c.partType(p.Capability.Spec.Input)
	c.take(n, p.UsesPos, p.With, given, p.Takes, p.Capability.Spec.Input, p.Capability.ID)
	s.out = c.partType(p.Capability.Spec.Output)
	c.compile(p.Until, n.ID, s, cond.WantBool)
	c.secretRefused(p.Until, n.ID, "`until`")
}
