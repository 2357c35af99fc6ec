package flowstest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
)

// Flows makes one to three flows; a later one may call those before it. They name the
// capabilities of reg and the screens of the library, or their own.
func Flows(c *Choices, reg *connector.Registry) []string {
	var list []string
	var made []*maker
	for i := range 1 + c.PickNumber(3) {
		m := &maker{c: c, reg: reg, id: fmt.Sprintf("made-%d", i), callees: slices.Clone(made), wildness: pick(c, 0, 0, 0, 30, 4, 1)}
		list = append(list, m.flow())
		made = append(made, m)
	}
	return list
}

type declared struct {
	name, kind string
	required   bool
}

// maker writes one flow.
type maker struct {
	strings.Builder
	c        *Choices
	reg      *connector.Registry
	id       string
	wildness int // one of so many expressions is wild; 0 is none
	callees  []*maker
	inputs   []declared
	nodes    int
	ends     []string
}

func (m *maker) isWild() bool { return m.wildness > 0 && m.c.Chance(m.wildness) }

func (m *maker) line(indent int, format string, args ...any) {
	m.WriteString(strings.Repeat(" ", indent))
	fmt.Fprintf(m, format, args...)
	m.WriteString("\n")
}

func (m *maker) flow() string {
	m.nodes = 2 + m.c.PickNumber(10)
	m.line(0, "schema: flow/v1\nid: %s\nstart: n0", m.id)
	if m.c.Chance(3) {
		m.line(0, "title: Made")
	}
	if m.c.Chance(3) {
		m.line(0, "public: %v", m.c.Chance(2))
	}
	if m.c.Chance(4) {
		m.line(0, "timeout: 20m")
	}
	m.declareInputs()
	if m.c.Chance(10) {
		m.line(0, "outputs: { o0: { type: string }, o1: { type: integer, secret: true } }")
	}
	if m.c.Chance(2) {
		m.line(0, "catch:")
		m.catch(2)
	}
	m.line(0, "screens:\n  ask:\n    title: Ask\n    with: { hint: { type: string }, seed: { type: string, secret: true } }")
	m.line(4, "form: { type: object, properties: { word: { type: string }, pin: { type: string, secret: true } } }")
	m.line(4, "actions: { submit: { title: Go }, skip: { title: Skip, form: false } }")
	m.line(0, `messages: { en: { made.text: "Hello {name}" } }`)
	m.line(0, "nodes:")
	for i := range m.nodes {
		m.node(i)
	}
	return m.String()
}

func (m *maker) declareInputs() {
	n := m.c.PickNumber(5)
	if n == 0 {
		return
	}
	m.line(0, "inputs:")
	for i := range n {
		in := declared{name: fmt.Sprintf("i%d", i), kind: pick(m.c, "string", "string", "integer", "boolean", "array", "object")}
		text := "type: " + in.kind
		if m.c.Chance(3) {
			text += ", secret: true"
		}
		if m.c.Chance(3) {
			text += ", client: true"
		}
		if in.required = m.c.Chance(4); in.required {
			text += ", required: true"
		}
		if !in.required && m.c.Chance(3) {
			text += ", default: " + map[string]string{"string": "a", "integer": "1", "boolean": "true", "array": "[]", "object": "{}"}[in.kind]
		}
		m.line(2, "%s: { %s }", in.name, text)
		m.inputs = append(m.inputs, in)
	}
}

// catch writes routes by error code, with messages that read whatever they like.
func (m *maker) catch(indent int) {
	codes := []string{"NOT_FOUND", "INVALID_OTP", "TIMEOUT", "EXPRESSION_FAILED", "else"}
	for i, code := range codes {
		if i == m.c.PickNumber(len(codes)) || code == "else" {
			m.line(indent, "%s: %s", code, m.route(m.target()))
		}
	}
}

func (m *maker) route(to string) string {
	switch m.c.PickNumber(4) {
	case 0:
		return "{ then: " + to + ", message: otp.invalid }"
	case 1:
		return "{ then: " + to + ", message: { key: made.text, with: { name: " + m.value("string") + " } } }"
	}
	return to
}

// target is any node; the first outcome of a node leads on to the next one, so that
// most graphs are connected.
func (m *maker) target() string { return m.anyNode() }

func (m *maker) node(i int) {
	m.line(2, "n%d:", i)
	last, next := i == m.nodes-1, fmt.Sprintf("n%d", i+1)
	if last {
		m.end()
		return
	}
	switch m.c.PickNumber(7) {
	case 0, 1:
		m.uses(next)
	case 2, 3:
		m.show(next)
	case 4:
		if len(m.callees) > 0 {
			m.call(next)
		} else {
			m.decide(next)
		}
	case 5:
		m.match(next)
	default:
		m.decide(next)
	}
	if m.c.Chance(3) {
		m.line(4, "set:")
		m.line(6, "v2: %s", m.value("string"))
	}
	if m.c.Chance(3) {
		m.line(4, "catch:")
		m.catch(6)
	}
}

func (m *maker) end() {
	name := pick(m.c, "success", "failed", "canceled", "denied", "other")
	m.ends = append(m.ends, name)
	m.line(4, "end: %s", name)
	if m.c.Chance(3) {
		m.line(4, "error: %s", pick(m.c, "SOME_CODE", quote("="+m.expr("string")), "{ code: A, details: { x: "+m.value("string")+" } }"))
	}
	if m.c.Chance(2) {
		m.line(4, "outputs: { o0: %s }", m.value("string"))
	}
}

