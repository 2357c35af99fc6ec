package engine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestLongTraceKeepsItsEnd: first the values that were read go, then the oldest entries.
func TestLongTraceKeepsItsEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ entries, bytes, left int }{{3, 100, 3}, {60, 500, 60}, {800, 500, 1}} {
		var entries []TraceEntry
		for i := range tt.entries {
			entries = append(entries, TraceEntry{Event: "when", Next: fmt.Sprint(i), Read: map[string]any{"x": strings.Repeat("x", tt.bytes)}})
		}
		b, err := encodeTrace(entries)
		if err != nil || len(b) > maxTraceBytes {
			t.Fatalf("%d entries: %d bytes, %v", tt.entries, len(b), err)
		}
		var got []TraceEntry
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if len(got) < tt.left || got[len(got)-1].Next != fmt.Sprint(tt.entries-1) {
			t.Errorf("%d entries: %d are left, the last is %s", tt.entries, len(got), got[len(got)-1].Next)
		}
		if entries[0].Read == nil {
			t.Error("the entries of the caller were changed")
		}
	}
}
