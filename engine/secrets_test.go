package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
)

// The words to look for: nobody else writes them.
const (
	secretWord = "zqsecretzq"
	personWord = "zqperson@example.com"
)

// keysSchema has secrets and persons in every shape that a schema can give them.
const keysSchema = `{
  "title": "Keys", "x-effect": %q, "x-authenticates": %v, "x-errors": ["BAD"]%s,
  "properties": {
    "input": {"type": "object", "additionalProperties": false, "properties": {
      "plain": {"type": "string"}, "object": {"type": "object"}, "list": {"type": "array"}, "secret": {"type": "string", "secret": true},
      "name": {"type": "object", "properties": {"given": {"type": "string"}}}}},
    "output": {"type": "object", "required": ["rawResponse", "headers", "statusCode", "devices"], "properties": {
      "rawResponse": {"type": "object", "required": ["id", "device"], "properties": {"id": {"type": "string"}, "device": {"$ref": "#/$defs/device"}, "open": {"type": "object"}}},
      "headers": {"type": "object", "additionalProperties": {"type": "string"}}, "statusCode": {"type": "integer"},
      "devices": {"type": "array", "items": {"$ref": "#/$defs/device"}},
      "byName": {"type": "object", "additionalProperties": {"$ref": "#/$defs/device"}},
      "either": {"anyOf": [{"type": "string", "secret": true}, {"$ref": "#/$defs/device"}]},
      "seeds": {"type": "array", "items": {"type": "string", "secret": true}}},
      "$defs": {"device": {"type": "object", "required": ["id", "secret"], "properties": {
        "id": {"type": "string"}, "email": {"type": "string", "x-personal": true}, "secret": {"type": "string", "secret": true},
        "test": {"type": "object", "properties": {"otp": {"type": "string", "secret": true}}}}}}}
  }
}`

func keysOutput() map[string]any {
	device := func() map[string]any {
		return map[string]any{"id": "d1", "email": personWord, "secret": secretWord, "test": map[string]any{"otp": secretWord}, "keyUri": secretWord}
	}
	return map[string]any{
		"rawResponse": map[string]any{"id": "r1", "device": device(), "open": map[string]any{"password": secretWord, "mail": personWord}},
		"headers":     map[string]any{}, "statusCode": 200.0,
		"devices": []any{device(), device()}, "byName": map[string]any{"a": device()}, "either": secretWord, "seeds": []any{secretWord},
	}
}

