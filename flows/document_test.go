package flows_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// TestDocument reads a file that is no flow, with all that can stand in it.
func TestDocument(t *testing.T) {
	t.Parallel()
	d := flows.ReadDocument("x.yaml", []byte(`name: Ben
on: true
after: 31s
list: [a, b]
with: { n: 1, e: =sent.n + 1, deep: [{ x: "=sent.n" }] }
expect: sent.n == 2
people: { ana: 1, ben: 2 }
`))
	var name string
	var on bool
	var after time.Duration
	var list, people []string
	var with []flows.Member
	var expect *flows.Expr
	d.Keys(d.Root(), "a file", map[string]func(*flows.YAML){
		"name":  func(n *flows.YAML) { name = d.Text(n) },
		"on":    func(n *flows.YAML) { on = d.Bool(n) },
		"after": func(n *flows.YAML) { after = d.Duration(n) },
		"list": func(n *flows.YAML) {
			for _, item := range d.Items(n) {
				list = append(list, d.Text(item))
			}
		},
		"with":   func(n *flows.YAML) { with = d.Members(n) },
		"expect": func(n *flows.YAML) { expect = d.Condition(n) },
		"people": func(n *flows.YAML) { d.Each(n, func(key, _ *flows.YAML) { people = append(people, key.Text) }) },
	}, "name")
	env := &cond.Type{Kind: cond.Object, Fields: map[string]cond.Field{
		"sent": {Type: &cond.Type{Kind: cond.Object, Fields: map[string]cond.Field{"n": {Type: &cond.Type{Kind: cond.Number}}}}}}}
	d.Compile(expect, env, cond.WantBool)
	for i := range with {
		d.CompileValue(&with[i].Value, env)
	}
	if p := d.Problems(); p != nil {
		t.Fatal(p)
	}
	roots := map[string]any{"sent": map[string]any{"n": 2.0}}
	holds, err := expect.Program.Run(roots, nil)
	if err != nil || holds != true {
		t.Errorf("expect: %v %v", holds, err)
	}
	deep, err := with[2].Value.List[0].Map[0].Value.Expr.Program.Run(roots, nil)
	if err != nil || deep != 2.0 {
		t.Errorf("the expression inside: %v %v", deep, err)
	}
	got := []any{name, on, after, list, people, with[0].Value.Const}
	if diff := cmp.Diff([]any{"Ben", true, 31 * time.Second, []string{"a", "b"}, []string{"ana", "ben"}, 1.0}, got); diff != "" {
		t.Error(diff)
	}
}

// TestDocumentProblems holds that problems stand where the mistakes are.
func TestDocumentProblems(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"name: x\nnaem: x\n":           "x.yaml:2:1: unknown-key: a file has no key `naem` (did you mean `name`?)",
		"{}\n":                         "x.yaml:1:1: missing-key: a file needs `name`",
		"[]\n":                         "x.yaml:1:1: wrong-type: this should be a map, not a list",
		"name: [x]\n":                  "x.yaml:1:7: wrong-type: this should be a text, not a list",
		"name: x\nif: a > \"b\"":       "x.yaml:2:7: wrong-type: ",
		"name: x\nif: zzz == 1":        "x.yaml:2:5: unknown-root: ",
		"{ name: x, if: any(xs, .x) }": "x.yaml:1:16: yaml-comma-split: ",
	} {
		d := flows.ReadDocument("x.yaml", []byte(src))
		d.Keys(d.Root(), "a file", map[string]func(*flows.YAML){
			"name": func(n *flows.YAML) { d.Text(n) },
			"if": func(n *flows.YAML) {
				env := &cond.Type{Kind: cond.Object, Fields: map[string]cond.Field{"a": {Type: &cond.Type{Kind: cond.Number}}}}
				d.Compile(d.Condition(n), env, cond.WantBool)
			},
		}, "name")
		list := d.Problems()
		if len(list) == 0 || len(list[0].String()) < len(want) || list[0].String()[:len(want)] != want {
			t.Errorf("%q: got %v, want %s", src, list, want)
		}
	}
}
