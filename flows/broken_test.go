package flows_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/flows"
)

var update = flag.Bool("update", false, "write what the tests found into the fixtures")

// wantMark begins the lines at the end of a broken flow that pin its problems:
// "# want: unknown-key 7:5".
const wantMark = "# want: "

// load parses and checks a flow as the server does.
func load(t testing.TB, name string, src []byte) (*flows.Flow, []flows.Problem) {
	t.Helper()
	return flows.Load(name, src, library(t))
}

// library knows all described capabilities, and the flows of testdata/broken/flows.
func library(t testing.TB) flows.Library {
	t.Helper()
	lib := flows.Library{Capabilities: registry(t), Env: []string{"SUPPORT_URL"}}
	known := map[string]*flows.Flow{}
	lib.Flow = func(id string) (*flows.Flow, bool) { f, ok := known[id]; return f, ok }
	files, err := filepath.Glob("testdata/broken/flows/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, problems := flows.Parse(name, read(t, name))
		if problems = append(problems, flows.Check(f, lib)...); flows.HasErrors(problems) {
			t.Fatalf("%s: %v", name, problems)
		}
		known[f.ID] = f
	}
	return lib
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func fixtures(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures in %s: %v", pattern, err)
	}
	return files
}

// wants splits a fixture into the flow and the problems pinned at its end.
func wants(src []byte) (flow []byte, want []string) {
	at := bytes.Index(src, []byte(wantMark))
	if at < 0 {
		return src, nil
	}
	for line := range strings.Lines(string(src[at:])) {
		want = append(want, strings.TrimSpace(strings.TrimPrefix(line, wantMark)))
	}
	return src[:at], want
}

func pins(problems []flows.Problem) []string {
	var pins []string
	for _, p := range problems {
		pins = append(pins, fmt.Sprintf("%s %d:%d", p.Rule, p.Line, p.Column))
	}
	slices.Sort(pins)
	return pins
}

func TestBrokenFlows(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures(t, "testdata/broken/*.yaml") {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			t.Parallel()
			src := read(t, name)
			flow, want := wants(src)
			_, problems := load(t, filepath.Base(name), flow)
			got := pins(problems)
			if *update {
				out := append([]byte{}, flow...)
				for _, pin := range got {
					out = append(out, wantMark+pin+"\n"...)
				}
				if err := os.WriteFile(name, out, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				for _, p := range problems {
					t.Logf("%s\n%s", p, p.Snippet)
				}
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			for _, p := range problems {
				if p.Text == "" || p.Snippet == "" && len(flow) > 0 {
					t.Errorf("%s lacks a text or a snippet", p)
				}
			}
		})
	}
}

func TestEveryRuleHasABrokenFlow(t *testing.T) {
	t.Parallel()
	pinned := map[string]bool{}
	for _, name := range fixtures(t, "testdata/broken/*.yaml") {
		_, want := wants(read(t, name))
		for _, pin := range want {
			pinned[strings.Fields(pin)[0]] = true
		}
	}
	known := map[string]bool{}
	for _, r := range flows.Rules() {
		if known[r.Code] {
			t.Errorf("the rule %s stands twice in the table", r.Code)
		}
		known[r.Code] = true
		if !pinned[r.Code] && !slices.Contains([]string{"too-large", "too-many-nodes", "too-complex"}, r.Code) {
			t.Errorf("no fixture in testdata/broken shows the rule %s", r.Code)
		}
		if r.Text == "" || !strings.HasSuffix(r.Text, ".") {
			t.Errorf("the rule %s needs a sentence", r.Code)
		}
	}
	for code := range pinned {
		if !known[code] {
			t.Errorf("the rule %s is not in the table", code)
		}
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	many.WriteString("schema: flow/v1\nid: big\nstart: n0\nnodes:\n")
	for i := range 1001 {
		fmt.Fprintf(&many, "  n%d: { end: failed }\n", i)
	}
	for name, src := range map[string]string{
		"too-large 1:1":      strings.Repeat("#", 1<<20+1),
		"too-many-nodes 5:3": many.String(),
	} {
		if _, problems := load(t, name, []byte(src)); !slices.Contains(pins(problems), name) {
			t.Errorf("want %s, got %v", name, pins(problems))
		}
	}
}
