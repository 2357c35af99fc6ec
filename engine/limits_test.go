package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
)

func TestStateLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(`schema: flow/v1
id: big
title: Big
start: a
nodes:
  a: { uses: test/do, save: v, next: b }
  b: { show: ask, next: { submit: ok, skip: ok, cancel: ok } }
  ok: { end: success }
` + ask)
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome {
		return done(map[string]any{"text": strings.Repeat("x", 70<<10)})
	})
	c := w.start("big", nil)
	c.ended(engine.Failed, "failed", connector.CodeLimitExceeded)
}

// TestBombsEndByTheirCounter: flows that the loader accepts, and that inputs make costly,
// are ended by the counter of what they spend. With small inputs the same flow completes,
// so nothing else stopped it.
func TestBombsEndByTheirCounter(t *testing.T) {
	t.Parallel()
	items := func(n int) any {
		list := make([]any, n)
		for i := range list {
			list[i] = map[string]any{"n": float64(i)}
		}
		return list
	}
	text := func(n int) any { return strings.Repeat("x", n) }
	const steps, handled = "took more steps than allowed", "handled more text than allowed"
	for name, tc := range map[string]struct {
		node         string // between `a:` and the end `ok`
		small, large any
		says         string
	}{
		"nested predicates over long lists": {
			"{ next: [{ when: 'count(inputs.list, count(inputs.list, .n > 0) > 5) > 5', then: ok }, { then: ok }] }", items(10), items(3000), steps},
		"a filter in a filter": {
			"{ set: { v: '=len(filter(inputs.list, len(filter(inputs.list, .n > 0)) > 5))' }, next: ok }", items(10), items(3000), steps},
		"a list searched in a loop": {
			"{ match: '=count(inputs.list, ({n: .n + 1} in inputs.list))', next: { 1: ok, else: ok } }", items(10), items(3000), steps},
		"a text joined in a loop": {
			"{ next: [{ when: 'count(inputs.list, inputs.text + inputs.text == inputs.text) > 5', then: ok }, { then: ok }] }", items(10), items(3000), handled},
		"a text searched in a loop": {
			"{ uses: test/do, with: { text: '=string(count(inputs.list, lower(inputs.text) contains \"y\"))' }, next: ok }", items(10), items(3000), handled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(`schema: flow/v1
id: bomb
title: Bomb
start: a
inputs:
  list: { type: array, items: { type: object, required: [n], properties: { n: { type: integer } } }, required: true }
  text: { type: string, required: true }
nodes:
  a: ` + tc.node + `
  ok: { end: success }
`)
			w.start("bomb", map[string]any{"list": tc.small, "text": text(10)}).ended(engine.Completed, "success", "")
			c := w.start("bomb", map[string]any{"list": tc.large, "text": text(2000)})
			c.ended(engine.Failed, "failed", connector.CodeLimitExceeded)
			if !strings.Contains(c.e.Error.Message, tc.says) {
				t.Errorf("got the error %q, want one that %s", c.e.Error.Message, tc.says)
			}
		})
	}
}

