package flows_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mfaflow/mfaflow/flows"
)

// seeds gives a fuzz target every fixture.
func seeds(f *testing.F) {
	f.Helper()
	for _, pattern := range []string{"testdata/*.yaml", "testdata/right/*.yaml", "testdata/broken/*.yaml", "templates/*.yaml", "screens/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
}

// FuzzParse: problems lie inside the file, come sorted, and a nil flow is explained.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		flow, problems := flows.Parse("f.yaml", src)
		if flow == nil && len(problems) == 0 {
			t.Error("no flow and no problem")
		}
		inside(t, src, problems)
	})
}

// FuzzCheck: whatever was parsed can be checked and drawn, and a flow without problems
// can be checked again without any.
func FuzzCheck(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		flow, parsed := flows.Parse("f.yaml", src)
		if flow == nil {
			return
		}
		problems := flows.Check(flow, library(t))
		inside(t, src, problems)
		flows.Mermaid(flow)
		if flows.HasErrors(parsed) || flows.HasErrors(problems) {
			return
		}
		again, _ := flows.Parse("f.yaml", src)
		if got := flows.Check(again, library(t)); !slices.Equal(pins(got), pins(problems)) {
			t.Errorf("checked again: %v, at first %v", got, problems)
		}
	})
}

// FuzzFormat: what Format writes is the same flow, formatted for good.
func FuzzFormat(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		if _, err := flows.Format(src); err == nil {
			formatOnce(t, string(src))
		}
	})
}

func inside(t *testing.T, src []byte, problems []flows.Problem) {
	t.Helper()
	lines := 1
	for i, c := range src {
		if c == '\n' || c == '\r' && (i+1 == len(src) || src[i+1] != '\n') {
			lines++
		}
	}
	for i, p := range problems {
		if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Column > len(src)+2 {
			t.Errorf("problem %d is outside: %s", i, p)
		}
		if i > 0 && (p.Line < problems[i-1].Line || p.Line == problems[i-1].Line && p.Column < problems[i-1].Column) {
			t.Errorf("problem %d is not in order: %s", i, p)
		}
	}
}
