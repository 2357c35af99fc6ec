package flows

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// expressions compiles everything that is computed and holds it against its place.
func (c *checker) expressions() {
	c.typeSet()
	for i, n := range c.f.Nodes {
		if c.states[i] == nil {
			continue // unreachable, and reported
		}
		c.given(i, n)
		c.routes(i, n)
		c.retries(n)
	}
	for i, n := range c.f.Nodes {
		if n.Kind == End && c.states[i] != nil {
			c.ending(i, n)
		}
	}
	c.unreachableMessages()
}

// quietly runs fn without telling the problems it finds; they are found again later.
func (c *checker) quietly(fn func() *cond.Type) *cond.Type {
	c.muted = true
	defer func() { c.muted = false }()
	return fn()
}

// given checks what a node is given, asks and computes.
func (c *checker) given(i int, n *Node) {
	before := c.before(i)
	switch n.Kind {
	case Uses:
		t := c.members(n.With, n.ID, before)
		if n.Capability != nil {
			n.Takes = c.partType(n.Capability.Spec.Input)
			c.take(n, n.NamePos, n.With, t, n.Takes, n.Capability.Spec.Input, n.Capability.ID)
		}
	case Show:
		c.shown(n, before)
		c.polled(i, n)
	case Call:
		c.handed(n, before)
	case Match:
		c.compile(n.On, n.ID, before, cond.WantMatch)
		c.secretRefused(n.On, n.ID, "`match`")
		c.matched(n)
	}
	if len(n.Set) > 0 {
		s := c.during(i)
		for j := range n.Set {
			c.value(&n.Set[j].Value, n.ID, s)
			c.secretKept(&n.Set[j].Value, n.ID)
		}
	}
}

// take holds values against the schema that takes them.
func (c *checker) take(n *Node, at Pos, list []Member, given, want *cond.Type, schema *connector.Part, who string) {
	consts := map[string]any{}
	for j := range list {
		m := &list[j]
		field, known := want.Fields[m.Name]
		if !known && !want.Open {
			c.add(m.Pos, n.ID, ruleUnknownInput, fmt.Sprintf("`%s` takes no `%s`", who, m.Name), c.suggest(m.Name, fieldNames(want)))
			continue
		}
		if m.Value.constant() && !m.Value.broken {
			consts[m.Name] = m.Value.Const
		} else if known && !m.Value.broken {
			c.assign(n, m, given.Fields[m.Name], field)
		}
		if known {
			c.secretGiven(n, m, field.Type, "`"+who+"`")
		}
	}
	for _, name := range fieldNames(want) {
		if want.Fields[name].Absent == "" && !n.broken["with"] && !slices.ContainsFunc(list, func(m Member) bool { return m.Name == name }) {
			c.add(at, n.ID, ruleMissingInput, fmt.Sprintf("`%s` needs `%s`", who, name), "add it under `with:`")
		}
	}
	c.constants(n, list, consts, schema)
}

// assign holds the type of an expression against the input it is given to.
func (c *checker) assign(n *Node, m *Member, have cond.Field, want cond.Field) {
	t := have.Type
	if have.Absent != "" && want.Absent == "" {
		t = nullable(t)
	}
	if problem := cond.Assignable(t, want.Type); problem != "" {
		hint := ""
		if strings.Contains(problem, "missing") {
			hint = "give a fallback, `=… ?? \"\"`, or decide before with has()"
		}
		at := m.Value.Pos
		if m.Value.Expr != nil {
			at = m.Value.Expr.Pos
		}
		c.add(at, n.ID, ruleInputRefused, fmt.Sprintf("`%s`: %s", m.Name, c.explainNotes(problem)), hint)
	}
}

// constants validates the constant members.
func (c *checker) constants(n *Node, list []Member, consts map[string]any, schema *connector.Part) {
	if len(consts) == 0 {
		return
	}
	for _, bad := range schema.Validate(consts) {
		name, rest, _ := strings.Cut(strings.TrimPrefix(bad.Pointer, "/"), "/")
		for _, m := range list {
			if m.Name == name && bad.Pointer != "" {
				at := within(m.Value.source, rest)
				c.add(place(at), n.ID, ruleInputRefused, fmt.Sprintf("`%s`: the schema refuses this: %s", name, bad.Text), "")
			}
		}
	}
}

