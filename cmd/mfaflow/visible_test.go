package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// hostile are texts with all that a terminal or a page obeys, in any order.
var hostile = rapid.Custom(func(t *rapid.T) string {
	return strings.Join(rapid.Permutation([]string{
		"\x1b[2J", "\x1b]0;x\a", "\x1b[1A\x1b[2K", "\u009b31m", "\u0085", "\u202e", "\u2066", "\u2069", "\u200b", "\ufeff", "\u2028", "\x7f", "\x00", "\x08", "\r", "\ue000", "\ue001", "\U000e0041",
		"%%{init: {}}%%", "\"", "'", "]", "中", "\xff", "\xc3(", "\n", rapid.StringN(0, 5, -1).Draw(t, "any"),
	}).Draw(t, "parts"), "")
})

// TestNoOutputOfACommandIsObeyed: whatever stands in flows, tests and inputs, graph, lint, fmt,
// test, push and run print what can be seen.
func TestNoOutputOfACommandIsObeyed(t *testing.T) {
	t.Parallel()
	for i := range 2 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			raw := hostile.Example(i)
			text := strconv.QuoteToASCII(strings.ToValidUTF8(raw, "?"))
			line := strings.NewReplacer("\n", "", "\r", "").Replace(raw)
			literal := strconv.QuoteToASCII(`"` + strings.NewReplacer(`\`, "", `"`, "", "\n", "").Replace(strings.ToValidUTF8(raw, "?")) + `"`)
			dir := t.TempDir()
			write(t, dir, "hostile.yaml", fmt.Sprintf(`schema: flow/v1
id: hostile
title: %[1]s
start: ask
inputs: { x: { type: string, client: true } }
screens:
  ask:
    title: %[1]s
    with: { hint: { type: string } }
    form: { type: object, properties: { x: { type: string, title: %[1]s, enum: [%[1]s, b] } } }
    actions: { submit: { title: %[1]s } }
messages: { en: { told: %[1]s } }
nodes:
  ask: { show: ask, with: { hint: =inputs.x }, next: { submit: decide } }
  decide:
    next:
      - { when: %[2]s == inputs.x, then: ask, message: told }
      - { then: done }
  done: { end: failed, error: %[1]s }
`, text, literal))
			write(t, dir, "hostile.test.yaml", fmt.Sprintf(`schema: flowtest/v1
flow: hostile
tests:
  - name: %[1]s
    inputs: { x: %[1]s }
    steps: [{ see: ask, message: told }, { act: submit, form: { x: %[1]s } }, { end: success, expect: %[2]s == "x" }]
`, text, literal))
			write(t, dir, "raw.yaml", "schema: flow/v1\nid: raw\nstart: a\nnodes:\n  a: { uses: mfa/none, nxt: \""+line+"\" } # "+line+"\n  "+line+": { end: success }\n")
			write(t, dir, "raw.test.yaml", "schema: flowtest/v1\nflow: "+line+"\ntests: [{ name: \""+line+"\", steps: [{ sea: "+line+" }] }]\n")
			for _, args := range [][]string{
				{"graph", "hostile.yaml"}, {"graph", "-o", "json", "hostile.yaml"}, {"graph", "raw.yaml"}, {"lint", "hostile.yaml"}, {"lint", "-o", "json", "hostile.yaml"},
				{"lint", "raw.yaml"}, {"lint", "-o", "json", "raw.yaml"}, {"lint", "raw.test.yaml"}, {"fmt", "--check", "raw.yaml"}, {"fmt", "--check", "hostile.yaml"}, {"test", "hostile.test.yaml"},
				{"test", "-o", "json", "hostile.test.yaml"}, {"test", "raw.test.yaml"}, {"run", "hostile.yaml", "--input", "x=" + line}, {"run", "-o", "json", "hostile.yaml", "--input", "x=" + line},
				{"run", "raw.yaml"}, {"run", line}, {"lint", line}, {line}, {"lint", "--" + line}, {"push", line, "--server", line},
			} {
				args = inDir(dir, args)
				var out, errs strings.Builder
				execute(t.Context(), args, &out, &errs)
				for _, said := range []string{out.String(), errs.String()} {
					if at := firstObeyed(said); at != "" {
						t.Errorf("%q prints %q, raw, in\n%q", args, at, said)
					}
				}
				if args[0] != "run" && len(args) > 2 && args[2] == "json" && out.Len() > 0 && !json.Valid([]byte(out.String())) {
					t.Errorf("%q prints no JSON: %s", args, out.String())
				}
			}
		})
	}
}

// inDir names the files of a command line in their folder.
func inDir(dir string, args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if strings.HasSuffix(a, ".yaml") {
			a = filepath.Join(dir, a)
		}
		out[i] = strings.ReplaceAll(a, "\x00", "") // no command line has one
	}
	return out
}

// firstObeyed is the first character of a text that is not to be seen, but obeyed.
func firstObeyed(s string) string {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") || r != '\n' && r != '\t' && !unicode.IsGraphic(r) {
			return s[i:min(i+4, len(s))]
		}
	}
	return ""
}
