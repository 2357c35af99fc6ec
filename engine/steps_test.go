package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
)

// loginFlow authenticates on its first screen.
const loginFlow = `schema: flow/v1
id: login
title: Login
start: a
public: true
inputs: { hidden: { type: string }, open: { type: string, client: true, maxLength: 3 }, must: { type: string, default: x } }
nodes:
  a: { show: ask, next: { submit: check, skip: canceled, cancel: canceled } }
  check: { uses: test/login, with: { secret: =nodes.a.form.word }, next: b }
  b: { show: ask, next: { submit: ok, skip: canceled, cancel: canceled } }
  ok: { end: success }
  canceled: { end: canceled }
` + ask

func login(user string, methods ...string) func(context.Context, connector.Call) connector.Outcome {
	return func(context.Context, connector.Call) connector.Outcome {
		return connector.Complete{Output: output(map[string]any{}), Proof: &connector.Proof{
			UserID: user, Methods: methods, At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	}
}

var word = map[string]any{"word": "w"}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(screenFlow)
	c := w.start("f", nil)
	ctx := t.Context()

	_, err := w.run.Get(ctx, c.id, engine.Access{})
	refused(t, err, engine.NotFound)
	_, err = w.run.Get(ctx, c.id, engine.Access{Handle: c.handle + "x"})
	refused(t, err, engine.NotFound)
	_, err = w.run.Get(ctx, "../deploy", engine.Access{Manager: true})
	refused(t, err, engine.NotFound)
	if c.get(); c.e.Handle != "" {
		t.Error("GET gives the handle away")
	}
	for _, form := range []map[string]any{nil, {}, {"word": 1.0}, {"word": nil}, {"word": "x", "more": "y"}, {"word": "longer than twenty characters"}} {
		e := refused(t, c.try("submit", form), engine.FormInvalid)
		if len(e.Fields) != 1 || e.Execution == nil || e.Execution.Step.Token != c.e.Step.Token {
			t.Errorf("form %v: fields %v, execution %s", form, e.Fields, dump(e.Execution))
		}
	}
	for _, action := range []string{"", "poll", "resend", "timeout", "submit "} {
		e := refused(t, c.try(action, word), engine.InvalidAction)
		if e.Execution.Step.Token != c.e.Step.Token {
			t.Errorf("action %q moved the execution", action)
		}
	}
	for _, token := range []string{"", "x", c.e.Step.Token[1:], "A" + c.e.Step.Token[1:]} {
		if token == c.e.Step.Token {
			continue
		}
		refused(t, c.tryToken(token, "submit", word), engine.StaleToken)
	}
	other := w.start("f", nil)
	refused(t, c.tryToken(other.e.Step.Token, "submit", word), engine.StaleToken)
	c.act("skip", nil)
	c.ended(engine.Completed, "skipped", "")
	refused(t, c.tryToken(other.e.Step.Token, "submit", word), engine.NotWaiting)
	if n := w.caps.count("test/do"); n != 0 {
		t.Errorf("the capability ran %d times", n)
	}
}

// TestX2TwiceTheSameClick: identical answers in parallel have one effect and the same
// next step.
func TestX2TwiceTheSameClick(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(screenFlow)
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return failWith("INVALID_OTP") })
	c := w.start("f", nil)
	const n = 20
	tokens := make([]string, n)
	fresh := make([]bool, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			e, err := w.run.Resume(t.Context(), c.id, engine.ResumeRequest{
				Token: c.e.Step.Token, Action: "submit", Form: word, Access: engine.Access{Handle: c.handle}})
			if err != nil {
				t.Errorf("submit: %v", err)
				return
			}
			tokens[i], fresh[i] = e.Step.Token, !e.Repeated
		})
	}
	wg.Wait()
	first := 0
	for i := range n {
		if fresh[i] {
			first++
		}
		if tokens[i] != tokens[0] {
			t.Errorf("answer %d has another token", i)
		}
	}
	if got := w.caps.count("test/do"); first != 1 || got != 1 {
		t.Errorf("%d fresh answers, %d runs, want 1 and 1", first, got)
	}
}

// TestX2DifferentClicks: of different answers to one step exactly one is taken.
func TestX2DifferentClicks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(screenFlow)
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return failWith("INVALID_OTP") })
	c := w.start("f", nil)
	var mu sync.Mutex
	taken := 0
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			_, err := w.run.Resume(t.Context(), c.id, engine.ResumeRequest{
				Token: c.e.Step.Token, Action: "submit", Form: map[string]any{"word": string(rune('A' + i))},
				Access: engine.Access{Handle: c.handle}})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				taken++
			}
		})
	}
	wg.Wait()
	if taken != 1 || w.caps.count("test/do") != 1 {
		t.Errorf("%d answers taken, %d runs, want 1 and 1", taken, w.caps.count("test/do"))
	}
}

