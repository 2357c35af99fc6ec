package engine_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
)

// withConfirm makes the login of the world one whose proofs are judged again.
func withConfirm(w *world, confirm func(connector.Proof) *connector.Fail) {
	w.t.Helper()
	caps := capabilitiesOf(w)
	for i := range caps {
		if caps[i].ID == "test/login" || caps[i].ID == "test/other-login" {
			caps[i].Confirm = func(_ context.Context, p connector.Proof) *connector.Fail { return confirm(p) }
		}
	}
	reg, err := connector.NewRegistry(caps...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.opts.Capabilities = reg
	w.open()
	w.caps.set("test/login", func(context.Context, connector.Call) connector.Outcome {
		return connector.Complete{Output: output(map[string]any{}), Proof: &connector.Proof{
			UserID: "u", Methods: []string{"pwd"}, At: w.clock.Now(), Device: "d", DeviceType: "EMAIL", Policy: "p", Epoch: "1"}}
	})
}

// guarded shows a screen after the login, runs a capability when that is answered with
// "resend", and succeeds. Every error is caught.
const guarded = `
schema: flow/v1
id: guarded
title: Guarded
start: login
catch: { else: success }
nodes:
  login: { uses: test/login, next: wait, catch: { else: success } }
  wait: { show: otp, next: { submit: success, resend: work, change_device: wait, cancel: canceled } }
  work: { uses: test/do, next: wait, catch: { else: success } }
  success: { end: success }
  canceled: { end: canceled }
`

func TestAProofIsJudgedBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"submit", "resend"} {
		for _, code := range []string{connector.CodeAccountNotUsable, connector.CodeCredentialsChanged,
			connector.CodeNoUsableDevices, connector.CodeUnavailable} {
			t.Run(action+" "+code, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				var asked []connector.Proof
				withConfirm(w, func(p connector.Proof) *connector.Fail {
					asked = append(asked, p)
					return &connector.Fail{Code: code}
				})
				w.put(guarded)
				c := w.start("guarded", nil)
				c.see("wait")
				form := map[string]any{"otp": "123456"}
				if action == "resend" {
					form = nil
				}
				c.act(action, form)
				if c.e.Status != engine.Failed || c.e.Error == nil || c.e.Error.Code != code || c.e.Result != nil {
					t.Errorf("got %s, want FAILED with %s and no result", dump(c.e), code)
				}
				if n := w.caps.count("test/do"); n != 0 {
					t.Errorf("the capability ran %d times after the proof was void", n)
				}
				if len(asked) != 1 || asked[0].Device != "d" || asked[0].Policy != "p" || asked[0].Epoch != "1" || asked[0].UserID != "u" {
					t.Errorf("asked of %+v", asked)
				}
			})
		}
	}
}

func TestAProofThatStandsIsJudgedOnceAStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := 0
	withConfirm(w, func(connector.Proof) *connector.Fail { asked++; return nil })
	w.put(guarded)
	c := w.start("guarded", nil)
	c.act("resend", nil)
	c.act("submit", map[string]any{"otp": "123456"})
	if c.e.Status != engine.Completed || c.e.Result == nil || asked != 2 {
		t.Errorf("asked %d times, want 2; %s", asked, dump(c.e))
	}
}

func TestACancelNeedsNoProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withConfirm(w, func(connector.Proof) *connector.Fail { return &connector.Fail{Code: connector.CodeAccountNotUsable} })
	w.put(guarded)
	c := w.start("guarded", nil)
	if c.act("cancel", nil); c.e.Status != engine.Canceled {
		t.Errorf("got %s, want CANCELED", dump(c.e))
	}
}

// A store that refuses drops the whole unit: the step was not answered.
func TestAConflictInAJudgementDropsTheStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withConfirm(w, func(connector.Proof) *connector.Fail {
		return &connector.Fail{Code: connector.CodeUnavailable, Err: fmt.Errorf("read: %w", store.ErrBusy)}
	})
	w.put(guarded)
	c := w.start("guarded", nil)
	if err := c.try("submit", map[string]any{"otp": "123456"}); err == nil {
		t.Fatalf("answered: %s", dump(c.e))
	}
	if c.get(); c.e.Status != engine.Waiting {
		t.Errorf("got %s, want WAITING", dump(c.e))
	}
}

// What the execution itself changes does not end its own proofs.
func TestARunRenewsTheProofsOfItsUser(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		renewal connector.Renewal
		want    connector.Proof // what is asked of afterwards; none without a user
	}{
		"a password":       {connector.Renewal{UserID: "u", Epoch: "2"}, connector.Proof{UserID: "u", Epoch: "2", Device: "d"}},
		"its own device":   {connector.Renewal{UserID: "u", Epoch: "2", Device: "d"}, connector.Proof{UserID: "u", Epoch: "2"}},
		"another device":   {connector.Renewal{UserID: "u", Epoch: "2", Device: "e"}, connector.Proof{UserID: "u", Epoch: "2", Device: "d"}},
		"of somebody else": {connector.Renewal{UserID: "v", Epoch: "2", Device: "d"}, connector.Proof{UserID: "u", Epoch: "1", Device: "d"}},
		"the user deleted": {connector.Renewal{UserID: "u"}, connector.Proof{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var last connector.Proof
			withConfirm(w, func(p connector.Proof) *connector.Fail { last = p; return nil })
			w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome {
				last = connector.Proof{}
				return connector.Complete{Output: output(map[string]any{}), Renewal: &c.renewal}
			})
			w.put(guarded)
			x := w.start("guarded", nil)
			x.act("resend", nil)
			x.act("submit", map[string]any{"otp": "123456"})
			got := connector.Proof{UserID: last.UserID, Epoch: last.Epoch, Device: last.Device}
			if x.e.Status != engine.Completed || fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("asked of %+v, want %+v; %s", got, c.want, dump(x.e))
			}
			if (x.e.Result != nil) != (c.want.UserID != "") {
				t.Errorf("result %+v", x.e.Result)
			}
		})
	}
}

