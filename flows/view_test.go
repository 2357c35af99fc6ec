package flows_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/flows"
)

// screenOf is a screen that takes one member, `v`, of a schema.
func screenOf(t testing.TB, schema string) (*flows.Screen, []flows.Problem) {
	t.Helper()
	f, problems := load(t, "view.yaml", fmt.Appendf(nil, `schema: flow/v1
id: view
title: View
start: ask
screens:
  ask: { title: Ask, with: { v: %s }, actions: { submit: { title: Go } } }
nodes:
  ask: { show: ask, next: gone }
  gone: { end: canceled }
`, schema))
	if f == nil || f.Screens["ask"] == nil || f.Screens["ask"].With[0].Schema == nil {
		t.Fatalf("%s: %v", schema, problems)
	}
	return f.Screens["ask"], problems
}

var viewTests = []struct{ schema, value, want string }{
	{`{ type: string }`, `"a"`, `"a"`},
	{`{ type: string }`, `{"a": 1}`, ``},
	{`{ type: string }`, `["a"]`, ``},
	{`{ type: string }`, `7`, ``},
	{`{ type: [integer, "null"] }`, `null`, `null`},
	{`{ type: integer }`, `7.5`, ``},
	{`{ type: number }`, `7`, `7`},
	{`{ type: string, x-mask: email }`, `"joe.smith@example.com"`, `"j****@example.com"`},
	{`{ type: string, x-mask: email }`, `"j****@example.com"`, `"j****@example.com"`},
	{`{ type: string, x-mask: email }`, `"no address"`, `"****"`},
	{`{ type: string, x-mask: phone }`, `"+1 (512) 555-12 44"`, `"*******44"`},
	{`{ type: string, x-mask: phone }`, `"*******44"`, `"*******44"`},
	{`{ type: string, x-mask: phone }`, `"44"`, `"*******"`},
	{`{ type: string, x-mask: phone }`, `"+९१ ९८७६५ ४३२१०"`, `"*******१०"`},
	{`{ type: [string, integer], x-mask: phone }`, `15125551244`, `"*******44"`},
	{`{ type: [string, number, "null"], x-mask: email }`, `7`, `"****"`},
	{`{ type: object, $defs: { e: { type: string } }, properties: { e: { $ref: "#/$defs/e", type: string, x-mask: email } } }`, `{"e": "b@x.org"}`, `{"e": "b****@x.org"}`},
	{`{ type: string, allOf: [{ type: string, x-mask: email }] }`, `"b@x.org"`, `"b****@x.org"`},
	{`{ type: string, anyOf: [{ type: string }, { type: string, x-mask: phone }] }`, `"+15125551244"`, `"*******44"`},
	{`{ type: object, properties: { o: { type: object, properties: { e: { type: string } } } }, allOf: [{ properties: { o: { properties: { e: { type: string, x-mask: email } } } } }] }`,
		`{"o": {"e": "b@x.org"}}`, `{"o": {"e": "b****@x.org"}}`},
	{`{ type: array, items: { type: string }, oneOf: [{ items: { type: string, x-mask: email } }] }`, `["b@x.org"]`, `["b****@x.org"]`},
	{`{ type: object, properties: { a: { type: string } } }`, `{"a": "x", "b": "y", "c": {"a": "z"}}`, `{"a": "x"}`},
	{`{ type: object, properties: { a: { type: string } } }`, `{"a": {"b": 1}}`, `{}`},
	{`{ type: object, properties: { a: { type: object, properties: { b: { type: array, items: { type: object, properties: { id: { type: string } } } } } } } }`,
		`{"a": {"b": [{"id": "1", "no": 2}, "text", [{"id": "3"}]], "no": 4}}`, `{"a": {"b": [{"id": "1"}]}}`},
	{`{ type: object, additionalProperties: { type: string, x-mask: email } }`, `{"a": "b@x.org", "c": {"d": 1}}`, `{"a": "b****@x.org"}`},
	{`{ type: object, properties: { a: { type: string, x-mask: email } }, additionalProperties: true }`, `{"a": "b@x.org", "c": {"d": 1, "password": "p"}, "otp": "1"}`, `{"a": "b****@x.org", "c": {"d": 1}}`},
	{`{ type: array, items: { type: [string, integer] } }`, `["a", 1, true, {"b": 2}]`, `["a", 1]`},
	{`{ type: object, $defs: { d: { type: object, properties: { id: { type: string }, next: { $ref: "#/$defs/d" } } } }, properties: { d: { $ref: "#/$defs/d" } } }`,
		`{"d": {"id": "1", "no": 1, "next": {"id": "2", "no": 2}}}`, `{"d": {"id": "1", "next": {"id": "2"}}}`},
	{`{ type: object, properties: { a: { oneOf: [{ type: string }, { type: object, properties: { id: { type: string } } }] } } }`, `{"a": {"id": "1", "no": 2}}`, `{"a": {"id": "1"}}`},
	{`{ type: object, properties: { a: { type: string } }, allOf: [{ properties: { b: { type: string } } }] }`, `{"a": "1", "b": "2", "c": "3"}`, `{"a": "1", "b": "2"}`},
}