func fieldNames(t *cond.Type) []string {
	names := make([]string, 0, len(t.Fields))
	for name := range t.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// handed checks what a sub-flow is given.
func (c *checker) handed(n *Node, s scope) {
	given := c.members(n.With, n.ID, s)
	child := c.calls[n]
	if child == nil {
		return
	}
	for j := range n.With {
		m := &n.With[j]
		at := slices.IndexFunc(child.Inputs, func(in Input) bool { return in.Name == m.Name })
		if at < 0 {
			c.add(m.Pos, n.ID, ruleUnknownInput, fmt.Sprintf("the flow `%s` has no input `%s`", n.Name, m.Name), c.suggest(m.Name, inputNames(child.Inputs)))
			continue
		}
		c.inputGiven(n, m, given.Fields[m.Name], child.Inputs[at], child.Inputs[at].Required)
		c.secretGiven(n, m, c.partType(child.Inputs[at].Schema), "the flow `"+n.Name+"`")
	}
	for _, in := range child.Inputs {
		if in.Required && !n.broken["with"] && !in.HasDefault && !slices.ContainsFunc(n.With, func(m Member) bool { return m.Name == in.Name }) {
			c.add(n.NamePos, n.ID, ruleMissingInput, fmt.Sprintf("the flow `%s` needs `%s`", n.Name, in.Name), "add it under `with:`")
		}
	}
}

func inputNames(list []Input) []string {
	var names []string
	for _, in := range list {
		names = append(names, in.Name)
	}
	return names
}

// inputGiven holds one value against a declared input.
func (c *checker) inputGiven(n *Node, m *Member, have cond.Field, in Input, required bool) {
	if m.Value.broken || in.Schema == nil {
		return
	}
	if m.Value.constant() {
		for _, bad := range in.Schema.Validate(m.Value.Const) {
			c.add(place(within(m.Value.source, bad.Pointer)), n.ID, ruleInputRefused, fmt.Sprintf("`%s`: the schema refuses this: %s", m.Name, bad.Text), "")
		}
		return
	}
	want := cond.Field{Type: c.partType(in.Schema)}
	if !required {
		want.Absent = "optional"
	}
	c.assign(n, m, have, want)
}

// ending checks what an end gives back.
func (c *checker) ending(i int, n *Node) {
	s := c.before(i)
	t := c.members(n.Outputs, n.ID, s)
	for j := range n.Outputs {
		m := &n.Outputs[j]
		if !namePattern.MatchString(m.Name) {
			c.add(m.Pos, n.ID, ruleVariable, fmt.Sprintf("`%s` is no name of an output", m.Name), "use letters, digits and `_`")
		}
		c.secretLeaves(&m.Value, n.ID, fmt.Sprintf("the output `%s` would hold a secret", m.Name), "give back what is no secret")
		c.secretLeftOut(&m.Value, t.Fields[m.Name].Type, n.ID, fmt.Sprintf("the output `%s`", m.Name))
		c.declared(n, m, t.Fields[m.Name])
	}
	t = t.Public()
	if c.f.OutputTypes == nil {
		c.f.OutputTypes = map[string]*cond.Type{}
	}
	if old := c.f.OutputTypes[n.Name]; old != nil {
		t = either(old, t)
	}
	c.f.OutputTypes[n.Name] = t
	c.refusalNamed(n)
	if n.Error != nil {
		c.errorValue(n, s)
	}
}

// declared holds an output against the flow's own declaration, if there is one.
func (c *checker) declared(n *Node, m *Member, have cond.Field) {
	if len(c.f.Outputs) == 0 {
		return
	}
	at := slices.IndexFunc(c.f.Outputs, func(in Input) bool { return in.Name == m.Name })
	if at < 0 {
		c.add(m.Pos, n.ID, ruleUnknownOutput, fmt.Sprintf("the flow declares no output `%s`", m.Name), c.suggest(m.Name, inputNames(c.f.Outputs)))
		return
	}
	before := len(c.problems)
	c.inputGiven(n, m, have, c.f.Outputs[at], false)
	for k := before; k < len(c.problems); k++ {
		c.problems[k].Rule = ruleOutputRefused
	}
}

var errorCode = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// errorValue checks `error:` of an end: a code, or {code, message?, details?}.
func (c *checker) errorValue(n *Node, s scope) {
	const hint = "write a code, `error: NO_USABLE_DEVICES`, or an object with a `code`"
	v := n.Error
	t := c.value(v, n.ID, s)
	c.secretLeaves(v, n.ID, "the error would hold a secret", "give a code that says what happened")
	c.secretLeftOut(v, t, n.ID, "the error")
	if v.broken {
		return
	}
	switch {
	case t.Kind == cond.Any:
	case t.Kind == cond.String:
		if code, ok := v.Const.(string); ok && !errorCode.MatchString(code) {
			c.add(v.Pos, n.ID, ruleErrorValue, fmt.Sprintf("`%s` is no error code", code), "codes are upper-case words joined by `_`: `NO_USABLE_DEVICES`")
		}
	case t.Kind == cond.Object:
		if _, ok := t.Fields["code"]; !ok && !t.Open {
			c.add(v.Pos, n.ID, ruleErrorValue, "the error has no `code`", hint)
		}
	default:
		c.add(v.Pos, n.ID, ruleErrorValue, "this is no error", hint)
	}
}
