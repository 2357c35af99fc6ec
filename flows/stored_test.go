package flows_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/flows"
)

// TestStoredFlowRunsUnlessAPartOfItIsMissing: of all that a new upload is refused for,
// only what leaves a part of the flow unknown is an error of a stored one.
func TestStoredFlowRunsUnlessAPartOfItIsMissing(t *testing.T) {
	t.Parallel()
	tolerated, stopped := 0, 0
	for _, name := range fixtures(t, "testdata/broken/*.yaml") {
		src, _ := wants(read(t, name))
		_, strict := load(t, name, src)
		f, problems := flows.ParseStored(name, src)
		if f != nil {
			problems = append(problems, flows.Check(f, library(t))...)
		}
		for _, p := range problems {
			if p.Tolerated && !p.Warning {
				t.Errorf("%s: tolerated and yet an error: %s", name, p)
			}
			if !p.Warning && !slices.ContainsFunc(strict, func(q flows.Problem) bool { return !q.Warning && q.String() == p.String() }) {
				t.Errorf("%s: an error of the stored flow only: %s", name, p)
			}
		}
		if flows.HasErrors(problems) {
			stopped++
			continue
		}
		if flows.HasErrors(strict) {
			tolerated++
		}
		requireParts(t, filepath.Base(name), f, problems)
	}
	if tolerated < 20 || stopped < 20 {
		t.Errorf("%d tolerated and %d stopped flows prove nothing", tolerated, stopped)
	}
}

// requireParts demands that everything which a run of the flow may reach is there.
func requireParts(t *testing.T, name string, f *flows.Flow, problems []flows.Problem) {
	t.Helper()
	for _, n := range f.Nodes {
		if slices.ContainsFunc(problems, func(p flows.Problem) bool { return p.Rule == "unreachable-node" && p.Node == n.ID }) {
			continue
		}
		if n.Kind == flows.Uses && n.Capability == nil || n.Kind == flows.Show && n.Screen == nil || n.Kind == flows.Match && n.On == nil {
			t.Errorf("%s: node %s names what is not there", name, n.ID)
		}
		requireProgram := func(e *flows.Expr) {
			if e != nil && e.Program == nil {
				t.Errorf("%s: node %s: no program for %q", name, n.ID, e.Source)
			}
		}
		requireProgram(n.On)
		for _, list := range [][]flows.Member{n.With, n.Narrow, n.Set, n.Outputs} {
			flows.EachExpr(list, requireProgram)
		}
		for _, r := range slices.Concat(n.Next, n.Catch) {
			requireProgram(r.When)
			if r.To != "" && f.Node(r.To) == nil {
				t.Errorf("%s: node %s leads to no node %q", name, n.ID, r.To)
			}
		}
	}
}

// TestStoredScreenShowsWhatItDidNotDeclare, for it was accepted so, but no secret; a new
// one shows nothing of it.
func TestStoredScreenShowsWhatItDidNotDeclare(t *testing.T) {
	t.Parallel()
	src := []byte(`schema: flow/v1
id: undeclared
start: a
nodes:
  a: { show: options, next: { submit: b } }
  b: { end: success }
screens:
  options:
    title: Options
    with: { options: { type: object }, list: { type: array }, named: { type: object, properties: { a: { type: string } } } }
    actions: { submit: { title: Go, form: false } }
`)
	given := map[string]any{
		"options": map[string]any{"challenge": "abc", "otp": "123456", "rp": map[string]any{"id": "example.com", "password": "x"}},
		"list":    []any{map[string]any{"id": "1", "secret": "x"}},
		"named":   map[string]any{"a": "1", "b": "2"},
	}
	for stored, want := range map[bool]map[string]any{
		false: {"options": map[string]any{}, "named": map[string]any{"a": "1"}},
		true: {
			"options": map[string]any{"challenge": "abc", "rp": map[string]any{"id": "example.com"}},
			"list":    []any{map[string]any{"id": "1"}}, "named": map[string]any{"a": "1"},
		},
	} {
		parse := flows.Parse
		if stored {
			parse = flows.ParseStored
		}
		f, problems := parse("undeclared.yaml", src)
		if flows.HasErrors(problems) {
			t.Fatal(problems)
		}
		if diff := cmp.Diff(want, f.Screens["options"].View(given)); diff != "" {
			t.Errorf("stored %t (-want +got):\n%s", stored, diff)
		}
	}
}
