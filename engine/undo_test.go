package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
)

const leaving = `
schema: flow/v1
id: leaving
title: Leaving
start: make
timeout: 1h
nodes:
  make: { uses: test/make, next: wait }
  wait:
    show: otp
    timeout: 10m
    next: { submit: success, resend: work, change_device: fail, cancel: canceled, timeout: late }
  work: { uses: test/do, next: wait }
  success: { end: success }
  fail: { end: failed }
  late: { end: failed, error: TIMEOUT }
  canceled: { end: canceled }
`

// What an execution made is undone however it is left, once, and never if it completes or
// what was made is kept.
func TestWhatWasMadeIsUndoneHoweverTheExecutionIsLeft(t *testing.T) {
	t.Parallel()
	tick := func(w *world, d time.Duration) {
		w.clock.move(d)
		if _, err := w.run.Tick(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		leave  func(w *world, c *client)
		status engine.Status
		want   int
	}{
		"a button":              {func(_ *world, c *client) { c.act("cancel", nil) }, engine.Canceled, 1},
		"a failure":             {func(_ *world, c *client) { c.act("change_device", nil) }, engine.Failed, 1},
		"a success":             {func(_ *world, c *client) { c.act("submit", map[string]any{"otp": "123456"}) }, engine.Completed, 0},
		"a step's time-out":     {func(w *world, _ *client) { tick(w, 10*time.Minute) }, engine.Failed, 1},
		"the flow's time-out":   {func(w *world, _ *client) { tick(w, time.Hour) }, engine.Expired, 1},
		"a time-out, restarted": {func(w *world, _ *client) { w.open(); tick(w, time.Hour) }, engine.Expired, 1},
		"a cancel from outside": {func(w *world, c *client) {
			if _, err := w.run.Cancel(w.t.Context(), c.id, engine.Access{Manager: true}); err != nil {
				w.t.Fatal(err)
			}
		}, engine.Canceled, 1},
		"kept before": {func(_ *world, c *client) { c.act("resend", nil); c.act("cancel", nil) }, engine.Canceled, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.caps.set("test/make", func(context.Context, connector.Call) connector.Outcome {
				return connector.Complete{Output: output(map[string]any{"id": "x", "status": "DONE"}),
					Undo: &connector.Undo{Subject: "x", Capability: "test/once", Input: map[string]any{"text": "x"}}}
			})
			w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome {
				return connector.Complete{Output: output(map[string]any{}), Keeps: "x"}
			})
			w.put(leaving)
			x := w.start("leaving", nil)
			c.leave(w, x)
			if x.get(); x.e.Status != c.status {
				t.Errorf("got %s, want %s", x.e.Status, c.status)
			}
			if got := w.caps.count("test/once"); got != c.want {
				t.Errorf("undone %d times, want %d", got, c.want)
			}
		})
	}
}

// An undo that is refused ends the execution all the same.
func TestAnUndoThatIsRefusedDoesNotHoldTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.caps.set("test/make", func(context.Context, connector.Call) connector.Outcome {
		return connector.Complete{Output: output(map[string]any{"id": "x", "status": "DONE"}),
			Undo: &connector.Undo{Subject: "x", Capability: "test/once", Input: map[string]any{}}}
	})
	w.caps.set("test/once", func(context.Context, connector.Call) connector.Outcome { return failWith("BAD") })
	w.put(leaving)
	c := w.start("leaving", nil)
	if c.act("cancel", nil); c.e.Status != engine.Canceled || w.caps.count("test/once") != 1 {
		t.Errorf("got %s after %d undos", c.e.Status, w.caps.count("test/once"))
	}
}

// What became somebody's while the execution waited stays, and so does what may have.
func TestWhatIsSomebodysIsNotUndone(t *testing.T) {
	t.Parallel()
	proven := func(is bool, fail *connector.Fail) func(context.Context, string) (bool, *connector.Fail) {
		return func(_ context.Context, subject string) (bool, *connector.Fail) { return is && subject == "u", fail }
	}
	for name, c := range map[string]struct {
		isProven func(context.Context, string) (bool, *connector.Fail)
		signsOn  string // who signs on elsewhere
		want     int
	}{
		"nothing happened":         {proven(false, nil), "", 1},
		"no way to tell":           {nil, "", 1},
		"signed on elsewhere":      {proven(false, nil), "u", 0},
		"somebody else signed on":  {proven(false, nil), "v", 1},
		"proven elsewhere":         {proven(true, nil), "", 0},
		"the service does not say": {proven(false, &connector.Fail{Code: connector.CodeUnavailable}), "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			caps := capabilitiesOf(w)
			for i := range caps {
				if caps[i].ID == "test/make" {
					caps[i].IsProven = c.isProven
				}
			}
			reg, err := connector.NewRegistry(caps...)
			if err != nil {
				t.Fatal(err)
			}
			w.opts.Capabilities = reg
			w.open()
			w.caps.set("test/make", func(context.Context, connector.Call) connector.Outcome {
				return connector.Complete{Output: output(map[string]any{"id": "u", "status": "DONE"}),
					Undo: &connector.Undo{Subject: "u", Capability: "test/once", Input: map[string]any{"text": "u"}}}
			})
			w.caps.set("test/login", func(context.Context, connector.Call) connector.Outcome {
				return connector.Complete{Output: output(map[string]any{}), Proof: &connector.Proof{
					UserID: c.signsOn, Methods: []string{"pwd"}, At: w.clock.Now()}}
			})
			w.put(leaving, guarded)
			x := w.start("leaving", nil)
			if c.signsOn != "" {
				w.start("guarded", nil).act("submit", map[string]any{"otp": "123456"})
			}
			w.open()
			w.clock.move(time.Hour)
			w.tick()
			if x.get(); x.e.Status != engine.Expired {
				t.Errorf("got %s, want %s", x.e.Status, engine.Expired)
			}
			if got := w.caps.count("test/once"); got != c.want {
				t.Errorf("undone %d times, want %d", got, c.want)
			}
		})
	}
}
