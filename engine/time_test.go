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

func TestScreenTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(screenFlow)
	c := w.start("f", nil)
	token := c.e.Step.Token
	w.clock.move(5*time.Minute - time.Second)
	w.tick()
	c.get()
	c.see("a")
	if c.e.Step.Token != token {
		t.Error("a timer that was not due moved the step")
	}
	w.clock.move(time.Second)
	w.tick()
	c.get()
	c.see("a", "ask.timeout")
	refused(t, c.tryToken(token, "submit", word), engine.StaleToken)
}

// TestTimeoutBeforeTheTimer: an answer that comes too late finds the timeout taken, also
// when no timer fired yet.
func TestTimeoutBeforeTheTimer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(screenFlow)
	c := w.start("f", nil)
	w.clock.move(6 * time.Minute)
	e := refused(t, c.try("submit", word), engine.StaleToken)
	if e.Execution.Step.Message == nil || e.Execution.Step.Message.Key != "ask.timeout" {
		t.Errorf("execution is %s", dump(e.Execution))
	}
	c.get()
	c.act("submit", word)
	c.ended(engine.Completed, "success", "")
}

// TestX5Timers: a timer left over never fires; both timeouts at once give one end.
func TestX5Timers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(screenFlow)
	c := w.start("f", nil)
	c.act("skip", nil)
	w.clock.move(time.Hour)
	w.tick()
	c.get()
	c.ended(engine.Completed, "skipped", "")

	d := w.start("f", nil)
	for range 3 { // four screens of five minutes end with the flow's twenty
		w.clock.move(5 * time.Minute)
		w.tick()
	}
	d.get()
	d.see("a", "ask.timeout")
	w.clock.move(5 * time.Minute)
	w.tick()
	d.get()
	d.ended(engine.Expired, "", connector.CodeFlowExpired)
	w.tick()
	d.get()
	d.ended(engine.Expired, "", connector.CodeFlowExpired)
}

func TestRetention(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(screenFlow)
	c := w.start("f", nil)
	c.act("skip", nil)
	w.clock.move(24*time.Hour - time.Second)
	w.tick()
	c.get()
	w.clock.move(time.Second)
	w.tick()
	_, err := w.run.Get(t.Context(), c.id, engine.Access{Manager: true})
	refused(t, err, engine.NotFound)
	if next, err := w.run.Tick(t.Context()); err != nil || !next.IsZero() {
		t.Errorf("a timer is left: %v, %v", next, err)
	}
}

const pollFlow = `schema: flow/v1
id: poll
title: Poll
start: a
nodes:
  a:
    show: wait
    timeout: 1m
    poll: { uses: test/do, every: 2s, until: out.rawResponse.ok == true, save: answer }
    next: { cancel: canceled, done: ok, timeout: late }
  ok: { end: success, outputs: { text: =vars.answer.rawResponse.text } }
  late: { end: late }
  canceled: { end: canceled }
screens:
  wait: { title: Wait, actions: { cancel: { title: Cancel, form: false } } }
`

func TestPoll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(pollFlow)
	c := w.start("poll", nil)
	token := c.e.Step.Token
	if c.e.Step.PollAfterMs != 2000 {
		t.Errorf("pollAfterMs is %d", c.e.Step.PollAfterMs)
	}
	before := w.db.Stats().Commits
	for range 3 {
		c.act("poll", nil)
		if c.e.Step.Token != token {
			t.Fatal("a poll without news moved the step")
		}
	}
	if n := w.caps.count("test/do"); n != 1 {
		t.Errorf("the capability was asked %d times within `every`, want 1", n)
	}
	if got := w.db.Stats().Commits - before; got != 0 {
		t.Errorf("polls without news committed %d times", got)
	}
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return failWith("BAD") })
	w.clock.move(2 * time.Second)
	c.act("poll", nil)
	c.see("a")
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome {
		return done(map[string]any{"ok": true, "text": "yes"})
	})
	w.clock.move(2 * time.Second)
	c.act("poll", nil)
	c.ended(engine.Completed, "success", "")
	if c.e.Outputs["text"] != "yes" {
		t.Errorf("outputs are %v", c.e.Outputs)
	}
}

// TestX2PollTwice: the poll that ends a wait is an answer like any other. Who lost what it
// led to, the new handle of a user who is authenticated above all, gets it by asking again.
func TestX2PollTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(strings.Replace(pollFlow, "test/do", "test/login", 1))
	w.caps.set("test/login", func(context.Context, connector.Call) connector.Outcome {
		return connector.Complete{Output: output(map[string]any{"ok": true, "text": "yes"}),
			Proof: &connector.Proof{UserID: "u", Methods: []string{"swk"}, At: w.clock.Now()}}
	})
	c := w.start("poll", nil)
	token, old := c.e.Step.Token, c.handle
	fresh, handles := 0, map[string]bool{}
	for range 3 {
		e, err := w.run.Resume(t.Context(), c.id, engine.ResumeRequest{Token: token, Action: "poll", Access: engine.Access{Handle: old}})
		if err != nil || e.Status != engine.Completed || e.Result == nil {
			t.Fatalf("poll: %v %s", err, dump(e))
		}
		if !e.Repeated {
			fresh++
		}
		handles[e.Handle] = true
	}
	if fresh != 1 || len(handles) != 1 || handles[""] || handles[old] || w.caps.count("test/login") != 1 {
		t.Errorf("%d fresh answers, handles %v, asked %d times", fresh, handles, w.caps.count("test/login"))
	}
	_, err := w.run.Get(t.Context(), c.id, engine.Access{Handle: old})
	refused(t, err, engine.NotFound)
}

