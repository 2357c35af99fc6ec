package engine

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/flows"
)

// TestFlowThatMakesTheCheckerPanicIsStopped, and the others are linked.
func TestFlowThatMakesTheCheckerPanicIsStopped(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	c := newCatalog(&Runner{log: slog.New(slog.NewTextHandler(&log, nil))}, nil)
	c.check = func(f *flows.Flow, lib flows.Library) []flows.Problem {
		if f.ID == "bad" {
			panic("index out of range")
		}
		return flows.Check(f, lib)
	}
	read := func(id, _ string) ([]byte, error) {
		return []byte("schema: flow/v1\nid: " + id + "\nstart: a\nnodes:\n  a: { end: success }\n"), nil
	}
	b, err := c.bundleOf(map[string]string{"bad": "1", "good": "2"}, read)
	if err != nil {
		t.Fatal(err)
	}
	if e := b.entries["bad"]; e.program != nil || len(e.problems) == 0 {
		t.Errorf("the bad flow: %+v", e.info())
	}
	if b.programs["good"] == nil {
		t.Errorf("the good flow: %+v", b.entries["good"].info())
	}
	if !strings.Contains(log.String(), "bad") {
		t.Errorf("the log says nothing: %s", &log)
	}
}
