package flows_test

import (
	"fmt"
	"slices"
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
		"depth in keys":       {func(size int) string { return head + "title: " + fill("? ", size) }, "yaml-syntax too-deep yaml-tag too-large"},
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
				known, wanted := false, strings.Fields(bomb.want)
				if size == 1<<10 {
					wanted = wanted[:1] // a small one is refused for what it is, not for its size
				}
				for _, p := range problems {
					known = known || slices.Contains(wanted, p.Rule)
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

// TestSchemasThatDoubleAreRefusedByTheCounter: a few lines of schemas, each of which refers
// twice to the next or to itself, stand for millions of parts.
func TestSchemasThatDoubleAreRefusedByTheCounter(t *testing.T) {
	t.Parallel()
	itself := `{ type: object, properties: { a: { $ref: "#" }, b: { $ref: "#" }, c: { $ref: "#" }, d: { $ref: "#" } } }`
	var levels strings.Builder
	for i := range 30 {
		fmt.Fprintf(&levels, `, d%d: { anyOf: [{ $ref: "#/$defs/d%d" }, { $ref: "#/$defs/d%d" }] }`, i+1, i, i)
	}
	next := `{ type: object, anyOf: [{ $ref: "#/$defs/d30" }], $defs: { d0: { type: object, properties: { z: { type: string } } }` + levels.String() + ` } }`
	const head = "schema: flow/v1\nid: bomb\ntitle: Bomb\nstart: a\n"
	const end = "nodes:\n  a: { end: done }\n"
	for name, src := range map[string]string{
		"inputs of itself": head + "inputs:\n" + eachLine(1000, "  b%d: "+itself) + end,
		"inputs of levels": head + "inputs:\n" + eachLine(20, "  b%d: "+next) + end,
		"screen of levels": head + "screens: { s: { title: S, with: { m: " + next + " }, actions: { go: { title: Go } } } }\n" + end,
		"form of levels":   head + "screens: { s: { title: S, form: " + next + ", actions: { go: { title: Go } } } }\n" + end,
	} {
		_, problems := flows.Load("bomb.yaml", []byte(src), flows.Library{})
		if !slices.ContainsFunc(problems, func(p flows.Problem) bool { return p.Rule == "too-complex" }) {
			t.Errorf("%s: %v, want too-complex", name, problems[:min(3, len(problems))])
		}
	}
}

// TestTreeInAScreenIsRead: a schema that refers to itself in two places is no mistake.
func TestTreeInAScreenIsRead(t *testing.T) {
	t.Parallel()
	const src = `schema: flow/v1
id: tree
title: Tree
start: a
inputs: { tree: { type: object, properties: { left: { $ref: "#" }, right: { $ref: "#" }, name: { type: string } } } }
screens:
  s:
    title: S
    with: { tree: { type: object, properties: { left: { $ref: "#" }, right: { $ref: "#" }, name: { type: string } } } }
    actions: { go: { title: Go } }
nodes:
  a: { show: s, with: { tree: =inputs.tree }, next: b }
  b: { end: canceled }
`
	if _, problems := flows.Load("tree.yaml", []byte(src), flows.Library{}); len(problems) > 0 {
		t.Errorf("got %v, want no problems", problems)
	}
}

func eachLine(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format+"\n", i)
	}
	return b.String()
}

// TestTangledFlowIsRefusedByTheCounter: a small file whose edges all lead back, each past
// more variables, is refused for what its proof would cost.
func TestTangledFlowIsRefusedByTheCounter(t *testing.T) {
	t.Parallel()
	const nodes = 990
	var b strings.Builder
	b.WriteString("schema: flow/v1\nid: f\nstart: n0\n")
	b.WriteString("catch: { TIMEOUT: n5, UNAVAILABLE: n6, EXPRESSION_FAILED: n7, LIMIT_EXCEEDED: n8, else: done }\nnodes:\n")
	for i := range nodes {
		fmt.Fprintf(&b, "  n%d:\n    match: flow.id\n    set: { v%d: '=vars.v%d ?? 1' }\n    next: {", i, i, i/2)
		for j := range 12 {
			fmt.Fprintf(&b, "a%d: n%d, ", j, (nodes+i-j)%nodes)
		}
		next := fmt.Sprintf("n%d", i+1)
		if i == nodes-1 {
			next = "done"
		}
		fmt.Fprintf(&b, "else: %s }\n", next)
	}
	b.WriteString("  done: { end: failed }\n")
	_, problems := load(t, "f.yaml", []byte(b.String()))
	if got := pins(problems); len(got) != 1 || got[0] != "too-complex 1:1" {
		t.Errorf("the problems are %v, want too-complex 1:1 alone", got)
	}
}

// TestManyWrongNamesAreNotAllCompared: suggestions stop after as many names as a report
// holds; all the same each of the first names gets its own.
func TestManyWrongNamesAreNotAllCompared(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("schema: flow/v1\nid: f\nstart: a\ninputs:\n")
	for i := range 300 {
		fmt.Fprintf(&b, "  input_%d_%s: { type: string }\n", i, strings.Repeat("x", 30))
	}
	b.WriteString("nodes:\n  a: { call: inner, next: { ok: z }, with: {")
	for i := range 8000 {
		fmt.Fprintf(&b, "wrong_%d: 1, ", i)
	}
	b.WriteString("} }\n  z: { end: failed }\n")
	inner, _ := flows.Parse("", []byte(strings.ReplaceAll(strings.Split(b.String(), "nodes:")[0], "id: f", "id: inner")+"nodes: { a: { end: ok } }\n"))
	outer, _ := flows.Parse("", []byte(b.String()))
	problems := flows.CheckAll([]*flows.Flow{inner, outer}, flows.Library{})
	if len(problems) != 200 || problems[0].Rule != "unknown-input" {
		t.Errorf("%d problems, the first is %v; want 200 of unknown-input", len(problems), problems[0])
	}
}
