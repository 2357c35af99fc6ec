package flows_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestAllProblemsAtOnce shows the report on one flow with many mistakes, as people and
// as programs read it.
func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, problems := load(t, "many.yaml", read(t, "testdata/many.yaml.txt"))
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s\n  node: %s\n%s\n\n", p, p.Node, p.Snippet)
	}
	golden(t, "many.txt", []byte(b.String()))
	doc, err := json.MarshalIndent(problems, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "many.json", append(doc, '\n'))
}

// TestWarningsHideNoErrors: a flow with more warnings than a report holds is refused for
// the error that comes after them.
func TestWarningsHideNoErrors(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("schema: flow/v1\nid: f\nstart: a\nnodes:\n  a: { next: z, catch: { else: z")
	for i := range 300 {
		fmt.Fprintf(&b, ", CODE_%d: z", i)
	}
	b.WriteString(" } }\n  z: { end: failed, outputs: { x: =nodes.none.visits } }\n")
	_, problems := load(t, "f.yaml", []byte(b.String()))
	if !slices.Contains(pins(problems), "unknown-node 6:42") || len(problems) > 400 {
		t.Errorf("%d problems, the last is %v; want unknown-node 6:42 among them", len(problems), problems[len(problems)-1])
	}
}
