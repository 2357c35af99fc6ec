package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/flows"
)

// chain is a flow of n capability nodes, each reading what the one before left.
func chain(n int) []byte {
	var b strings.Builder
	b.WriteString("schema: flow/v1\nid: chain\nstart: n0\ncatch: { else: bad }\nnodes:\n")
	for i := range n {
		user := "\"u\""
		if i > 0 {
			user = fmt.Sprintf("nodes.n%d.user.id", i-1)
		}
		fmt.Fprintf(&b, "  n%d:\n    uses: user/read\n    with: { userId: =%s }\n    next:\n      - when: out.user.enabled ?? true\n        then: n%d\n      - then: bad\n", i, user, i+1)
	}
	fmt.Fprintf(&b, "  n%d: { end: done }\n  bad: { end: failed }\n", n)
	return []byte(b.String())
}

// BenchmarkLoad parses and checks flows of several lengths.
func BenchmarkLoad(b *testing.B) {
	lib := library(b)
	for _, n := range []int{10, 100, 900} {
		src := chain(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, problems := flows.Parse("", src)
				if problems = append(problems, flows.Check(f, lib)...); flows.HasErrors(problems) {
					b.Fatal(problems[0])
				}
			}
		})
	}
}

// BenchmarkBomb measures the refusal of documents made to be expensive.
func BenchmarkBomb(b *testing.B) {
	head := "schema: flow/v1\nid: bomb\nstart: a\n"
	for name, src := range map[string]string{
		"depth":     head + "title: " + strings.Repeat("[", 1<<20-100),
		"keys":      head + strings.Repeat("a: 1\n", 19_900),
		"tags":      head + "title: [" + strings.Repeat("!x y, ", 39_000) + "]\n",
		"documents": head + strings.Repeat("---\na: b\n", 19_000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, problems := flows.Parse("", []byte(src)); len(problems) == 0 {
					b.Fatal("accepted")
				}
			}
		})
	}
}
