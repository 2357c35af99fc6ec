package flowtest

import "github.com/mfaflow/mfaflow/flows"

// mocks reads the stand-ins of capabilities.
func (p parser) mocks(n *flows.YAML) []*mock {
	var list []*mock
	for _, item := range p.Items(n) {
		m := &mock{Pos: p.Place(item)}
		p.Keys(item, "a mock", keys{
			"uses":   func(n *flows.YAML) { m.uses, m.usesPos = p.Text(n), p.Place(n) },
			"when":   func(n *flows.YAML) { m.when = p.Condition(n) },
			"output": func(n *flows.YAML) { v := p.Value(n); m.output, m.outputPos = &v, p.Place(n) },
			"error":  func(n *flows.YAML) { v := p.Value(n); m.fails, m.outputPos = &v, p.Place(n) },
		}, "uses")
		if (m.output == nil) == (m.fails == nil) {
			p.Problem(m.Pos, ruleMock, "a mock has one of `output` and `error`", "write what the capability is to answer, or the code of its error")
		}
		list = append(list, m)
	}
	return list
}
