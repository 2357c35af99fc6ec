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
	var caps []connector.Capability
	for _, e := range w.opts.Capabilities.All() {
		c := e.Capability
		if c.ID == "test/login" {
			c.Confirm = func(_ context.Context, p connector.Proof) *connector.Fail { return confirm(p) }
		}
		caps = append(caps, c)
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