// TestX3OldToken: the back button gets the current step; the repeat of the last answer
// gets it as well, until something moves.
func TestX3OldToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(screenFlow)
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return failWith("INVALID_OTP") })
	c := w.start("f", nil)
	old := c.e.Step.Token
	c.act("submit", word)
	now := c.e.Step.Token
	e := refused(t, c.tryToken(old, "skip", nil), engine.StaleToken)
	if e.Execution.Step.Token != now {
		t.Error("the refusal does not carry the current step")
	}
	if err := c.tryToken(old, "submit", word); err != nil || !c.e.Repeated || c.e.Step.Token != now {
		t.Errorf("repeat: %v, %s", err, dump(c.e))
	}
	c.act("submit", map[string]any{"word": "other"})
	refused(t, c.tryToken(old, "submit", word), engine.StaleToken)
	if got := w.caps.count("test/do"); got != 2 {
		t.Errorf("the capability ran %d times, want 2", got)
	}
}

func TestHandleRotates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.caps.set("test/login", login("ben", "pwd"))
	w.put(loginFlow)
	c := w.start("login", nil)
	before, token := c.handle, c.e.Step.Token
	c.act("submit", word)
	if c.handle == before || c.e.Handle == "" {
		t.Fatal("the handle did not rotate when the user was authenticated")
	}
	after := c.handle
	_, err := w.run.Get(t.Context(), c.id, engine.Access{Handle: before})
	refused(t, err, engine.NotFound)
	c.handle = before
	refused(t, c.try("submit", word), engine.NotFound)
	if err := c.tryToken(token, "submit", word); err != nil || c.e.Handle != after || !c.e.Repeated {
		t.Fatalf("the old handle cannot repeat the step that rotated it: %v", err)
	}
	c.act("submit", word)
	c.ended(engine.Completed, "success", "")
	want := &engine.Result{UserID: "ben", AMR: []string{"pwd"}, AuthTime: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, c.e.Result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	c.handle = before
	refused(t, c.tryToken(token, "submit", word), engine.NotFound)
}

func TestInputs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(loginFlow)
	start := func(inputs map[string]any, manager bool) error {
		_, err := w.run.Start(t.Context(), engine.StartRequest{Flow: "login", Inputs: inputs, Manager: manager})
		return err
	}
	refused(t, start(map[string]any{"hidden": "x"}, false), engine.Forbidden)
	refused(t, start(map[string]any{"open": "long"}, false), engine.InputInvalid)
	refused(t, start(map[string]any{"unknown": "x"}, true), engine.InputInvalid)
	for _, ok := range []error{start(map[string]any{"open": "abc"}, false), start(map[string]any{"hidden": "x"}, true)} {
		if ok != nil {
			t.Error(ok)
		}
	}
	w.put(`schema: flow/v1
id: needs
title: N
inputs: { name: { type: string, required: true } }
start: ok
nodes: { ok: { end: success } }
`)
	_, err := w.run.Start(t.Context(), engine.StartRequest{Flow: "needs", Manager: true})
	refused(t, err, engine.InputInvalid)
	w.put(`schema: flow/v1
id: private
title: P
start: ok
nodes: { ok: { end: success } }
`)
	_, err = w.run.Start(t.Context(), engine.StartRequest{Flow: "private"})
	refused(t, err, engine.NotFound)
	_, err = w.run.Start(t.Context(), engine.StartRequest{Flow: "nowhere", Manager: true})
	refused(t, err, engine.NotFound)
}

// TestContention: what the store refuses inside a capability drops the unit; no catch
// routes it, and nothing has happened.
func TestContention(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(replace(screenFlow, "catch: {", "catch: { else: skipped,"))
	for err, code := range map[error]engine.Code{store.ErrContended: engine.Contended, store.ErrBusy: engine.RateLimited, store.ErrStopped: engine.Unavailable} {
		c := w.start("f", nil)
		w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome {
			return connector.Fail{Code: connector.CodeUnavailable, Err: fmt.Errorf("latch: %w", err)}
		})
		token := c.e.Step.Token
		refused(t, c.try("submit", word), code)
		if c.get(); c.e.Step.Token != token {
			t.Errorf("%v moved the execution", err)
		}
	}
}

