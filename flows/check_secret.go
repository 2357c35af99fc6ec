package flows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/flows/cond"
)

// A secret that an expression names, or that it computes from one, may go only where a
// member is marked `secret: true`. A whole value that has secrets inside may go anywhere:
// the engine takes them out where it leaves (cond.WithoutSecrets).

// isSecret reports whether an expression names a secret or derives from one.
func isSecret(e *Expr) bool { return e != nil && e.Program != nil && e.Program.Type().Secret }

// secretRefused reports an expression over a secret where those are refused.
func (c *checker) secretRefused(e *Expr, node, where string) {
	if isSecret(e) {
		c.exprProblem(e, 0, node, ruleSecretUsed, "a secret cannot be used in "+where, "only a member that is marked `secret: true`, of a capability, a flow or a screen, takes secrets")
	}
}

// eachSecret visits the expressions over a secret in a value, each with the schema of
// the place that it goes to: nil where nothing is said of it.
func (v *Value) eachSecret(to *cond.Type, visit func(*Value)) {
	if to != nil && to.Secret {
		return
	}
	if isSecret(v.Expr) {
		visit(v)
	}
	for i := range v.Map {
		v.Map[i].Value.eachSecret(to.Member(v.Map[i].Name), visit)
	}
	for i := range v.List {
		v.List[i].eachSecret(to.Item(), visit)
	}
}

// secretLeaves reports secrets that are named in a value which leaves the execution.
func (c *checker) secretLeaves(v *Value, node, text, hint string) {
	v.eachSecret(nil, func(at *Value) { c.add(at.Pos, node, ruleSecretUsed, text, hint) })
}

// secretGiven reports secrets that are given to what does not take them.
func (c *checker) secretGiven(n *Node, m *Member, to *cond.Type, who string) {
	m.Value.eachSecret(to, func(at *Value) {
		c.add(at.Pos, n.ID, ruleSecretGiven, fmt.Sprintf("%s does not mark `%s` as a secret, and this is one", who, m.Name),
			"give what is no secret; an input of a flow takes one with `secret: true`")
	})
}

// secretLeftOut warns of the secrets in a whole value that leaves: they stay behind.
func (c *checker) secretLeftOut(v *Value, t *cond.Type, node, where string) {
	if t == nil || t.Secret || !t.HasSecret() {
		return
	}
	var names []string
	secretMembers(t, "", &names)
	if len(names) == 0 {
		return // named, and reported
	}
	slices.Sort(names)
	c.add(v.Pos, node, ruleSecretLeftOut, fmt.Sprintf("%s leaves out the secrets %s", where, strings.Join(shortenNames(names), ", ")),
		"give the members that are wanted, and this is not said")
}

// secretMembers lists the paths of the secrets inside a type.
func secretMembers(t *cond.Type, path string, names *[]string) {
	if t == nil {
		return
	}
	if t.Secret {
		*names = append(*names, "`"+strings.TrimPrefix(path, ".")+"`")
		return
	}
	for name, f := range t.Fields {
		secretMembers(f.Type, path+"."+name, names)
	}
	secretMembers(t.Items, path+"[]", names)
}

// shortenNames keeps the first of many names.
func shortenNames(names []string) []string {
	const most = 6
	if len(names) <= most {
		return names
	}
	return append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
}

// secretKept reports a variable that would keep a secret field of a form, or any secret
// that is named.
func (c *checker) secretKept(v *Value, node string) {
	outlives := false
	v.eachExpr(func(e *Expr) {
		if e.Program == nil {
			return
		}
		for _, path := range e.Program.Reads() {
			if !c.isForgotten(path) {
				continue
			}
			outlives = true
			c.exprProblem(e, offsetOf(e.Source, path[min(1, len(path)-1)]), node, ruleSecretOutlives,
				"a variable would keep the secret after the step that received it", "give it to the capability that needs it, under `with:`")
		}
	})
	if outlives {
		return
	}
	v.eachSecret(nil, func(at *Value) {
		c.add(at.Pos, node, ruleSecretKept, "a variable would keep a secret that is named", "keep the whole value that holds it, `save:` or `set: { device: =out.device }`: it is sealed")
	})
}

// isForgotten reports whether a path reads a secret that only the running step knows: one
// of a form or of the inputs.
func (c *checker) isForgotten(path []string) bool {
	switch path[0] {
	case "inputs":
		return len(path) == 1 && slices.ContainsFunc(c.f.Inputs, func(in Input) bool { return in.Secret }) || c.secretInput(path)
	case "nodes":
		if len(path) > 1 {
			i, ok := c.index[path[1]]
			return ok && c.readsSecret(i, path[2:])
		}
	}
	return false
}
