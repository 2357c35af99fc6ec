package flows_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mfaflow/mfaflow/flows"
)

func TestFormatOfEveryFixture(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"testdata/*.yaml", "testdata/right/*.yaml", "testdata/broken/*.yaml", "testdata/broken/flows/*.yaml", "templates/*.yaml", "screens/*.yaml"} {
		for _, name := range fixtures(t, pattern) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				formatKeeps(t, read(t, name), strings.HasPrefix(filepath.Base(name), "yaml-"))
			})
		}
	}
}

// formatKeeps proves what Format promises of a source. One that Parse refuses for the
// sake of its YAML may be refused here too.
func formatKeeps(t *testing.T, src []byte, mayRefuse bool) {
	t.Helper()
	if _, err := flows.Format(src); err != nil {
		if _, problems := flows.Parse("", src); !mayRefuse && !strings.Contains(err.Error(), firstRule(problems)) {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	formatOnce(t, string(src))
}

// formatOnce proves that the formatted source is the same flow, formatted for good.
func formatOnce(t rapid.TB, src string) {
	t.Helper()
	out, err := flows.Format([]byte(src))
	if err != nil {
		t.Fatalf("refused: %v\n%s", err, src)
	}
	again, err := flows.Format(out)
	if err != nil {
		t.Fatalf("the formatted flow is refused: %v\n%s", err, out)
	}
	if diff := cmp.Diff(string(out), string(again)); diff != "" {
		t.Errorf("formatting twice (-once +twice):\n%s", diff)
	}
	before, _ := flows.Parse("", []byte(src))
	after, _ := flows.Parse("", out)
	if diff := cmp.Diff(plain(before), plain(after)); diff != "" {
		t.Errorf("Parse of Format (-before +after):\n%s\n%s", diff, out)
	}
}

func firstRule(problems []flows.Problem) string {
	if len(problems) == 0 {
		return "no problem"
	}
	return problems[0].Rule
}
