package cond

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/connector"
)

// FuzzCompile feeds any text: Compile and Run never panic, issues point into the
// source, a run ends within its budget with plain data or one of the two errors.
func FuzzCompile(f *testing.F) {
	for _, tt := range issueTests {
		f.Add(strings.ReplaceAll(tt.src, mark, ""), byte(tt.want))
	}
	for _, src := range []string{
		typical, `find(vars.auth._embedded?.devices ?? [], .id == vars.auth.selectedDevice?.id)?.nickname`,
		`{a: [1, 2.5e3, 0x1F, "\u00e9", nil], b: now()}`, `count(out.anything, .x ?? true) > 1 ? first(out.anything) : -1`,
		`map(out.devices, ({id: .id, n: map(out.groups ?? [], .)}))`, `. == .[.] ? .?.x : map(., . .y)`,
		`any(out.groups ?? [], none(.members, .id in ["a"]))`, `inputs.userId matches "(a|b)*c" or 1 / 0 > 2 ** 3`, "\xff == `\x00`",
	} {
		f.Add(src, byte(WantAny))
	}
	typed, data := testEnv(f), testValues(f)
	open := &Type{Kind: Object, Fields: map[string]Field{"inputs": {}, "vars": {}, "nodes": {}, "out": {}, "client": {}, "error": {}}}
	f.Fuzz(func(t *testing.T, src string, want byte) {
		for _, env := range []*Type{typed, open} {
			p, found := Compile(src, env, Want(want%3))
			for _, i := range found {
				if i.Offset < 0 || i.Offset > len(src) || i.Rule == "" || i.Text == "" || utf8.ValidString(src) && i.Offset < len(src) && !utf8.RuneStart(src[i.Offset]) {
					t.Errorf("Compile(%q): issue %+v", src, i)
				}
			}
			if p == nil {
				if len(found) == 0 {
					t.Errorf("Compile(%q): neither program nor issue", src)
				}
				continue
			}
			b := NewBudget(Limits{Steps: 20_000, Bytes: 100_000}, testNow)
			v, err := p.Run(data, b)
			if left := b.Left(); left.Steps < 0 || left.Bytes < 0 {
				t.Errorf("Run(%q) left %+v", src, left)
			}
			if err != nil {
				if !errors.Is(err, &connector.Error{Code: connector.CodeExpressionFailed}) && !errors.Is(err, &connector.Error{Code: connector.CodeLimitExceeded}) {
					t.Errorf("Run(%q): %v", src, err)
				}
				continue
			}
			assertPlain(t, src, reflect.ValueOf(v), 0)
		}
	})
}
