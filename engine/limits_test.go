package engine_test

import (
	"bytes"
	"context"
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

// TestBombs: expressions built to eat the machine end the flow by a counter.
func TestBombs(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]string{
		"nested predicates over long lists": `count(vars.big.rawResponse.list, count(vars.big.rawResponse.list, true) >= 0) > 0`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, err := w.run.Catalog().Put(t.Context(), "", []byte(`schema: flow/v1
id: bomb
title: Bomb
start: a
inputs: { list: { type: array, items: { type: number } } }
nodes:
  a:
    next:
      - { when: "`+replace(when, "vars.big.rawResponse.list", "inputs.list")+`", then: ok }
      - { then: ok }
  ok: { end: success }
`), true)
			if err != nil {
				return // refused at load: as good
			}
			list := make([]any, 3000)
			for i := range list {
				list[i] = 1.0
			}
			c := w.start("bomb", map[string]any{"list": list})
			c.ended(engine.Failed, "failed", connector.CodeLimitExceeded)
		})
	}
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
		got := ""
		for rec, err := range w.db.Scan(t.Context(), store.Under("default/audit/")) {
			if err != nil {
				t.Fatal(err)
			}
			events, err := audit.Read(rec)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e.ExecutionID == c.id && e.Description != "" {
					got = e.Description
				}
			}
		}
		if got != want {
			t.Errorf("%s: the audit says %q, want %q", action, got, want)
		}
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