// TestCirclesEndByTheirCounter: loops without a person, a person going in circles and
// calls within calls end by the counter of visits or depth, and not before it.
func TestCirclesEndByTheirCounter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *engine.Options) { o.Limits = engine.Limits{StepVisits: 20, TotalVisits: 30, CallDepth: 2} })
	w.put(flowWithoutScreen("d3", "{ next: ok }"), flowWithoutScreen("d2", "{ call: d3, next: { success: ok } }"),
		flowWithoutScreen("d1", "{ call: d2, next: { success: ok } }"), flowWithoutScreen("d0", "{ call: d1, next: { success: ok } }"),
		flowWithoutScreen("around", "{ next: [{ when: request.userAgent == \"none\", then: ok }, { then: b }] }\n  b: { next: a }"),
		strings.Replace(flowWithoutScreen("person", "{ show: ask, next: { submit: a, skip: ok, cancel: ok } }"), "nodes:", ask+"nodes:", 1))
	w.start("d1", nil).ended(engine.Completed, "success", "")
	for flow, says := range map[string]string{"d0": "sub-flows are nested too deep", "around": "too many nodes were visited"} {
		c := w.start(flow, nil)
		c.ended(engine.Failed, "failed", connector.CodeLimitExceeded)
		if c.e.Error.Message != says {
			t.Errorf("%s: got the error %q, want %q", flow, c.e.Error.Message, says)
		}
	}
	c, answered := w.start("person", nil), 0
	for c.e.Step != nil && answered < 100 {
		c.act("submit", word)
		answered++
	}
	c.ended(engine.Failed, "failed", connector.CodeLimitExceeded)
	if c.e.Error.Message != "too many nodes were visited" || answered != 30 {
		t.Errorf("after %d answers the error is %q, want 30 and too many nodes were visited", answered, c.e.Error.Message)
	}
}

// flowWithoutScreen is a flow of one node and an end.
func flowWithoutScreen(id, node string) string {
	return "schema: flow/v1\nid: " + id + "\ntitle: T\nstart: a\nnodes:\n  a: " + node + "\n  ok: { end: success }\n"
}

// TestSecretsStayInTheStep: a secret field reaches the capability of its step and
// nothing else: not the store, even opened, not the trace.
func TestSecretsStayInTheStep(t *testing.T) {
	t.Parallel()
	const canary = "canary-8c1f"
	w := newWorld(t)
	w.put(screenFlow)
	got := ""
	w.caps.set("test/do", func(_ context.Context, c connector.Call) connector.Outcome {
		got, _ = c.Input["secret"].(string)
		return failWith("INVALID_OTP")
	})
	c := w.start("f", nil)
	c.act("submit", map[string]any{"word": "w", "pin": canary})
	if got != canary {
		t.Errorf("the capability got %q", got)
	}
	for rec, err := range w.db.Scan(t.Context(), store.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(rec.Value, []byte(canary)) {
			t.Errorf("%s holds the secret", rec.Key)
		}
	}
	trace, err := w.run.Trace(t.Context(), c.id)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(dump(trace), canary) {
		t.Error("the trace holds the secret")
	}
}

// TestSecretInputsStayInTheStep: a secret input reaches the first step of its flow, also
// of a sub-flow, and no record.
func TestSecretInputsStayInTheStep(t *testing.T) {
	t.Parallel()
	const canary = "canary-77aa"
	w := newWorld(t)
	w.put(`schema: flow/v1
id: inner
title: Inner
start: use
inputs: { p: { type: string, required: true, secret: true }, q: { type: string, default: open } }
nodes:
  use: { uses: test/do, with: { secret: =inputs.p, text: =inputs.q }, next: a }
  a: { show: ask, next: { submit: ok, skip: ok, cancel: ok } }
  ok: { end: ok, outputs: { q: =inputs.q } }
`+ask, `schema: flow/v1
id: outer
title: Outer
start: in
inputs: { p: { type: string, required: true, secret: true } }
nodes:
  in: { call: inner, with: { p: =inputs.p }, next: { ok: ok } }
  ok: { end: success, outputs: { q: =nodes.in.outputs.q } }
`)
	got := map[string]any{}
	w.caps.set("test/do", func(_ context.Context, c connector.Call) connector.Outcome {
		got = c.Input
		return done(map[string]any{})
	})
	c := w.start("outer", map[string]any{"p": canary})
	if got["secret"] != canary || got["text"] != "open" {
		t.Errorf("the capability got %v", got)
	}
	for rec, err := range w.db.Scan(t.Context(), store.Range{}) {
		if err != nil || bytes.Contains(rec.Value, []byte(canary)) {
			t.Errorf("%s holds the secret, or %v", rec.Key, err)
		}
	}
	c.act("submit", word)
	c.ended(engine.Completed, "success", "")
	if c.e.Outputs["q"] != "open" {
		t.Errorf("outputs are %v", c.e.Outputs)
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(`schema: flow/v1
id: why
title: Why
start: a
nodes:
  a: { uses: test/do, save: v, next: b }
  b:
    next:
      - { when: vars.v.rawResponse.n == 7, then: seven }
      - { then: other }
  seven: { end: success }
  other: { end: other }
`)
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return done(map[string]any{"n": 7.0}) })
	c := w.start("why", nil)
	trace, err := w.run.Trace(t.Context(), c.id)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range trace.Entries {
		if e.Event == "when" {
			if e.Expression != "vars.v.rawResponse.n == 7" || e.Value != true || e.Read["vars.v.rawResponse.n"] != 7.0 {
				t.Errorf("decision is %s", dump(e))
			}
			return
		}
	}
	t.Errorf("no decision in %s", dump(trace))
}

