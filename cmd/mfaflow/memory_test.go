package main

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// liveHeap is what the heap holds after a collection.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools of the first let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// smallFlow is a flow of a hundred bytes, another text for each n.
func smallFlow(id string, n int) string {
	return fmt.Sprintf("schema: flow/v1\nid: %s\npublic: true\nstart: a\nnodes:\n  a: { end: success } # %d\n", id, n)
}

func numberedLines(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestUploadsLeaveNothingInMemory: not dry runs, not refused uploads, and of deployed
// ones only what is deployed now and what fits the cache. The heap is this test's alone:
// it does not run beside others.
func TestUploadsLeaveNothingInMemory(t *testing.T) {
	s := newSite(t)
	catalog := s.app.runner.Catalog()
	const rounds, most = 300, 24 << 20
	for name, upload := range map[string]func(n int){
		"dry runs": func(n int) {
			s.manage("POST", "/v1/flows/dry/validate", smallFlow("dry", n), http.StatusOK, nil, "Content-Type", "application/yaml")
		},
		"refused": func(n int) {
			s.upload("refused", strings.Replace(smallFlow("refused", n), "end: success", "uses: none/such, next: a", 1), http.StatusUnprocessableEntity)
		},
		"refused by a caller": func(n int) {
			s.upload("mfa-authentication", smallFlow("mfa-authentication", n), http.StatusUnprocessableEntity)
		},
		"uploads": func(n int) {
			s.upload("put", smallFlow("put", n), http.StatusCreated)
			s.start("put", nil).end(engine.Completed, "")
		},
	} {
		upload(-1)
		heap, compiled := liveHeap(), catalog.Compiled()
		rounds := rounds
		if name == "refused by a caller" {
			rounds /= 5 // each checks the five templates that call it
		}
		for n := range rounds {
			upload(n)
		}
		if grown := liveHeap() - heap; grown > most {
			t.Errorf("%d %s: the heap grew by %d MB, want at most %d", rounds, name, grown>>20, most>>20)
		}
		want := 0
		if name == "uploads" {
			want = rounds // one each: no other flow is compiled anew
		}
		if got := catalog.Compiled() - compiled; got != want {
			t.Errorf("%d %s: %d flows were compiled into the cache, want %d", rounds, name, got, want)
		}
		if got, bound := catalog.CompiledBytes(), engine.DefaultLimits().ProgramBytes; got > bound {
			t.Errorf("%d %s: the cache holds %d bytes, at most %d are allowed", rounds, name, got, bound)
		}
	}
}

// TestCacheEstimatesTheHeap: what the cache counts of the shipped templates is at least
// what they take, and not many times that.
func TestCacheEstimatesTheHeap(t *testing.T) {
	s := newSite(t)
	catalog := s.app.runner.Catalog()
	texts, err := readFlows(flows.Templates())
	if err != nil {
		t.Fatal(err)
	}
	heap, counted := liveHeap(), catalog.CompiledBytes()
	const rounds = 5
	for n := range rounds {
		for i := range texts {
			texts[i].text = fmt.Appendf(texts[i].text[:len(texts[i].text):len(texts[i].text)], "# %d\n", n)
		}
		if err := s.app.deploy(t.Context(), texts); err != nil {
			t.Fatal(err)
		}
		if _, err := catalog.List(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	grown, estimate := liveHeap()-heap, catalog.CompiledBytes()-counted
	t.Logf("%d bytes of heap, counted as %d", grown, estimate)
	if estimate < grown || estimate > 4*grown {
		t.Errorf("counted %d bytes for a heap of %d", estimate, grown)
	}
	for kind, src := range map[string]string{
		"a list":   "    set: { v: [" + strings.Repeat("=1, ", 1000) + "=1] }\n    next: [{ then: b }]\n",
		"a screen": "    show: message\n    next: { continue: b }\nscreens:\n" + numberedLines(100, "  s%d: { title: T, form: { type: object, properties: { a: { type: string, pattern: '^a$' } } }, actions: { submit: { title: Go } } }\n"),
		"texts":    "    show: message\n    next: { continue: b }\nmessages:\n  en:\n" + numberedLines(1000, "    k%d: t\n"),
	} {
		heap, counted := liveHeap(), catalog.CompiledBytes()
		s.upload("many", "schema: flow/v1\nid: many\nstart: a\nnodes:\n  b: { end: success }\n  a:\n"+src, http.StatusCreated)
		s.revision("many")
		if grown, estimate := liveHeap()-heap, catalog.CompiledBytes()-counted; estimate < grown {
			t.Errorf("%s: counted %d bytes for a heap of %d", kind, estimate, grown)
		}
	}
}
