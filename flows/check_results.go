package flows

import (
	"slices"

	"github.com/mfaflow/mfaflow/flows/cond"
)

// result is what a node leaves behind under nodes.<id>, and as `out` on the node itself.
type result struct {
	all      []string // the outcomes, in the order of their bits
	common   *cond.Type
	form     *cond.Type            // Show: the fields of its form
	withForm map[string]bool       // Show: the actions that send the form
	outputs  map[string]*cond.Type // Call: by outcome
}

// declareTypes finds what each node leaves behind.
func (c *checker) declareTypes() {
	c.results = make([]result, len(c.f.Nodes))
	for i, n := range c.f.Nodes {
		r := &c.results[i]
		r.all, _ = c.outcomes(n)
		switch {
		case n.Kind == Uses && n.Capability != nil:
			r.common = c.partType(n.Capability.Spec.Output)
		case n.Kind == Uses:
			r.common = &cond.Type{}
		case n.Kind == Show && n.Screen != nil:
			r.form = c.partType(n.Screen.Form)
			r.withForm = map[string]bool{}
			for _, a := range n.Screen.Actions {
				r.withForm[a.ID] = a.Form
			}
		case n.Kind == Call && c.calls[n] != nil:
			r.outputs = c.calls[n].OutputTypes
		}
	}
}

// typ is the type of what node i leaves behind if it was left in one of the ways that
// a slot holds.
func (c *checker) resultType(i int, s slot) *cond.Type {
	n, r := c.f.Nodes[i], &c.results[i]
	possible := c.possible(i, s)
	var t *cond.Type
	switch {
	case n.Kind == Uses:
		t = r.common
	case n.Kind == Show && r.form != nil:
		t = objectType(map[string]cond.Field{"action": r.actionField(possible), "form": r.formField(possible)})
	case n.Kind == Call && r.outputs != nil:
		t = objectType(map[string]cond.Field{"outcome": always(enumType(possible)), "outputs": always(r.outputsType(possible))})
	case n.Kind == Show || n.Kind == Call:
		return &cond.Type{} // what it names is unknown, and reported
	default:
		t = objectType(nil)
	}
	return withVisits(t)
}

// possible lists the outcomes in a slot; all of them if it holds none.
func (c *checker) possible(i int, s slot) []string {
	var list []string
	for at, o := range c.results[i].all {
		if s.has(at) {
			list = append(list, o)
		}
	}
	if len(list) == 0 {
		return c.results[i].all
	}
	return list
}

// actionField is what the person did: nothing, if the screen timed out or was done
// waiting.
func (r *result) actionField(possible []string) cond.Field {
	var acted []string
	for _, o := range possible {
		if _, action := r.withForm[o]; action {
			acted = append(acted, o)
		}
	}
	if len(acted) < len(possible) {
		return optional(enumType(acted), "`timeout` and `done` are no actions")
	}
	return always(enumType(acted))
}

func (r *result) formField(possible []string) cond.Field {
	for _, o := range possible {
		if !r.withForm[o] {
			if !slices.ContainsFunc(possible, func(o string) bool { return r.withForm[o] }) {
				return optional(r.form, "`"+o+"` sends no form")
			}
			return optional(r.form, "`"+o+"` is among the ways here, and sends no form")
		}
	}
	return always(r.form)
}

func (r *result) outputsType(possible []string) *cond.Type {
	var t *cond.Type
	for _, o := range possible {
		switch out := r.outputs[o]; {
		case out == nil:
		case t == nil:
			t = out
		default:
			t = either(t, out)
		}
	}
	if t == nil {
		return objectType(nil)
	}
	return t
}

// withVisits adds the member `visits`, unless the output has one of its own.
func withVisits(t *cond.Type) *cond.Type {
	if t.Kind != cond.Object {
		return t
	}
	c := *t
	c.Fields = make(map[string]cond.Field, len(t.Fields)+1)
	c.Fields["visits"] = always(&cond.Type{Kind: cond.Number})
	for name, f := range t.Fields {
		c.Fields[name] = f
	}
	return &c
}

// outType is the type of the root `out` of node i, nil if it has none.
func (c *checker) outType(i int, s slot) *cond.Type {
	switch c.f.Nodes[i].Kind {
	case Uses:
		return c.results[i].common
	case Call:
		t := *c.resultType(i, s)
		if t.Kind == cond.Object {
			fields := make(map[string]cond.Field, len(t.Fields))
			for name, f := range t.Fields {
				if name != "visits" {
					fields[name] = f
				}
			}
			t.Fields = fields
		}
		return &t
	}
	return nil
}