// newSecretsWorld is a world with a capability that answers with secrets, and a log.
func newSecretsWorld(t *testing.T) (*world, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	w := newWorld(t, func(o *engine.Options) {
		o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	keys := w.capability("test/keys", keysSchema, connector.Read, true, false, "")
	keys.Run = func(context.Context, connector.Call) connector.Outcome {
		return connector.Complete{Output: keysOutput()}
	}
	reg, err := connector.NewRegistry(keys, w.capability("test/take", keysSchema, connector.Read, true, false, ""))
	if err != nil {
		t.Fatal(err)
	}
	w.caps.set("test/take", func(context.Context, connector.Call) connector.Outcome {
		return connector.Complete{Output: keysOutput()}
	})
	w.opts.Capabilities = reg
	w.open()
	return w, log
}

// secretsFlow asks for a secret, gets more of them, and has one place for an expression.
const secretsFlow = `schema: flow/v1
id: secrets
title: Secrets
start: ask
inputs: { key: { type: string, secret: true, required: true }, plain: { type: string, default: p } }
catch: { else: { then: broken, message: note } }
messages: { en: { note: "Note {p}" } }
screens:
  ask:
    title: Ask
    form: { type: object, required: [password, email], properties: { password: { type: string, secret: true }, email: { type: string }, inner: { type: object, properties: { pin: { type: string, secret: true }, hint: { type: string } } } } }
    actions: { submit: { title: Go } }
  say:
    title: Say
    with: { text: { type: string }, any: { type: object, additionalProperties: true }, list: { type: array, items: { type: object, properties: { id: { type: string }, secret: { type: string } } } } }
    actions: { submit: { title: Go } }
nodes:
  ask: { show: ask, next: keys }
  keys:
    uses: test/keys
    save: v
    set: { w: =out, l: =out.devices, m: "={k: out.rawResponse}" }
    next: place
  place:
%s
  say: { show: say, with: { text: "=string(nodes.keys.rawResponse.id)", any: =vars.x, list: =vars.l }, next: done }
  done: { end: done, outputs: { x: =vars.x } }
  broken: { end: failed }
`

const secretsChild = `schema: flow/v1
id: child
title: Child
start: keep
inputs: { plain: { type: string }, object: { type: object }, list: { type: array }, secret: { type: string, secret: true } }
nodes:
  keep: { set: { kept: "={o: inputs.object, l: inputs.list, p: inputs.plain}" }, next: say }
  say: { show: message, with: { text: "=inputs.plain ?? \"\"", details: =inputs.object }, next: back }
  back: { end: back, outputs: { plain: =inputs.plain, kept: =vars.kept, first: "=first(inputs.list ?? [])" } }
`

// secretPlaces are the ways in which a value may try to leave, around one expression.
var secretPlaces = map[string]string{
	"set":        "    set: { x: %s }",
	"chain":      "    set: { a: =vars.b, b: =vars.c, c: =vars.d, d: =vars.e, e: =vars.f, f: %s, x: =vars.a }",
	"circle":     "    set: { a: '={n: vars.b}', b: '={n: vars.a, v: vars.c}', c: %s, x: =vars.a }",
	"call":       "    call: child\n    with: { plain: %s }\n    set: { x: =out.outputs }",
	"call-whole": "    call: child\n    with: { object: %s }\n    set: { x: =out.outputs }",
	"call-list":  "    call: child\n    with: { list: [%s] }\n    set: { x: =out.outputs }",
	"taken":      "    call: child\n    with: { secret: %s }\n    set: { x: =out.outputs }",
	"uses":       "    uses: test/take\n    with: { plain: %s }\n    set: { x: =out }",
	"uses-name":  "    uses: test/take\n    with: { name: { given: %s } }\n    set: { x: =out.rawResponse }",
	"match":      "    match: %s\n    next: { else: say }",
	"when":       "    next:\n      - { when: '1 == 2 or %s == \"x\"', then: say }\n      - { then: say }",
	"message":    "    next:\n      - { then: say, message: { key: note, with: { p: %s } } }",
	"screen":     "    show: say\n    with: { text: %s }",
	"screen-any": "    show: say\n    with: { any: %s, list: [%[1]s] }",
	"error":      "    match: vars.v.statusCode\n    next: { 1: say, else: broken, 200: ended }\n  ended: { end: failed, error: { code: BAD, message: %s, details: { d: [%[1]s] } } }",
	"code":       "    match: vars.v.statusCode\n    next: { 1: say, else: broken, 200: ended }\n  ended: { end: failed, error: %s }",
	"outputs":    "    match: vars.v.statusCode\n    next: { 1: say, else: broken, 200: ended }\n  ended: { end: ended, outputs: { o: %s, l: [%[1]s] } }",
	"uses-whole": "    uses: test/take\n    with: { object: %s, list: [%[1]s] }\n    set: { x: =out.byName }",
}

// kindOfPlace is the kind of value that a place takes.
func kindOfPlace(place string) string {
	switch place {
	case "call", "taken", "uses", "uses-name", "match", "when", "screen", "message", "code":
		return "text"
	case "call-whole", "uses-whole", "screen-any":
		return "object"
	}
	return "any"
}

// exprMaker writes expressions over what has secrets, of the kind that is asked for: text,
// object, list or any.
type exprMaker struct{ *rand.Rand }

func (m exprMaker) pickOne(list ...string) string { return list[m.IntN(len(list))] }

func (m exprMaker) expr(kind string, depth int) string {
	switch kind {
	case "text":
		return m.text(depth)
	case "object":
		return m.object(depth)
	case "list":
		return m.list(depth)
	}
	return m.expr(m.pickOne("text", "object", "object", "list"), depth)
}

func (m exprMaker) text(depth int) string {
	if depth == 0 || m.IntN(3) == 0 {
		return m.pickOne("nodes.keys.rawResponse.id", "inputs.plain", "vars.l[0].id", "nodes.keys.rawResponse.device.secret", "nodes.ask.form.password", "inputs.key", "nodes.ask.form.email")
	}
	switch m.IntN(5) {
	case 0:
		return fmt.Sprintf("%s(%s)", m.pickOne("lower", "upper", "string", "trim"), m.text(depth-1))
	case 1:
		return fmt.Sprintf("(%s + %s)", m.text(depth-1), m.text(depth-1))
	case 2:
		return fmt.Sprintf(`(first(keys(%s)) ?? "none")`, m.object(depth-1))
	case 3:
		return fmt.Sprintf(`(%s == %s ? %s : %s)`, m.expr("any", depth-1), m.pickOne("nil", m.expr("any", depth-1)), m.text(depth-1), m.text(depth-1))
	}
	return fmt.Sprintf("(%s in %s ? %s : %s)", m.text(depth-1), m.list(depth-1), m.text(depth-1), m.text(depth-1))
}

func (m exprMaker) object(depth int) string {
	if depth == 0 || m.IntN(3) == 0 {
		return m.pickOne("nodes.keys", "vars.v", "vars.w", "vars.m", "vars.m.k", "nodes.keys.rawResponse", "nodes.keys.rawResponse.device", "vars.w.rawResponse.device", "vars.l[0]",
			"nodes.ask.form", "nodes.ask", "inputs", `(nodes.keys.byName ?? {})`, `(nodes.keys.rawResponse.open ?? {})`, `(nodes.ask.form.inner ?? {})`)
	}
	switch m.IntN(5) {
	case 0:
		return fmt.Sprintf("{a: %s, secret: %s}", m.expr("any", depth-1), m.expr("any", depth-1))
	case 1:
		return fmt.Sprintf("(%s ? %s : %s)", m.pickOne("true", "has(client.locale)", `inputs.plain == "p"`), m.object(depth-1), m.object(depth-1))
	case 2:
		return fmt.Sprintf("(find(%s, %s) ?? {})", m.pickOne("nodes.keys.devices", "vars.l"), m.pickOne("true", "has(.secret)", ". != nil"))
	case 3:
		return fmt.Sprintf(`(%s["a"] ?? {})`, m.pickOne("(nodes.keys.byName ?? {})", "(nodes.keys.rawResponse.open ?? {})"))
	}
	return fmt.Sprintf("(first(%s) ?? {})", m.pickOne("nodes.keys.devices", "vars.l", "filter(vars.l, true)", "map(vars.l, .)", "[vars.v]"))
}

func (m exprMaker) list(depth int) string {
	if depth == 0 || m.IntN(3) == 0 {
		return m.pickOne("nodes.keys.devices", "vars.l", "(nodes.keys.seeds ?? [])", "[nodes.keys.either]")
	}
	switch m.IntN(4) {
	case 0:
		return fmt.Sprintf("values(%s)", m.object(depth-1))
	case 1:
		return fmt.Sprintf("[%s, %s]", m.expr("any", depth-1), m.expr("any", depth-1))
	case 2:
		return fmt.Sprintf("map(%s, %s)", m.list(depth-1), m.pickOne(".", "({a: .})", "[.]", "string(1)", m.expr("any", depth-1)))
	}
	return fmt.Sprintf("filter(%s, %s)", m.list(depth-1), m.pickOne("true", ". != nil", ". == 1 or true"))
}

// leak looks for the words in all that an execution gives and leaves behind.
func leak(t *testing.T, w *world, log *bytes.Buffer, executions []*engine.Execution) string {
	t.Helper()
	given := strings.ToLower(dump(executions))
	if strings.Contains(given, secretWord) {
		return "the execution gives a secret: " + given
	}
	trace, err := w.run.Trace(t.Context(), executions[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	kept := dump(trace) + log.String()
	for rec, err := range w.db.Scan(t.Context(), store.Under("")) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(rec.Key), "/audit/") {
			kept += string(rec.Value)
		}
	}
	kept = strings.ToLower(kept)
	for _, word := range []string{secretWord, personWord} {
		if at := strings.Index(kept, word); at >= 0 {
			return fmt.Sprintf("trace, audit or log has %s: …%s", word, kept[max(0, at-300):at+30])
		}
	}
	return ""
}

// walkSecrets uploads the flow with one expression in one place; if the loader takes it,
// it is walked to its end, and what leaked is told.
func walkSecrets(t *testing.T, place, expr string) (taken bool, leaked string) {
	t.Helper()
	w, log := newSecretsWorld(t)
	w.put(secretsChild)
	value := "'=" + expr + "'"
	if strings.HasPrefix(place, "when") {
		value = expr // inside a condition that is quoted already
	}
	node := fmt.Sprintf(secretPlaces[place], value)
	if !strings.Contains(node, "next:") {
		node += "\n    next: say"
	}
	src := fmt.Sprintf(secretsFlow, node)
	if !strings.Contains(node, " x:") { // nothing sets it
		src = strings.NewReplacer(", any: =vars.x", "", ", outputs: { x: =vars.x }", "").Replace(src)
	}
	if _, err := w.run.Catalog().Put(t.Context(), "", []byte(src), true); err != nil {
		return false, ""
	}
	c := w.start("secrets", map[string]any{"key": secretWord})
	seen := []*engine.Execution{c.e}
	seen = append(seen, c.act("submit", map[string]any{"password": secretWord, "email": personWord, "inner": map[string]any{"pin": secretWord, "hint": "h"}}))
	for range 4 {
		if c.e.Step == nil {
			break
		}
		seen = append(seen, c.act(c.e.Step.Actions[0].ID, nil))
	}
	if c.e.Step != nil {
		t.Fatalf("%s, %s: the flow does not end: %s", place, expr, dump(c.e))
	}
	return true, leak(t, w, log, seen)
}

// FuzzNoSecretLeaves puts expressions that are made by chance, over values that have
// secrets inside, wherever a value may try to leave. What the loader takes does not leak.
func FuzzNoSecretLeaves(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		m := exprMaker{rand.New(rand.NewPCG(seed, 1))}
		for place := range secretPlaces {
			expr := m.expr(kindOfPlace(place), 3)
			if _, leaked := walkSecrets(t, place, expr); leaked != "" {
				t.Errorf("seed %d, %s, %s: %s", seed, place, expr, leaked)
			}
		}
	})
}

