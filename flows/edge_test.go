package flows_test

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/flows"
)

// TestEdges holds the names of edges, of every form that edges are written in.
func TestEdges(t *testing.T) {
	t.Parallel()
	f, problems := flows.Parse("", []byte(`schema: flow/v1
id: edges
title: Edges
start: a
catch: { NOT_FOUND: d, else: d }
nodes:
  a: { uses: user/find, with: { username: x }, next: b, catch: { NOT_FOUND: b, else: d } }
  b: { show: message, timeout: 1m, next: { continue: c, timeout: d } }
  c: { next: [{ when: "true", then: d }, { then: e }] }
  e: { next: [{ then: d, message: x.y }] }
  d: { end: done }
`))
	if problems != nil {
		t.Fatal(problems)
	}
	var got []string
	for _, e := range flows.Edges(f) {
		got = append(got, fmt.Sprintf("%s: %s -> %s", e.ID, e.From, e.Route.To))
	}
	want := []string{
		"a.next: a -> b", "a.catch.NOT_FOUND: a -> b", "a.catch.else: a -> d",
		"b.continue: b -> c", "b.timeout: b -> d", "c.next.1: c -> d", "c.next.2: c -> e", "e.next: e -> d",
		"catch.NOT_FOUND:  -> d", "catch.else:  -> d",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestEdgesOfTemplates holds that names are unique and that edges are those of GraphOf,
// in its order.
func TestEdgesOfTemplates(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(flows.Templates(), "*[^t].yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("%v %v", names, err)
	}
	for _, name := range names {
		src, err := fs.ReadFile(flows.Templates(), name)
		if err != nil {
			t.Fatal(err)
		}
		f, _ := flows.Parse(name, src)
		if f == nil {
			continue // a test file
		}
		edges, graph := flows.Edges(f), flows.GraphOf(f).Edges
		if len(edges) != len(graph) {
			t.Fatalf("%s: %d edges, the graph has %d", name, len(edges), len(graph))
		}
		seen := map[string]bool{}
		for i, e := range edges {
			if g := graph[i]; e.From != g.From || e.Route.To != g.To || e.Route.On != g.On {
				t.Errorf("%s: edge %d is %s, the graph has %+v", name, i, e.ID, g)
			}
			if seen[e.ID] {
				t.Errorf("%s: two edges are named %s", name, e.ID)
			}
			seen[e.ID] = true
		}
	}
}
