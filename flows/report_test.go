package flows_test

import (
	"encoding/json"
	"fmt"
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
