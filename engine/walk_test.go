package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
)

// ask is a flow's own screen with one field.
const ask = `
screens:
  ask:
    title: Ask
    with: { hint: { type: string } }
    form: { type: object, required: [word], properties: { word: { type: string, maxLength: 20 }, pin: { type: string, secret: true } } }
    actions: { submit: { title: Go }, skip: { title: Skip, form: false }, cancel: { title: Cancel, form: false } }
messages: { en: { ask.again: "Once more, {left} left.", ask.timeout: "Too slow." } }
`

func TestWalk(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, nodes, inputs string
		do                  map[string]connector.Outcome
		status              engine.Status
		outcome, code       string
		outputs             map[string]any
	}{
		{
			name: "an output is read by a list of conditions",
			nodes: `
  a: { uses: test/do, next: b }
  b:
    next:
      - { when: nodes.a.rawResponse.n == 7, then: seven }
      - { then: other }
  seven: { end: success, outputs: { text: =nodes.a.rawResponse.text } }
  other: { end: failed }`,
			do:     map[string]connector.Outcome{"test/do": done(map[string]any{"n": 7.0, "text": "hi"})},
			status: engine.Completed, outcome: "success", outputs: map[string]any{"text": "hi"},
		},
		{
			name: "match routes by text, number and else",
			nodes: `
  a: { uses: test/do, save: v, next: b }
  b: { match: vars.v.rawResponse.n, next: { 1: one, else: other } }
  one: { end: one }
  other: { end: other }`,
			do:     map[string]connector.Outcome{"test/do": done(map[string]any{"n": 1.0})},
			status: engine.Completed, outcome: "one",
		},
		{
			name: "match on an absent value is else",
			nodes: `
  a: { uses: test/do, save: v, next: b }
  b: { match: vars.v.rawResponse.text, next: { x: one, else: other } }
  one: { end: one }
  other: { end: other }`,
			status: engine.Completed, outcome: "other",
		},
		{
			name: "a node's catch wins over the flow's",
			nodes: `
  a: { uses: test/do, next: ok, catch: { BAD: mine } }
  ok: { end: success }
  mine: { end: mine, outputs: { code: =error.code } }
  flows: { end: flows }`,
			do:     map[string]connector.Outcome{"test/do": failWith("BAD")},
			status: engine.Completed, outcome: "mine", outputs: map[string]any{"code": "BAD"},
		},
		{
			name: "the flow's catch takes what no node does",
			nodes: `
  a: { uses: test/do, next: ok, catch: { BAD: mine } }
  ok: { end: success }
  mine: { end: mine }
  flows: { end: flows }`,
			do:     map[string]connector.Outcome{"test/do": failWith("WORSE")},
			status: engine.Completed, outcome: "flows",
		},
		{
			name: "an end carries the error that led there",
			nodes: `
  a: { uses: test/do, next: ok, catch: { BAD: lost } }
  ok: { end: success }
  lost: { end: failed }
  flows: { end: flows }`,
			do:     map[string]connector.Outcome{"test/do": failWith("BAD")},
			status: engine.Failed, outcome: "failed", code: "BAD",
		},
		{
			name: "set computes variables from the output",
			nodes: `
  a:
    uses: test/do
    set: { twice: "=(out.rawResponse.n ?? 0) * 2" }
    next: b
  b: { match: vars.twice, next: { 6: ok, else: flows } }
  ok: { end: success }
  flows: { end: flows }`,
			do:     map[string]connector.Outcome{"test/do": done(map[string]any{"n": 3.0})},
			status: engine.Completed, outcome: "success",
		},
		{
			name: "a member that comes out as nil is left out",
			nodes: `
  a: { uses: test/do, with: { text: =inputs.absent }, next: ok }
  ok: { end: success, outputs: { gone: =inputs.absent, env: =env.brand } }
  flows: { end: flows }`,
			inputs: "  absent: { type: string }\n",
			status: engine.Completed, outcome: "success", outputs: map[string]any{"env": "Acme"},
		},
		{
			name: "a run error of an expression is caught and picks no branch",
			nodes: `
  a: { uses: test/do, next: b }
  b:
    next:
      - { when: "int(nodes.a.rawResponse.text ?? \"x\") > 1", then: ok }
      - { then: ok }
    catch: { EXPRESSION_FAILED: lost }
  ok: { end: success }
  lost: { end: lost }
  flows: { end: flows }`,
			status: engine.Completed, outcome: "lost",
		},
		{
			name: "a capability that panics is INTERNAL",
			nodes: `
  a: { uses: test/do, next: ok, catch: { INTERNAL: lost } }
  ok: { end: success }
  lost: { end: lost }
  flows: { end: flows }`,
			do:     map[string]connector.Outcome{"test/do": nil},
			status: engine.Completed, outcome: "lost",
		},
		{
			name: "output that breaks the schema is OUTPUT_INVALID",
			nodes: `
  a: { uses: test/do, next: ok, catch: { OUTPUT_INVALID: lost } }
  ok: { end: success }
  lost: { end: lost }
  flows: { end: flows }`,
			do:     map[string]connector.Outcome{"test/do": done(map[string]any{"n": "seven"})},
			status: engine.Completed, outcome: "lost",
		},
		{
			name: "a loop without a person ends the execution",
			nodes: `
  a: { uses: test/do, next: b }
  b:
    next:
      - { when: nodes.a.statusCode == 1, then: ok }
      - { then: a }
  ok: { end: success }
  flows: { end: flows }`,
			status: engine.Failed, outcome: "failed", code: connector.CodeLimitExceeded,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for id, o := range tc.do {
				w.caps.set(id, func(context.Context, connector.Call) connector.Outcome {
					if o == nil {
						panic("boom")
					}
					return o
				})
			}
			inputs := ""
			if tc.inputs != "" {
				inputs = "inputs:\n" + tc.inputs
			}
			catch := ""
			if strings.Contains(tc.nodes, "\n  flows:") {
				catch = "catch: { WORSE: flows, else: flows }\n"
			}
			if tc.name == "an end carries the error that led there" || tc.code == connector.CodeLimitExceeded {
				catch = "catch: { WORSE: flows }\n"
			}
			w.put("schema: flow/v1\nid: f\ntitle: F\nstart: a\n" + inputs + catch + "nodes:" + tc.nodes + "\n")
			c := w.start("f", nil)
			c.ended(tc.status, tc.outcome, tc.code)
			if diff := cmp.Diff(tc.outputs, c.e.Outputs); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
		})
	}
}

