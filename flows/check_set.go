package flows

import (
	"maps"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/flows/cond"
)

// The rounds in which variables that are computed from each other are typed anew: the
// first types all that are not computed from themselves, through others or at once.
// Variables that go round in more circles than the rest settle are taken for secrets.
const (
	leastSetRounds = 2
	mostSetRounds  = 8
)

// setter is one value that a variable is set to.
type setter struct {
	node  int
	value *Value
}

// typeSet finds the types of variables that are set, which may depend on each other.
func (c *checker) typeSet() {
	setters := map[string][]setter{}
	for i, n := range c.f.Nodes {
		if c.states[i] == nil {
			continue
		}
		for j := range n.Set {
			setters[n.Set[j].Name] = append(setters[n.Set[j].Name], setter{i, &n.Set[j].Value})
		}
	}
	order := setOrder(setters)
	for round := 1; ; round++ {
		settled := true
		for _, name := range order {
			settled = !c.typeVariable(name, setters[name]) && settled
		}
		if settled && round >= leastSetRounds {
			return
		}
		if round == mostSetRounds {
			break
		}
	}
	for _, name := range order {
		if v := c.vars[name]; v.writer == nil {
			v.typ = &cond.Type{Secret: true, Personal: true}
		}
	}
}

// typeVariable types a variable by all that it is set to, and reports whether more is
// known of its use than before.
func (c *checker) typeVariable(name string, setters []setter) (grew bool) {
	v := c.vars[name]
	if v.writer != nil {
		return false
	}
	var typ *cond.Type
	for k, s := range setters {
		t := loose(c.quietly(func() *cond.Type { return c.value(s.value, c.f.Nodes[s.node].ID, c.during(s.node)) }))
		if k > 0 {
			t = either(typ, t)
		}
		typ = t
	}
	old := v.typ
	v.typ = typ
	return old == nil || old.Kind != typ.Kind || old.HasSecret() != typ.HasSecret() || old.HasPersonal() != typ.HasPersonal()
}

// setOrder puts variables behind those that they are computed from, as far as these are
// not computed from them.
func setOrder(setters map[string][]setter) []string {
	var order []string
	seen := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		for _, s := range setters[name] {
			s.value.eachExpr(func(e *Expr) {
				for _, word := range words(e.Source) {
					if setters[word] != nil {
						visit(word)
					}
				}
			})
		}
		order = append(order, name)
	}
	for _, name := range slices.Sorted(maps.Keys(setters)) {
		visit(name)
	}
	return order
}

// words are the names in an expression, whatever they mean there.
func words(source string) []string {
	return strings.FieldsFunc(source, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}