// TestPollKeepsMessage: a poll that fails, or has no news, leaves the message where it is.
func TestPollKeepsMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := "nodes:\n  b: { show: wait, next: { cancel: { then: a, message: wait.late } } }\n"
	w.put(strings.NewReplacer("start: a", "start: b", "nodes:\n", first).Replace(pollFlow) + "messages: { en: { wait.late: Late } }\n")
	c := w.start("poll", nil)
	c.act("cancel", nil)
	c.see("a", "wait.late")
	token := c.e.Step.Token
	for _, answer := range []connector.Outcome{failWith("BAD"), done(map[string]any{"ok": false}), done(map[string]any{})} {
		w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return answer })
		w.clock.move(2 * time.Second)
		c.act("poll", nil)
		c.see("a", "wait.late")
		c.get()
		c.see("a", "wait.late")
		if c.e.Step.Token != token {
			t.Error("a poll without news changed the token")
		}
	}
}

// TestPollAtTimeout: what was committed first wins over the timeout.
func TestPollAtTimeout(t *testing.T) {
	t.Parallel()
	for ok, outcome := range map[bool]string{true: "success", false: "late"} {
		w := newWorld(t)
		w.put(pollFlow)
		w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome {
			return done(map[string]any{"ok": ok})
		})
		c := w.start("poll", nil)
		w.clock.move(time.Minute)
		w.tick()
		c.get()
		c.ended(engine.Completed, outcome, "")
	}
}

const retryFlow = `schema: flow/v1
id: retry
title: Retry
start: a
timeout: 1h
nodes:
  a:
    uses: test/do
    retry: { errors: [BAD], max: 2, delay: %s, backoff: 2 }
    next: ok
    catch: { BAD: lost }
  ok: { end: success, outputs: { visits: =nodes.a.visits } }
  lost: { end: lost }
`

// TestRetryNaps: short waits happen between two units, long ones by timer.
func TestRetryNaps(t *testing.T) {
	t.Parallel()
	var naps []time.Duration
	w := newWorld(t, func(o *engine.Options) {
		o.Limits.Wait = time.Hour
		o.After = func(d time.Duration) <-chan time.Time {
			fired := make(chan time.Time, 1)
			if d < time.Hour {
				naps = append(naps, d)
				fired <- time.Time{}
			}
			return fired
		}
	})
	fails := 2
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome {
		if fails--; fails >= 0 {
			return failWith("BAD")
		}
		return done(map[string]any{})
	})
	w.put(replace(retryFlow, "%s", "1s"))
	c := w.start("retry", nil)
	c.ended(engine.Completed, "success", "")
	if c.e.Outputs["visits"] != 1.0 {
		t.Errorf("retries count as visits: %v", c.e.Outputs)
	}
	if len(naps) != 2 || naps[0] != time.Second || naps[1] != 2*time.Second {
		t.Errorf("naps were %v", naps)
	}

	fails = 99
	w.put(replace(retryFlow, "%s", "10s"))
	c = w.start("retry", nil)
	for range 2 {
		if c.get(); c.e.Status != engine.Running {
			t.Fatalf("want RUNNING, got %s", dump(c.e))
		}
		w.clock.move(20 * time.Second)
		w.tick()
	}
	c.get()
	c.ended(engine.Completed, "lost", "")
}

// TestRetryBesideTheTimers: a nap that the timers see end does not make the next one
// shorter, and the step's secrets outlast it.
func TestRetryBesideTheTimers(t *testing.T) {
	t.Parallel()
	var w *world
	var naps []time.Duration
	w = newWorld(t, func(o *engine.Options) {
		o.After = func(d time.Duration) <-chan time.Time {
			fired := make(chan time.Time, 1)
			if d <= 2*time.Second {
				naps = append(naps, d)
				w.clock.move(d)
				w.tick() // while the nap ends
				fired <- time.Time{}
			}
			return fired
		}
	})
	w.put(`schema: flow/v1
id: nap
title: Nap
start: a
nodes:
  a: { show: ask, next: { submit: b, skip: ok, cancel: ok } }
  b:
    uses: test/do
    with: { secret: "=nodes.a.form.pin ?? ''" }
    retry: { errors: [BAD], max: 2, delay: 1s, backoff: 2 }
    next: c
  c: { uses: test/once, with: { secret: "=nodes.a.form.pin ?? ''" }, next: d }
  d: { uses: test/do, with: { secret: "=nodes.a.form.pin ?? ''" }, next: ok }
  ok: { end: success }
` + ask)
	var secrets []any
	w.caps.set("test/do", func(_ context.Context, c connector.Call) connector.Outcome {
		if secrets = append(secrets, c.Input["secret"]); len(secrets) < 3 {
			return failWith("BAD")
		}
		return done(map[string]any{})
	})
	c := w.start("nap", nil)
	c.act("submit", map[string]any{"word": "w", "pin": "1234"})
	c.ended(engine.Completed, "success", "")
	if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second}, naps); diff != "" {
		t.Errorf("naps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{"1234", "1234", "1234", "1234"}, secrets); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}
