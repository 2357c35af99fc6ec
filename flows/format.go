package flows

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// ErrFormat is returned for a source that cannot be written anew without changing what
// it says. The source is then best left as it is.
var ErrFormat = errors.New("the file cannot be formatted without changing it")

// Format writes a flow the way all flows are written: two spaces of indentation, nodes
// in the order in which a walk from the start meets them, one blank line at most,
// conditions without a leading `=`, long one-line maps on lines of their own. Comments
// stay with what they stand beside. Formatting twice changes nothing more.
//
// The source need not be a correct flow, but it must be YAML of the kind flows are
// written in: otherwise the error names the first problem. No error leaves a result.
func Format(src []byte) ([]byte, error) {
	doc, issues := yamldoc.Read(src)
	if len(issues) > 0 {
		i := issues[0]
		return nil, errors.New(Problem{Line: i.Line, Column: i.Column, Rule: i.Rule, Text: i.Text, Hint: i.Hint}.String())
	}
	if doc.Root.Kind != yamldoc.Map {
		return nil, fmt.Errorf("%w: a flow is a map of keys", ErrFormat)
	}
	f, problems := Parse("", src)
	for _, p := range problems {
		if p.Rule == ruleCommaSplit || p.Rule == ruleFlowQuestion || p.Rule == ruleCommentCut {
			return nil, errors.New(p.String()) // what is meant is not what is written
		}
	}
	w := newWriter(doc, walkOrder(f))
	w.root()
	out := w.bytes()
	if err := sameMeaning(doc, out); err != nil {
		return nil, err
	}
	return out, nil
}

// sameMeaning guards against damage: what was written must read as what was read.
func sameMeaning(before *yamldoc.Doc, out []byte) error {
	after, issues := yamldoc.Read(out)
	if len(issues) > 0 {
		return fmt.Errorf("%w: line %d would not be YAML", ErrFormat, issues[0].Line)
	}
	if !reflect.DeepEqual(meaning(before.Root, ""), meaning(after.Root, "")) {
		return fmt.Errorf("%w: some value would change", ErrFormat)
	}
	if !slices.Equal(commentTexts(before), commentTexts(after)) {
		return fmt.Errorf("%w: a comment would be lost", ErrFormat)
	}
	return nil
}

// meaning is the JSON of a node, with conditions as Parse reads them.
func meaning(n *yamldoc.Node, path string) any {
	switch n.Kind {
	case yamldoc.Map:
		m := make(map[string]any, len(n.Pairs))
		for _, p := range n.Pairs {
			m[p.Key.Text] = meaning(p.Value, path+"/"+step(path, p.Key.Text))
		}
		return m
	case yamldoc.List:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			l[i] = meaning(item, path+"/*")
		}
		return l
	}
	if isCondition(path) && n.Value != nil {
		return stripEquals(n.Text)
	}
	return n.Value
}

func commentTexts(d *yamldoc.Doc) []string {
	var list []string
	for _, c := range d.Comments() {
		list = append(list, c.Text)
	}
	slices.Sort(list)
	return list
}

// step is how a key stands in a path: ids of nodes are all alike.
func step(path, key string) string {
	if path == "/nodes" {
		return "*"
	}
	return key
}

// isCondition reports whether an expression stands at a path, with or without `=`.
func isCondition(path string) bool {
	switch path {
	case "/nodes/*/match", "/nodes/*/next/*/when", "/nodes/*/poll/until":
		return true
	}
	return false
}

func stripEquals(s string) string {
	if len(s) > 0 && s[0] == '=' {
		return string(bytes.TrimLeft([]byte(s[1:]), " "))
	}
	return s
}

// walkOrder lists the ids of a flow's nodes as a walk from the start meets them: depth
// first, `next` before `catch`; then what the flow's own catch leads to; then the rest.
func walkOrder(f *Flow) map[string]int {
	order := map[string]int{}
	if f == nil {
		return order
	}
	byID := make(map[string]*Node, len(f.Nodes))
	for _, n := range f.Nodes {
		byID[n.ID] = n
	}
	var walk func(id string)
	walk = func(id string) {
		n := byID[id]
		if _, seen := order[id]; seen || n == nil {
			return
		}
		order[id] = len(order)
		for _, r := range slices.Concat(n.Next, n.Catch) {
			walk(r.To)
		}
	}
	walk(f.Start)
	for _, r := range f.Catch {
		walk(r.To)
	}
	for _, n := range f.Nodes {
		if _, seen := order[n.ID]; !seen {
			order[n.ID] = len(order)
		}
	}
	return order
}
