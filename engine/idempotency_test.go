package engine_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
)

const startKey = "9f1c2b7e-start-key"

// firstFlow begins with a screen that polls, times out, and can be left for a second one.
const firstFlow = `schema: flow/v1
id: first
title: First
start: a
timeout: 1h
public: true
inputs: { open: { type: string, client: true } }
nodes:
  a:
    show: ask
    timeout: 1m
    poll: { uses: test/do, every: 2s, until: out.rawResponse.ok == true }
    next: { submit: b, skip: b, cancel: canceled, done: b, timeout: b }
  b: { show: ask, with: { hint: ="of step two" }, next: { submit: ok, skip: a, cancel: canceled } }
  ok: { end: success, outputs: { open: =inputs.open } }
  canceled: { end: canceled }
` + ask

// TestIdempotencyKeyGivesTheFirstAnswerOrNothing: whatever moves the execution, the key is
// worth the first answer before and nothing after.
func TestIdempotencyKeyGivesTheFirstAnswerOrNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		move  func(w *world, c *client)
		moved bool
	}{
		"nothing":             {func(*world, *client) {}, false},
		"a look":              {func(_ *world, c *client) { c.get() }, false},
		"a refused form":      {func(w *world, c *client) { refused(w.t, c.try("submit", nil), engine.FormInvalid) }, false},
		"an unknown action":   {func(w *world, c *client) { refused(w.t, c.try("no", nil), engine.InvalidAction) }, false},
		"a stranger's answer": {func(w *world, c *client) { c.handle = "x"; refused(w.t, c.try("skip", nil), engine.NotFound) }, false},
		"a poll without news": {func(w *world, c *client) { w.clock.move(3 * time.Second); c.act("poll", nil) }, false},
		"time within":         {func(w *world, c *client) { w.clock.move(59 * time.Second); w.tick() }, false},
		"another process":     {func(w *world, c *client) { w.open() }, false},
		"an answer":           {func(_ *world, c *client) { c.act("submit", word) }, true},
		"there and back":      {func(_ *world, c *client) { c.act("skip", nil); c.act("skip", nil) }, true},
		"a poll with news": {func(w *world, c *client) {
			w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return done(map[string]any{"ok": true}) })
			w.clock.move(3 * time.Second)
			c.act("poll", nil)
		}, true},
		"a time-out that fired":    {func(w *world, c *client) { w.clock.move(time.Minute); w.tick() }, true},
		"a time-out that is due":   {func(w *world, c *client) { w.clock.move(time.Minute) }, true},
		"the flow's time-out":      {func(w *world, c *client) { w.clock.move(time.Hour); w.tick() }, true},
		"cancel":                   {func(_ *world, c *client) { c.act("cancel", nil) }, true},
		"cancel of the execution":  {func(w *world, c *client) { w.cancel(c) }, true},
		"the end":                  {func(_ *world, c *client) { c.act("submit", word); c.act("submit", word) }, true},
		"the end, another process": {func(w *world, c *client) { c.act("submit", word); c.act("submit", word); w.open() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(firstFlow)
			q := engine.StartRequest{Flow: "first", IdempotencyKey: startKey, Inputs: map[string]any{"open": "1"}}
			first, err := w.run.Start(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			tc.move(w, &client{w: w, id: first.ID, handle: first.Handle, e: first})
			again, err := w.run.Start(t.Context(), q)
			if tc.moved {
				if e := refused(t, err, engine.StaleToken); e.Execution != nil || strings.Contains(dump(e), first.ID) {
					t.Errorf("the refusal tells of the execution: %s", dump(e))
				}
				return
			}
			if err != nil || !again.Repeated {
				t.Fatalf("got %s, error %v, want the first answer", dump(again), err)
			}
			again.Repeated = false
			if d := cmp.Diff(first, again); d != "" {
				t.Errorf("not the first answer (-want +got):\n%s", d)
			}
		})
	}
}

func (w *world) cancel(c *client) {
	w.t.Helper()
	if _, err := w.run.Cancel(w.t.Context(), c.id, engine.Access{Handle: c.handle}); err != nil {
		w.t.Fatal(err)
	}
}