func TestNoSecretLeavesByAnyExpression(t *testing.T) {
	t.Parallel()
	const rounds = 30
	taken := map[string]int{}
	for seed := range uint64(rounds) {
		m := exprMaker{rand.New(rand.NewPCG(seed, 2))}
		for place := range secretPlaces {
			expr := m.expr(kindOfPlace(place), 3)
			ok, leaked := walkSecrets(t, place, expr)
			if ok {
				taken[place]++
			}
			if leaked != "" {
				t.Errorf("seed %d, %s, %s: %s", seed, place, expr, leaked)
			}
		}
	}
	for place := range secretPlaces {
		if taken[place] < rounds/20 {
			t.Errorf("%d of %d expressions were taken in the place %s, which shows little of it", taken[place], rounds, place)
		}
	}
}

// showsSeed gives a secret that it names to what does not mark it, as flows could while
// seeds were no secrets.
const showsSeed = `schema: flow/v1
id: shows-seed
title: Shows a seed
start: keys
screens:
  seed: { title: Seed, with: { key: { type: string } }, actions: { submit: { title: Go } } }
nodes:
  keys: { uses: test/keys, save: v, next: take }
  take: { uses: test/take, with: { plain: =vars.v.rawResponse.device.secret }, next: show }
  show: { show: seed, with: { key: =vars.v.rawResponse.device.secret }, next: done }
  done: { end: done, outputs: { seed: =vars.v.rawResponse.device.secret, id: =vars.v.rawResponse.id } }
`

// TestStoredFlowGivesTheSecretsItNamesAndNoneLeaves: it works as it did, on its screens
// and with its capabilities; what it gave back it does not give back any more.
func TestStoredFlowGivesTheSecretsItNamesAndNoneLeaves(t *testing.T) {
	t.Parallel()
	w, _ := newSecretsWorld(t)
	_, err := w.run.Catalog().Put(t.Context(), "", []byte(showsSeed), true)
	refusedBy(t, err, "secret-given", "secret-shown", "secret-used")
	w.inject(map[string]string{"shows-seed": showsSeed})
	c := w.start("shows-seed", nil)
	if c.e.Step == nil || c.e.Step.With["key"] != secretWord {
		t.Fatalf("the screen is given %s, want the seed", dump(c.e))
	}
	w.caps.mu.Lock()
	given := w.caps.calls["test/take"][0].Input["plain"]
	w.caps.mu.Unlock()
	if given != secretWord {
		t.Errorf("the capability is given %v, want the seed", given)
	}
	c.act("submit", nil)
	if want := map[string]any{"id": "r1"}; !reflect.DeepEqual(c.e.Outputs, want) {
		t.Errorf("outputs %v, want %v", c.e.Outputs, want)
	}
}