// writeInputs writes `with:` for a schema: what is required, and some of the rest.
func (m *maker) writeInputs(indent int, schema map[string]any) {
	object, _ := Sample(m.c, schema).(map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	lines := 0
	for _, name := range sortedNames(object) {
		member, _ := properties[name].(map[string]any)
		kind, _ := member["type"].(string)
		text := ""
		constant, err := json.Marshal(object[name])
		if text = string(constant); err != nil || object[name] == nil || m.c.Chance(3) && kind != "" || m.isWild() {
			text = m.value(kind)
		}
		if lines == 0 {
			m.line(indent, "with:")
		}
		m.line(indent+2, "%s: %s", name, text)
		lines++
	}
}

func sortedNames(object map[string]any) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (m *maker) uses(next string) {
	all := m.reg.All()
	e := all[m.c.PickNumber(len(all))]
	m.line(4, "uses: %s", e.ID)
	m.writeInputs(4, e.Spec.Input.Doc)
	if m.c.Chance(3) {
		m.line(4, "save: %s", pick(m.c, "v0", "v1"))
	}
	if m.c.Chance(5) {
		m.line(4, "timeout: 5s")
	}
	if m.c.Chance(5) {
		m.line(4, "retry: { errors: [UNAVAILABLE, TIMEOUT], max: %d, delay: %s }", 1+m.c.PickNumber(3), pick(m.c, "1s", "1m"))
	}
	if m.c.Chance(2) {
		m.line(4, "next: %s", next)
		return
	}
	m.cases(next)
}

func (m *maker) cases(next string) {
	m.line(4, "next:")
	for range m.c.PickNumber(3) {
		m.line(6, "- when: %s", quote(pick(m.c, "", "=")+m.expr("boolean")))
		m.line(8, "then: %s", m.target())
	}
	m.line(6, "- then: %s", next)
	if m.c.Chance(4) {
		m.line(8, "message: { key: made.text, with: { name: %s } }", m.value("string"))
	}
}

func (m *maker) show(next string) {
	name, actions, view := "ask", []string{"submit", "skip"}, []string{"hint", "seed"}
	if m.c.Chance(2) {
		screens := flows.LibraryScreens()
		names := make([]string, 0, len(screens))
		for id := range screens {
			names = append(names, id)
		}
		slices.Sort(names)
		s := screens[names[m.c.PickNumber(len(names))]]
		name, actions, view = s.ID, nil, nil
		for _, a := range s.Actions {
			actions = append(actions, a.ID)
		}
		for _, in := range s.With {
			view = append(view, in.Name)
		}
	}
	m.line(4, "show: %s", name)
	if len(view) > 0 && (name == "ask" || m.wildness > 0) && m.c.Chance(2) {
		m.line(4, "with: { %s: %s }", view[m.c.PickNumber(len(view))], m.value("string"))
	}
	if m.c.Chance(4) {
		m.line(4, "actions: { %s: %s }", actions[m.c.PickNumber(len(actions))], pick(m.c, "true", "false", quote("="+m.expr("boolean"))))
	}
	outcomes := slices.Clone(actions)
	if m.c.Chance(3) {
		m.line(4, "timeout: 5m")
		outcomes = append(outcomes, "timeout")
	}
	if m.c.Chance(4) {
		all := m.reg.All()
		e := all[m.c.PickNumber(len(all))]
		m.line(4, "poll:\n      uses: %s\n      every: 2s\n      until: %s", e.ID, quote(m.expr("boolean")))
		m.writeInputs(6, e.Spec.Input.Doc)
		if m.c.Chance(2) {
			m.line(6, "save: v0")
		}
		outcomes = append(outcomes, "done")
	}
	m.routes(outcomes, next)
}

// routes writes a map of outcomes: some by name, the rest by else.
func (m *maker) routes(outcomes []string, next string) {
	m.line(4, "next:")
	for _, o := range outcomes {
		if m.c.Chance(2) {
			m.line(6, "%s: %s", o, m.route(m.target()))
		}
	}
	m.line(6, "else: %s", next)
}

func (m *maker) call(next string) {
	child := m.callees[m.c.PickNumber(len(m.callees))]
	m.line(4, "call: %s", child.id)
	lines := 0
	for _, in := range child.inputs {
		if in.required || m.c.Chance(2) {
			if lines == 0 {
				m.line(4, "with:")
			}
			lines++
			m.line(6, "%s: %s", in.name, m.value(in.kind))
		}
	}
	m.routes(child.ends, next)
}

func (m *maker) match(next string) {
	m.line(4, "match: %s", quote(m.expr("match")))
	m.line(4, "next:")
	for _, value := range []string{"FULL", "NONE", "a", "1", "true"} {
		if m.c.Chance(3) {
			m.line(6, "%s: %s", value, m.route(m.target()))
		}
	}
	m.line(6, "else: %s", next)
}

func (m *maker) decide(next string) {
	if m.c.Chance(3) {
		m.line(4, "next: %s", next)
		return
	}
	m.cases(next)
}
