package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/flows"
)

// TestA57Bombs: documents that are made to be expensive are refused by name, at every
// size from 1 KB to the limit and beyond.
func TestA57Bombs(t *testing.T) {
	t.Parallel()
	head := "schema: flow/v1\nid: bomb\nstart: a\n"
	fill := func(unit string, size int) string { return strings.Repeat(unit, size/len(unit)+1) }
	bombs := map[string]struct {
		src  func(size int) string
		want string // the rule, or several
	}{
		"alias": {func(size int) string {
			var b strings.Builder
			b.WriteString(head + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
			for i := 1; b.Len() < size; i++ {
				fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
			}
			return b.String()
		}, "yaml-anchor too-large"},
		"depth in brackets":   {func(size int) string { return head + "title: " + fill("[", size) }, "too-deep too-large"},
		"depth in braces":     {func(size int) string { return head + "title: " + fill("{a: ", size) }, "too-deep too-large"},
		"depth in lists":      {func(size int) string { return head + "title:\n  " + fill("- ", size) }, "too-deep too-large"},
		"depth in keys":       {func(size int) string { return head + "title: " + fill("? ", size) }, "too-deep too-large yaml-syntax yaml-tag"},
		"duplicate keys":      {func(size int) string { return head + fill("a: 1\n", size) }, "duplicate-key too-large"},
		"merge keys":          {func(size int) string { return head + fill("<<: { a: 1 }\n", size) }, "yaml-merge-key too-large"},
		"custom tags":         {func(size int) string { return head + "title: [" + fill("!x y, ", size) + "]\n" }, "yaml-tag too-large"},
		"NaN":                 {func(size int) string { return head + "title: [" + fill(".nan, ", size) + "]\n" }, "yaml-number too-large"},
		"binary":              {func(size int) string { return head + "title: !!binary " + fill("QUJD", size) + "\n" }, "yaml-tag too-large"},
		"multi-documents":     {func(size int) string { return head + fill("--- \na: b\n", size) }, "yaml-documents too-large"},
		"one long line":       {func(size int) string { return head + "title: [" + fill("1,", size) + "]\n" }, "wrong-type too-large"},
		"quotes that go on":   {func(size int) string { return head + "title: \"" + fill("a\\\n", size) }, "yaml-syntax too-large"},
		"problems on a line":  {func(size int) string { return head + "x: {" + fill("${a}: 1, ", size) + "}\n" }, "template-syntax yaml-syntax too-large"},
		"syntax on each line": {func(size int) string { return head + fill("a: b: c\n", size) }, "yaml-colon too-large"},
	}
	for name, bomb := range bombs {
		for _, size := range []int{1 << 10, 64 << 10, 1 << 20} {
			t.Run(fmt.Sprintf("%s/%d", name, size), func(t *testing.T) {
				t.Parallel()
				flow, problems := flows.Parse("bomb.yaml", []byte(bomb.src(size)))
				if !flows.HasErrors(problems) {
					t.Fatal("accepted")
				}
				if len(problems) > 200 {
					t.Errorf("%d problems are reported", len(problems))
				}
				known := false
				for _, p := range problems {
					known = known || strings.Contains(bomb.want, p.Rule)
				}
				if !known {
					t.Errorf("refused for %v, want one of %s", problems[:min(3, len(problems))], bomb.want)
				}
				if flow != nil {
					flows.Check(flow, flows.Library{})
				}
			})
		}
	}
}
