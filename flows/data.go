package flows

import "github.com/mfaflow/mfaflow/flows/internal/yamldoc"

// ReadYAML reads a YAML map by the same rules as a flow: no anchors, tags or doubled
// keys, numbers as JSON has them. Values are those of encoding/json. Problems carry
// line and column, and mean that there is no map.
func ReadYAML(file string, src []byte) (map[string]any, []Problem) {
	p := newParser(file, src, false)
	if problems := p.done(); len(problems) > 0 || p.doc.Root == nil {
		return nil, problems
	}
	m, ok := dataOf(p.doc.Root).(map[string]any)
	if !ok {
		return nil, []Problem{{File: file, Line: 1, Column: 1, Rule: "wrong-type", Text: "the file must be a map", Hint: "write `name: value` lines"}}
	}
	return m, nil
}

func dataOf(n *yamldoc.Node) any {
	switch n.Kind {
	case yamldoc.Map:
		m := make(map[string]any, len(n.Pairs))
		for _, p := range n.Pairs {
			m[p.Key.Text] = dataOf(p.Value)
		}
		return m
	case yamldoc.List:
		list := make([]any, len(n.Items))
		for i, item := range n.Items {
			list[i] = dataOf(item)
		}
		return list
	}
	return n.Value
}