// TestAuditTellsTheEnd: how an execution ended, and with what outputs, is in the audit.
func TestAuditTellsTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(`schema: flow/v1
id: skip
title: Skip
start: a
nodes:
  a: { show: ask, next: { submit: ok, skip: ok, cancel: lost } }
  ok: { end: success, outputs: { mfa: skipped } }
  lost: { end: failed, error: NOBODY }
` + ask)
	for action, want := range map[string]string{"skip": `success {"mfa":"skipped"}`, "cancel": `failed NOBODY {}`} {
		c := w.start("skip", nil)
		c.act(action, nil)
		got := endInAudit(w, c.id)
		if got != want {
			t.Errorf("%s: the audit says %q, want %q", action, got, want)
		}
	}
}

// endInAudit is what the audit says of the end of an execution.
func endInAudit(w *world, id string) (text string) {
	w.t.Helper()
	for rec, err := range w.db.Scan(w.t.Context(), store.Under("default/audit/")) {
		if err != nil {
			w.t.Fatal(err)
		}
		events, err := audit.Read(rec)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range events {
			if e.ExecutionID == id && e.Description != "" {
				text = e.Description
			}
		}
	}
	return text
}

// The audit holds a person's name as one hash, however deep in the outputs it stands.
func TestAuditHidesPersonalOutputsHoweverDeep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(`schema: flow/v1
id: deep
title: Deep
inputs: { name: { type: string, x-personal: true }, absent: { type: string } }
start: a
nodes:
  a: { uses: test/do, next: ok }
  ok: { end: success, outputs: { plain: '=inputs.name', map: { in: '=inputs.name' }, list: [ '=inputs.absent', '=inputs.name', 5 ] } }
`)
	c := w.start("deep", map[string]any{"name": "zacharias"})
	var out struct {
		Plain string
		Map   map[string]string
		List  []any
	}
	text := endInAudit(w, c.id)
	if err := json.Unmarshal([]byte(strings.TrimPrefix(text, "success ")), &out); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if strings.Contains(text, "zacharias") || out.Plain == "" || out.Map["in"] != out.Plain || !slices.Equal(out.List, []any{nil, out.Plain, 5.0}) {
		t.Errorf("the audit says %s", text)
	}
}

// TestOneCommitAStep counts what a step costs the store.
func TestOneCommitAStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(screenFlow)
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return failWith("INVALID_OTP") })
	before := w.db.Stats()
	c := w.start("f", nil)
	if got := w.db.Stats().Commits - before.Commits; got != 1 {
		t.Errorf("a start commits %d times", got)
	}
	before = w.db.Stats()
	c.act("submit", word)
	after := w.db.Stats()
	if got := after.Commits - before.Commits; got != 1 {
		t.Errorf("a step commits %d times", got)
	}
	if records, bytes := after.Records-before.Records, after.Bytes-before.Bytes; records > 3 || bytes > 6<<10 {
		t.Errorf("a step wrote %d records of %d bytes, at most 3 and 6144 are allowed", records, bytes)
	}
}
