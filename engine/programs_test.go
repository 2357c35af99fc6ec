package engine_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
)

// numberedFlow is another revision of the same flow for each n.
func numberedFlow(n int) string {
	return fmt.Sprintf("schema: flow/v1\nid: numbered\nstart: a\nnodes:\n  a: { show: ask, next: { submit: b, skip: b, cancel: b } }\n  b: { end: success }\n"+
		"screens:\n  ask:\n    title: Number %d\n    actions: { submit: { title: Go, form: false }, skip: { title: Skip, form: false }, cancel: { title: Cancel, form: false } }\n", n)
}

// TestOldRevisionsAreBoundedInMemory: executions hold on to many revisions. All go on,
// and what is compiled for them stays within the bound.
func TestOldRevisionsAreBoundedInMemory(t *testing.T) {
	t.Parallel()
	const bound = 300_000
	w := newWorld(t, func(o *engine.Options) { o.Limits.ProgramBytes = bound })
	var waiting []*client
	for n := range 60 {
		w.put(numberedFlow(n))
		waiting = append(waiting, w.start("numbered", nil))
	}
	for round := range 2 {
		for n, c := range waiting {
			if got, want := c.get().Step.Title, fmt.Sprintf("Number %d", n); got != want {
				t.Errorf("execution %d shows %q, want %q", n, got, want)
			}
			// The deployed bundle and the one in use are kept in any case.
			if got := w.run.Catalog().CompiledBytes(); got > bound+50_000 {
				t.Fatalf("round %d, execution %d: %d bytes, want at most %d", round, n, got, bound)
			}
		}
	}
	for _, c := range waiting {
		c.act("submit", nil)
		c.ended(engine.Completed, "success", "")
	}
}

// TestSameFlowsAreCompiledOnce by however many ask for them at once.
func TestSameFlowsAreCompiledOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(childFlow, parentFlow)
	c := w.start("parent", nil)
	w.open() // with nothing compiled
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := w.run.Get(t.Context(), c.id, engine.Access{Handle: c.handle}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := w.run.Catalog().Compiled(); got != 2 {
		t.Errorf("%d flows were compiled, want 2", got)
	}
}

// TestUploadCompilesWhatItChanges: the flow and those that call it, no other.
func TestUploadCompilesWhatItChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(childFlow, parentFlow, tightenedFree, numberedFlow(0))
	w.listFlows()
	for name, tt := range map[string]struct {
		src  string
		want int
	}{
		"a flow that nobody calls": {numberedFlow(1), 1},
		"a flow with a caller":     {replace(childFlow, "title: Child", "title: Newer"), 2},
		"what is deployed":         {strings.Clone(tightenedFree), 0},
	} {
		before := w.run.Catalog().Compiled()
		w.put(tt.src)
		w.listFlows()
		if got := w.run.Catalog().Compiled() - before; got != tt.want {
			t.Errorf("%s: %d flows were compiled, want %d", name, got, tt.want)
		}
	}
}

// TestUploadsAtOnceAllArrive: they wait for each other, where they used to be in conflict
// over the deployment, and each took the memory of a check.
func TestUploadsAtOnceAllArrive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const uploads, nodes = 32, 60
	var chain strings.Builder
	for i := range nodes {
		fmt.Fprintf(&chain, "  n%d: { set: { v%d: =flow.id }, next: n%d }\n", i, i, i+1)
	}
	errs := make(chan error, uploads)
	for i := range uploads {
		go func() {
			id := fmt.Sprintf("flow-%d", i)
			src := fmt.Sprintf("schema: flow/v1\nid: %s\nstart: n0\nnodes:\n%s  n%d: { end: canceled }\n", id, &chain, nodes)
			_, err := w.run.Catalog().Put(t.Context(), id, []byte(src), true)
			errs <- err
		}()
	}
	for range uploads {
		if err := <-errs; err != nil {
			t.Errorf("got %s, want every upload to be deployed", explain(err))
		}
	}
}
