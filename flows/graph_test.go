package flows_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/flows"
)

// golden compares with a file, which only -update writes.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(read(t, path)), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestGraph(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"testdata/design.yaml", "testdata/labels.yaml"} {
		f, _ := flows.Parse(name, read(t, name))
		base := strings.TrimSuffix(filepath.Base(name), ".yaml")
		golden(t, base+".mmd", []byte(flows.Mermaid(f)))
		doc, err := json.MarshalIndent(flows.GraphOf(f), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, base+".graph.json", append(doc, '\n'))
	}
}

func TestMermaidEscapesLabels(t *testing.T) {
	t.Parallel()
	f, _ := flows.Parse("", read(t, "testdata/labels.yaml"))
	for line := range strings.Lines(flows.Mermaid(f)) {
		if strings.Count(line, `"`)%2 != 0 || strings.Contains(line, "<script") || strings.Contains(line, "`") {
			t.Errorf("not escaped: %s", line)
		}
	}
}
