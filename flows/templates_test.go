package flows_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/flows"
)

// The templates have no problems, not even warnings.
func TestTemplatesHaveNoProblems(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(flows.Templates(), "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("templates: %v %v", names, err)
	}
	var all []*flows.Flow
	var problems []flows.Problem
	for _, name := range names {
		if strings.HasSuffix(name, ".test.yaml") {
			continue
		}
		src, err := fs.ReadFile(flows.Templates(), name)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := flows.Format(src); err != nil || string(out) != string(src) {
			t.Errorf("%s is not formatted: %v", name, err)
		}
		f, bad := flows.Parse(name, src)
		if want := f.ID + ".yaml"; name != want {
			t.Errorf("%s holds the flow %s", name, f.ID)
		}
		all, problems = append(all, f), append(problems, bad...)
	}
	for _, p := range append(problems, flows.CheckAll(all, flows.Library{Capabilities: registry(t)})...) {
		t.Errorf("%s\n%s", p, p.Snippet)
	}
}