// One judgement stands for two proofs only where they rest on the same in every respect.
func TestEachProofThatRestsOnSomethingElseIsJudged(t *testing.T) {
	t.Parallel()
	const twice = `
schema: flow/v1
id: twice
title: Twice
start: one
nodes:
  one: { uses: test/login, next: two }
  two: { uses: %s, with: { text: two }, next: wait }
  wait: { show: otp, next: { submit: success, resend: wait, change_device: wait, cancel: canceled } }
  success: { end: success }
  canceled: { end: canceled }
`
	first := connector.Proof{UserID: "u", Device: "d", DeviceType: "EMAIL", Policy: "p", Epoch: "1"}
	for name, c := range map[string]struct {
		uses   string
		change func(*connector.Proof)
		want   int
	}{
		"the same":           {"test/login", func(*connector.Proof) {}, 1},
		"another user":       {"test/login", func(p *connector.Proof) { p.UserID = "v" }, 2},
		"another device":     {"test/login", func(p *connector.Proof) { p.Device = "e" }, 2},
		"another type":       {"test/login", func(p *connector.Proof) { p.DeviceType = "SMS" }, 2},
		"another policy":     {"test/login", func(p *connector.Proof) { p.Policy = "q" }, 2},
		"another epoch":      {"test/login", func(p *connector.Proof) { p.Epoch = "2" }, 2},
		"another capability": {"test/other-login", func(*connector.Proof) {}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			reg, err := connector.NewRegistry(append(capabilitiesOf(w),
				w.capability("test/other-login", plainSchema, connector.Read, true, true, ""))...)
			if err != nil {
				t.Fatal(err)
			}
			w.opts.Capabilities = reg
			var asked []connector.Proof
			withConfirm(w, func(p connector.Proof) *connector.Fail { asked = append(asked, p); return nil })
			login := func(_ context.Context, call connector.Call) connector.Outcome {
				p := first
				if call.Input["text"] == "two" {
					c.change(&p)
				}
				p.At = w.clock.Now()
				return connector.Complete{Output: output(map[string]any{}), Proof: &p}
			}
			w.caps.set("test/login", login)
			w.caps.set("test/other-login", login)
			w.put(fmt.Sprintf(twice, c.uses))
			x := w.start("twice", nil)
			x.see("wait")
			asked = nil
			if x.act("submit", map[string]any{"otp": "123456"}); len(asked) != c.want {
				t.Errorf("judged %d proofs, want %d: %+v", len(asked), c.want, asked)
			}
		})
	}
}

// Within a step a proof is judged again only after a run that may have changed what it
// rests on.
func TestARunThatMayChangeSomethingMakesProofsJudgedAgain(t *testing.T) {
	t.Parallel()
	const flow = `
schema: flow/v1
id: changes
title: Changes
start: login
nodes:
  login: { uses: test/login, next: wait }
  wait: { show: otp, next: { submit: one, resend: wait, change_device: wait, cancel: canceled } }
  one: { uses: %[1]s, next: two, catch: { else: two } }
  two: { uses: %[1]s, next: success, catch: { else: success } }
  success: { end: success }
  canceled: { end: canceled }
`
	refuse := func(context.Context, connector.Call) connector.Outcome { return failWith("BAD") }
	for name, c := range map[string]struct {
		uses string
		do   func(context.Context, connector.Call) connector.Outcome
		want int
	}{
		"reads":         {"test/do", nil, 1},
		"failed reads":  {"test/do", refuse, 3},
		"checks":        {"test/check", nil, 1},
		"failed checks": {"test/check", refuse, 3},
		"writes":        {"test/write", nil, 3},
		"reads outside": {"test/outside", nil, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			reg, err := connector.NewRegistry(append(capabilitiesOf(w),
				w.capability("test/check", plainSchema, connector.Idempotent, true, true, ""),
				w.capability("test/write", plainSchema, connector.Idempotent, true, false, ""),
				w.capability("test/outside", plainSchema, connector.Read, false, false, ""))...)
			if err != nil {
				t.Fatal(err)
			}
			w.opts.Capabilities = reg
			asked := 0
			withConfirm(w, func(connector.Proof) *connector.Fail { asked++; return nil })
			w.caps.set(c.uses, c.do)
			w.put(fmt.Sprintf(flow, c.uses))
			x := w.start("changes", nil)
			x.see("wait")
			asked = 0
			if x.act("submit", map[string]any{"otp": "123456"}); asked != c.want {
				t.Errorf("judged %d times, want %d; %s", asked, c.want, dump(x.e))
			}
		})
	}
}

func capabilitiesOf(w *world) []connector.Capability {
	var all []connector.Capability
	for _, e := range w.opts.Capabilities.All() {
		all = append(all, e.Capability)
	}
	return all
}
