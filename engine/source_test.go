package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
)

const sourceFlow = `schema: flow/v1
id: source
title: Source
public: true
start: first
nodes:
  first: { uses: test/do, next: a }
  a:
    show: ask
    timeout: 5m
    poll: { uses: test/do, every: 2s, until: out.rawResponse.ok == true }
    next: { submit: outside, skip: second, cancel: open, done: second, timeout: second }
  outside: { uses: test/once, next: second }
  second: { uses: test/do, next: b }
  b: { show: ask, timeout: 5m, next: { submit: ok, skip: ok, cancel: open, timeout: open } }
  open: { uses: test/make, next: canceled }
  ok: { end: success }
  canceled: { end: canceled }
` + ask

// TestCapabilitiesAreToldForWhomTheyRun: at a start, an answer, a poll, an outside call,
// what follows it, a timer, and when the engine takes back what was open.
func TestCapabilitiesAreToldForWhomTheyRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(sourceFlow)
	var told []connector.Source
	for _, id := range []string{"test/do", "test/once", "test/make", "test/unmake"} {
		w.caps.set(id, func(ctx context.Context, _ connector.Call) connector.Outcome {
			told = append(told, connector.SourceOf(ctx))
			if id == "test/make" {
				return done(map[string]any{"id": "t1", "status": "OPEN"})
			}
			return done(map[string]any{})
		})
	}
	start := func(q engine.StartRequest) *client {
		q.Flow = "source"
		e, err := w.run.Start(t.Context(), q)
		if err != nil {
			t.Fatal(explain(err))
		}
		return &client{w: w, id: e.ID, handle: e.Handle, e: e}
	}
	act := func(c *client, action, ip string, manager bool) {
		t.Helper()
		q := engine.ResumeRequest{Token: c.e.Step.Token, Action: action, Access: engine.Access{Handle: c.handle, Manager: manager},
			Request: engine.RequestFacts{IP: ip}}
		if action == "submit" {
			q.Form = word
		}
		e, err := w.run.Resume(t.Context(), c.id, q)
		if err != nil {
			t.Fatal(explain(err))
		}
		c.e = e
	}
	tell := func(what string, want ...connector.Source) {
		t.Helper()
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("%s (-want +got): %s", what, diff)
		}
		told = nil
	}

	c := start(engine.StartRequest{Request: engine.RequestFacts{IP: "192.0.2.1"}})
	first := connector.Source{Execution: c.id, Address: "192.0.2.1"}
	second := connector.Source{Execution: c.id, Address: "192.0.2.2"}
	tell("start", first)
	act(c, "poll", "192.0.2.2", false)
	tell("poll", second)
	act(c, "submit", "192.0.2.2", false)
	tell("outside call and what follows", second, second)
	w.open() // the next process knows the address too
	w.clock.move(5 * time.Minute)
	w.tick()
	tell("timer, and what the end takes back", second, second)

	start(engine.StartRequest{Client: engine.ClientFacts{DeviceSession: "rm=remembered"}, Request: engine.RequestFacts{IP: "192.0.2.1"}})
	if len(told) != 1 || told[0].DeviceSession != "rm=remembered" {
		t.Errorf("a capability of a remembered browser is told %+v, want its deviceSession", told)
	}
	told = nil

	back := start(engine.StartRequest{Manager: true, Request: engine.RequestFacts{IP: "198.51.100.1"}})
	tell("start by a back end", connector.Source{Execution: back.id})
	act(back, "skip", "203.0.113.9", false)
	tell("answer of its client", connector.Source{Execution: back.id, Address: "203.0.113.9"})
	act(back, "cancel", "198.51.100.1", true)
	tell("answer by a back end", connector.Source{Execution: back.id, Address: "203.0.113.9"},
		connector.Source{Execution: back.id, Address: "203.0.113.9"})
}