const screenFlow = `schema: flow/v1
id: f
title: F
start: a
timeout: 20m
nodes:
  a:
    show: ask
    with: { hint: =env.brand }
    timeout: 5m
    next: { submit: b, skip: skipped, cancel: canceled, timeout: { then: a, message: ask.timeout } }
  b:
    uses: test/do
    with: { text: =nodes.a.form.word, secret: "=nodes.a.form.pin ?? \"\"" }
    next: ok
    catch: { INVALID_OTP: { then: a, message: ask.again } }
  ok: { end: success, outputs: { word: =nodes.a.form.word, visits: =nodes.a.visits } }
  skipped: { end: skipped }
  canceled: { end: canceled }
` + ask

func TestScreen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.caps.set("test/do", func(_ context.Context, c connector.Call) connector.Outcome {
		if c.Input["text"] != "right" || c.Input["secret"] != "1234" {
			return connector.Fail{Code: "INVALID_OTP", Details: map[string]any{"innerError": map[string]any{"left": 2.0}}}
		}
		return done(map[string]any{})
	})
	w.put(screenFlow)
	c := w.start("f", nil)
	c.see("a")
	if c.e.Step.With["hint"] != "Acme" || c.e.Step.Title != "Ask" || c.e.Step.Screen != "ask" {
		t.Errorf("step is %s", dump(c.e.Step))
	}
	if want := w.clock.Now().Add(5 * time.Minute); !c.e.Step.ExpiresAt.Equal(want) {
		t.Errorf("expires at %v, want %v", c.e.Step.ExpiresAt, want)
	}
	first := c.e.Step.Token
	c.act("submit", map[string]any{"word": "wrong", "pin": "1234"})
	c.see("a", "ask.again")
	if got := c.e.Step.Message.Text; got != "Once more, 2 left." {
		t.Errorf("text is %q", got)
	}
	if diff := cmp.Diff(map[string]any{"word": "wrong"}, c.e.Step.Values); diff != "" {
		t.Errorf("values keep what was typed but no secret (-want +got):\n%s", diff)
	}
	if c.e.Step.Token == first {
		t.Error("the next step has the same token")
	}
	c.act("submit", map[string]any{"word": "right", "pin": "1234"})
	c.ended(engine.Completed, "success", "")
	if diff := cmp.Diff(map[string]any{"word": "right", "visits": 2.0}, c.e.Outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// TestAnEndWithAnErrorIsFailed: whatever its name, and although somebody was
// authenticated; without the error the same name completes with a result.
func TestAnEndWithAnErrorIsFailed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"denied", "success", "canceled", "failed", "ok", "locked_out"} {
		for _, given := range []string{"", "ACCESS_DENIED", "{ code: ACCESS_DENIED, details: { why: risk } }", `="ACCESS_" + "DENIED"`} {
			t.Run(name+" "+given, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.caps.set("test/login", func(context.Context, connector.Call) connector.Outcome {
					return connector.Complete{Output: output(map[string]any{}), Proof: &connector.Proof{UserID: "u1", Methods: []string{"pwd"}, At: w.clock.Now()}}
				})
				end := "end: " + name + ", outputs: { seen: true }"
				if given != "" {
					end += ", error: " + given
				}
				w.put("schema: flow/v1\nid: f\ntitle: F\nstart: a\nnodes:\n  a: { uses: test/login, next: z }\n  z: { " + end + " }\n")
				c := w.start("f", nil)
				switch {
				case given != "":
					c.ended(engine.Failed, name, "ACCESS_DENIED")
				case name == "failed":
					c.ended(engine.Failed, name, connector.CodeFlowFailed)
				case name == "canceled":
					c.ended(engine.Canceled, name, "")
				default:
					c.ended(engine.Completed, name, "")
				}
				if completed := c.e.Status == engine.Completed; completed != (c.e.Result != nil) {
					t.Errorf("got status %s with the result %v, want a result with COMPLETED only", c.e.Status, c.e.Result)
				}
				if c.e.Outputs["seen"] != true {
					t.Errorf("got outputs %v, want them kept", c.e.Outputs)
				}
			})
		}
	}
}

// TestAnEndWithAnErrorIsAnOutcomeOfASubFlow: the caller routes it by name like any other,
// and an end that it routes to carries the error on.
func TestAnEndWithAnErrorIsAnOutcomeOfASubFlow(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"denied", "success", "failed", "canceled"} {
		for target, want := range map[string]string{"end: failed": "ACCESS_DENIED", "end: fine": ""} {
			t.Run(name+" to "+target, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.put(replace(flowWithoutScreen("inner", "{ next: ok }"), "end: success", "end: "+name+", error: ACCESS_DENIED"),
					"schema: flow/v1\nid: outer\ntitle: F\nstart: a\nnodes:\n  a: { call: inner, next: { "+name+": z, else: other } }\n  z: { "+target+" }\n  other: { end: other }\n")
				c := w.start("outer", nil)
				if want == "" {
					c.ended(engine.Completed, "fine", "")
				} else {
					c.ended(engine.Failed, "failed", want)
				}
			})
		}
	}
}