func TestScreenIsGivenWhatItDeclaresAndNoMore(t *testing.T) {
	t.Parallel()
	for _, tt := range viewTests {
		s, problems := screenOf(t, tt.schema)
		if len(problems) > 0 {
			t.Errorf("%s: %v", tt.schema, problems)
		}
		var value any
		if err := json.Unmarshal([]byte(tt.value), &value); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{}
		if tt.want != "" {
			var v any
			if err := json.Unmarshal([]byte(tt.want), &v); err != nil {
				t.Fatal(err)
			}
			want["v"] = v
		}
		if diff := cmp.Diff(want, s.View(map[string]any{"v": value, "other": value})); diff != "" {
			t.Errorf("%s of %s (-want +got)\n%s", tt.schema, tt.value, diff)
		}
	}
}

// TestScreenLetsNothingUndeclaredThrough holds made-up values against made-up schemas:
// the loader refuses the schema, or every member that is left is declared.
func TestScreenLetsNothingUndeclaredThrough(t *testing.T) {
	t.Parallel()
	refused := 0
	const rounds = 400
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 3))
		schema := madeSchema(r, 3)
		s, problems := screenOf(t, schema)
		if len(problems) > 0 {
			refused++
			continue
		}
		view := fmt.Sprint(s.View(map[string]any{"v": madeValue(r, 4)}))
		if strings.Contains(view, "CANARY") {
			t.Errorf("seed %d: %s lets through %s", seed, schema, view)
		}
	}
	if refused < rounds/10 || refused > rounds*9/10 {
		t.Errorf("%d of %d schemas were refused, which shows little of either", refused, rounds)
	}
}

func madeSchema(r *rand.Rand, depth int) string {
	switch n := r.IntN(12); {
	case depth == 0 || n < 3:
		return []string{`{ type: boolean }`, `{ type: integer }`, `{ type: object }`, `{ type: object, properties: {} }`}[r.IntN(4)]
	case n < 7:
		return fmt.Sprintf(`{ type: object, properties: { a: %s, b: %s } }`, madeSchema(r, depth-1), madeSchema(r, depth-1))
	case n < 9:
		return fmt.Sprintf(`{ type: array, items: %s }`, madeSchema(r, depth-1))
	case n == 9:
		return fmt.Sprintf(`{ type: object, additionalProperties: %s }`, madeSchema(r, depth-1))
	case n == 10:
		return fmt.Sprintf(`{ type: object, properties: { a: %s }, allOf: [%s], patternProperties: { ".*": %s } }`, madeSchema(r, depth-1), madeSchema(r, depth-1), madeSchema(r, depth-1))
	}
	return fmt.Sprintf(`{ type: [object, array, "null"], properties: { b: %s }, items: %s }`, madeSchema(r, depth-1), madeSchema(r, depth-1))
}

// madeValue has only texts for leaves, which no made schema declares.
func madeValue(r *rand.Rand, depth int) any {
	switch n := r.IntN(6); {
	case depth == 0 || n == 0:
		return "CANARY"
	case n < 4:
		return map[string]any{"a": madeValue(r, depth-1), "b": madeValue(r, depth-1), "c": madeValue(r, depth-1), "d": "CANARY"}
	}
	return []any{madeValue(r, depth-1), "CANARY", madeValue(r, depth-1)}
}

// TestScreenMayDeclareLessThanItIsGiven: what it does not declare is cut off, which is no
// mistake, even where its schema would refuse the rest.
func TestScreenMayDeclareLessThanItIsGiven(t *testing.T) {
	t.Parallel()
	_, problems := load(t, "less.yaml", []byte(`schema: flow/v1
id: less
title: Less
start: read
catch: { else: gone }
screens:
  ask: { title: Ask, with: { devices: { type: array, items: { type: object, additionalProperties: false, properties: { id: { type: string } } } } }, actions: { submit: { title: Go } } }
nodes:
  read: { uses: mfa/read-all-devices, with: { userId: u1 }, next: ask }
  ask: { show: ask, with: { devices: =nodes.read.devices }, next: gone }
  gone: { end: canceled }
`))
	if len(problems) > 0 {
		t.Errorf("problems: %v, want none", problems)
	}
}