func TestProofs(t *testing.T) {
	t.Parallel()
	const flow = `schema: flow/v1
id: two
title: Two
start: a
nodes:
  a: { uses: test/login, with: { text: one }, next: b }
  b: { uses: test/login, with: { text: two }, next: ok }
  ok: { end: success }
`
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name     string
		one, two connector.Proof
		amr      []string
		code     string
	}{
		{"two kinds are mfa", connector.Proof{UserID: "u", Methods: []string{"pwd"}, At: at}, connector.Proof{UserID: "u", Methods: []string{"mfa", "otp"}, At: at}, []string{"mfa", "otp", "pwd"}, ""},
		{"one kind twice is not", connector.Proof{UserID: "u", Methods: []string{"otp", "mfa"}, At: at}, connector.Proof{UserID: "u", Methods: []string{"sms"}, At: at}, []string{"otp", "sms"}, ""},
		{"a challenge of the same moment", connector.Proof{UserID: "u", Methods: []string{"pwd"}, At: at}, connector.Proof{UserID: "u", Methods: []string{"otp"}, At: at, Since: at}, []string{"mfa", "otp", "pwd"}, ""},
		{"nobody", connector.Proof{Methods: []string{"pwd"}, At: at}, connector.Proof{Methods: []string{"otp"}, At: at}, nil, connector.CodeFlowFailed},
		{"the newer first", connector.Proof{UserID: "u", Methods: []string{"pwd"}, At: at}, connector.Proof{UserID: "u", Methods: []string{"kba"}, At: at.Add(-time.Minute)}, []string{"kba", "pwd"}, ""},
		{"two users", connector.Proof{UserID: "u", Methods: []string{"pwd"}, At: at}, connector.Proof{UserID: "v", Methods: []string{"otp"}, At: at}, nil, connector.CodeFlowFailed},
		{"a challenge of before", connector.Proof{UserID: "u", Methods: []string{"pwd"}, At: at}, connector.Proof{UserID: "u", Methods: []string{"otp"}, At: at, Since: at.Add(-time.Second)}, nil, connector.CodeFlowFailed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.caps.set("test/login", func(_ context.Context, c connector.Call) connector.Outcome {
				p := tc.one
				if c.Input["text"] == "two" {
					p = tc.two
				}
				return connector.Complete{Output: output(map[string]any{}), Proof: &p}
			})
			w.put(flow)
			c := w.start("two", nil)
			if tc.code != "" {
				c.ended(engine.Failed, "failed", tc.code)
				return
			}
			c.ended(engine.Completed, "success", "")
			if diff := cmp.Diff(tc.amr, c.e.Result.AMR); diff != "" {
				t.Errorf("amr (-want +got):\n%s", diff)
			}
			if !c.e.Result.AuthTime.Equal(at) {
				t.Errorf("authTime %s, want that of the newest proof, %s", c.e.Result.AuthTime, at)
			}
		})
	}
}

// The clock of a back end may be a minute behind ours; our own is not behind itself.
func TestAProofMayBeOlderByTheSkewOfAClock(t *testing.T) {
	t.Parallel()
	const flow = `schema: flow/v1
id: outside
title: Outside
start: a
nodes:
  a: { uses: test/outside-login, next: ok }
  ok: { end: success }
`
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		joined bool
		since  time.Time
		want   engine.Status
	}{
		"outside, as old as allowed": {false, at.Add(-time.Minute), engine.Completed},
		"outside, older":             {false, at.Add(-time.Minute - time.Millisecond), engine.Failed},
		"outside, no challenge":      {false, time.Time{}, engine.Completed},
		"our own, older":             {true, at.Add(-time.Millisecond), engine.Failed},
		"our own, no challenge":      {true, time.Time{}, engine.Completed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			reg, err := connector.NewRegistry(append(capabilitiesOf(w),
				w.capability("test/outside-login", plainSchema, connector.Read, c.joined, true, ""))...)
			if err != nil {
				t.Fatal(err)
			}
			w.opts.Capabilities = reg
			w.open()
			w.caps.set("test/outside-login", func(context.Context, connector.Call) connector.Outcome {
				return connector.Complete{Output: output(map[string]any{}), Proof: &connector.Proof{
					UserID: "u", Methods: []string{"otp"}, At: at, Since: c.since}}
			})
			w.put(flow)
			x := w.start("outside", nil)
			if x.e.Status != c.want || (x.e.Result != nil) != (c.want == engine.Completed) {
				t.Errorf("got %s, want %s", dump(x.e), c.want)
			}
		})
	}
}

// A repeat is the answer given last, with its own token, by whoever may see what it led to,
// while nothing else has moved the execution.
func TestARepeatNeedsTokenHandleAndStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(screenFlow, loginFlow)
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return failWith("INVALID_OTP") })
	w.caps.set("test/login", login("ben", "pwd"))

	c := w.start("f", nil)
	token := c.e.Step.Token
	c.act("submit", word)
	forged := []byte(token)
	forged[20] ^= 1
	refused(t, c.tryToken(string(forged), "submit", word), engine.StaleToken)
	if err := c.tryToken(token, "submit", word); err != nil || !c.e.Repeated {
		t.Errorf("the same answer again: %v, %s", err, dump(c.e))
	}
	w.clock.move(5 * time.Minute)
	w.tick()
	c.get()
	c.see("a", "ask.timeout")
	refused(t, c.tryToken(token, "submit", word), engine.StaleToken)

	c = w.start("login", nil)
	before, token := c.handle, c.e.Step.Token
	c.act("submit", word)
	after := c.handle
	for _, handle := range []string{"", "x", w.start("login", nil).handle} {
		c.handle = handle
		refused(t, c.tryToken(token, "submit", word), engine.NotFound)
	}
	c.handle, token = after, c.e.Step.Token
	c.act("submit", word)
	c.handle = before // which repeats the step that rotated it, and no later one
	refused(t, c.tryToken(token, "submit", word), engine.NotFound)
	c.handle = after
	if err := c.tryToken(token, "submit", word); err != nil || !c.e.Repeated {
		t.Errorf("the last answer again: %v, %s", err, dump(c.e))
	}
}