// TestIdempotencyKeyOfAnotherStart: a key is bound to all that the first start said, and
// the manager's keys are not those of clients.
func TestIdempotencyKeyOfAnotherStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(firstFlow, replace(firstFlow, "id: first", "id: other"))
	base := engine.StartRequest{Flow: "first", IdempotencyKey: startKey, Inputs: map[string]any{"open": "1"},
		Client: engine.ClientFacts{WebAuthn: "FULL", Locale: "de", DeviceSession: "d"}}
	first, err := w.run.Start(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*engine.StartRequest){
		"flow":           func(q *engine.StartRequest) { q.Flow = "other" },
		"input":          func(q *engine.StartRequest) { q.Inputs = map[string]any{"open": "2"} },
		"no inputs":      func(q *engine.StartRequest) { q.Inputs = nil },
		"webauthn":       func(q *engine.StartRequest) { q.Client.WebAuthn = "NONE" },
		"locale":         func(q *engine.StartRequest) { q.Client.Locale = "en" },
		"device session": func(q *engine.StartRequest) { q.Client.DeviceSession = "" },
	} {
		q := base
		change(&q)
		if _, err := w.run.Start(t.Context(), q); refused(t, err, engine.IdempotencyMismatch).Execution != nil {
			t.Errorf("%s: the refusal shows the execution", name)
		}
	}
	q := base
	q.Manager = true
	if e, err := w.run.Start(t.Context(), q); err != nil || e.ID == first.ID {
		t.Errorf("the manager got %s, error %v, want an execution of its own", dump(e), err)
	}
	for _, n := range []int{1, 15, 129} {
		q.IdempotencyKey = strings.Repeat("k", n)
		_, err := w.run.Start(t.Context(), q)
		refused(t, err, engine.BadRequest)
	}
}

// TestIdempotencyKeyOfAFlowThatEndsAtOnce: there is no first step to repeat, and the end,
// which may say who was authenticated, is not for whoever knows the key.
func TestIdempotencyKeyOfAFlowThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put("schema: flow/v1\nid: once\ntitle: Once\nstart: a\nnodes:\n  a: { uses: test/do, next: ok }\n  ok: { end: success }\n")
	q := engine.StartRequest{Flow: "once", Manager: true, IdempotencyKey: startKey}
	if e, err := w.run.Start(t.Context(), q); err != nil || e.Status != engine.Completed {
		t.Fatalf("got %s, error %v", dump(e), err)
	}
	_, err := w.run.Start(t.Context(), q)
	if refused(t, err, engine.StaleToken).Execution != nil || w.caps.count("test/do") != 1 {
		t.Errorf("the refusal shows the execution, or it ran %d times", w.caps.count("test/do"))
	}
}

// TestIdempotencyKeyIsForgotten: after a day it starts anew, and its record goes. What is
// kept shorter than that is not started twice.
func TestIdempotencyKeyIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *engine.Options) { o.Limits.Keep = time.Hour })
	w.put(firstFlow)
	q := engine.StartRequest{Flow: "first", IdempotencyKey: startKey}
	first, err := w.run.Start(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	w.cancel(&client{w: w, id: first.ID, handle: first.Handle})
	w.clock.move(2 * time.Hour)
	w.tick()
	_, err = w.run.Start(t.Context(), q)
	refused(t, err, engine.StaleToken)
	w.clock.move(22 * time.Hour)
	if e, err := w.run.Start(t.Context(), q); err != nil || e.ID == first.ID {
		t.Errorf("a day later: %s, error %v, want another execution", dump(e), err)
	}
	w.clock.move(48 * time.Hour)
	w.tick()
	for rec, err := range w.db.Scan(t.Context(), store.Under("default/idem/")) {
		t.Errorf("%s is left: %v", rec.Key, err)
	}
}

// TestIdempotencyKeyAtOnce: starts with one key at the same time make one execution, also
// while its first call is under way.
func TestIdempotencyKeyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(strings.NewReplacer("start: a", "start: b", "%s", "once", "text: =nodes.a.form.word", `text: "x"`,
		"next: ok", "next: a", "submit: b", "submit: ok").Replace(outsideFlow))
	called, release := make(chan struct{}), make(chan struct{})
	w.caps.set("test/once", func(context.Context, connector.Call) connector.Outcome {
		close(called) // a second call panics
		<-release
		return done(map[string]any{})
	})
	q := engine.StartRequest{Flow: "out", Manager: true, IdempotencyKey: startKey}
	got := make([]*engine.Execution, 8)
	var all sync.WaitGroup
	start := func(i int) {
		e, err := w.run.Start(t.Context(), q)
		if err != nil {
			t.Errorf("start %d: %v", i, err)
			return
		}
		got[i] = e
	}
	all.Go(func() { start(0) })
	<-called
	for i := range len(got) - 1 {
		start(i + 1)
		if e := got[i+1]; e.Status != engine.Running || !e.Repeated {
			t.Errorf("during the call a repeat got %s, want RUNNING", dump(e))
		}
	}
	close(release)
	all.Wait()
	for _, e := range got {
		if e == nil || e.ID != got[0].ID || e.Handle != got[0].Handle {
			t.Errorf("got %s, want the execution and handle of %s", dump(e), dump(got[0]))
		}
	}
	again, err := w.run.Start(t.Context(), q)
	if err != nil || again.Step == nil || again.Step.Token != got[0].Step.Token {
		t.Errorf("after the call: %s, error %v, want the first step", dump(again), err)
	}
}
