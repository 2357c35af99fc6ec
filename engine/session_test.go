package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
)

// rememberFlow asks, makes a remember-me value, shows that the same step knows it, and
// asks again.
func rememberFlow(capability string) string {
	return fmt.Sprintf(`schema: flow/v1
id: remember
title: Remember
start: ask
catch: { else: failed }
nodes:
  ask:
    show: message
    next: { continue: remember }
  remember:
    uses: %s
    with: { secret: =client.deviceSession }
    save: kept
    next: after
  after:
    uses: test/do
    with: { secret: =client.deviceSession }
    next: again
  again:
    show: message
    next: { continue: done }
  done: { end: success }
  failed: { end: failed }
`, capability)
}

// remembering answers with a value counted up from what the client sent.
func remembering(_ context.Context, c connector.Call) connector.Outcome {
	sent, _ := c.Input["secret"].(string)
	out := output(map[string]any{})
	out["deviceSession"] = sent + "+"
	return connector.Complete{Output: out}
}

func (c *client) resume(client *engine.ClientFacts) (*engine.Execution, error) {
	c.w.t.Helper()
	return c.w.run.Resume(c.w.t.Context(), c.id, engine.ResumeRequest{Token: c.e.Step.Token, Action: "continue",
		Access: engine.Access{Handle: c.handle}, Client: client})
}

// The answer of the step that made a remember-me value carries it, a repeat of that step
// carries it again, also after a crash, and nothing else does.
func TestDeviceSession(t *testing.T) {
	t.Parallel()
	for _, capability := range []string{"test/remember", "test/remember-outside"} {
		t.Run(capability, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.caps.set(capability, remembering)
			w.put(rememberFlow(capability))
			c := w.start("remember", nil)
			facts := &engine.ClientFacts{DeviceSession: "old"}
			e, err := c.resume(facts)
			if err != nil || e.DeviceSession != "old+" {
				t.Fatalf("%s, error %v", dump(e), err)
			}
			if got := w.caps.calls["test/do"][0].Input["secret"]; got != "old+" {
				t.Errorf("the rest of the step knows the client by %v", got)
			}
			w.open()
			again, err := c.resume(facts)
			if err != nil || !again.Repeated || again.DeviceSession != "old+" {
				t.Errorf("the repeat: %s, error %v", dump(again), err)
			}
			c.e = e
			if got := c.get(); got.DeviceSession != "" {
				t.Error("GET gives the value")
			}
			if got := c.act("continue", nil); got.Status != engine.Completed || got.DeviceSession != "" {
				t.Errorf("the step after carries it: %s", dump(got))
			}
			w.keepsNo(c, "old+")
		})
	}
}

// keepsNo demands that neither trace nor a later state of the execution hold a secret.
func (w *world) keepsNo(c *client, secret string) {
	w.t.Helper()
	trace, err := w.run.Trace(w.t.Context(), c.id)
	if err != nil {
		w.t.Fatal(err)
	}
	if strings.Contains(dump(trace), secret) {
		w.t.Error("the trace holds the value")
	}
	for rec, err := range w.db.Scan(w.t.Context(), store.Range{}) {
		if err != nil || strings.Contains(string(rec.Value), secret) {
			w.t.Errorf("%s holds the value, or: %v", rec.Key, err)
		}
	}
}

// A value made when the execution begins is in the answer of the start, and of a start
// repeated while the first step is open.
func TestDeviceSessionOfAStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.caps.set("test/remember", remembering)
	flow := strings.Replace(rememberFlow("test/remember"), "start: ask", "start: remember", 1)
	w.put(strings.Replace(flow, "  ask:\n    show: message\n    next: { continue: remember }\n", "", 1))
	q := engine.StartRequest{Flow: "remember", Manager: true, IdempotencyKey: startKey, Client: engine.ClientFacts{DeviceSession: "old"}}
	for range 2 {
		e, err := w.run.Start(t.Context(), q)
		if err != nil || e.DeviceSession != "old+" {
			t.Fatalf("%s, error %v", dump(e), err)
		}
	}
}

// A flow cannot name the value: it would be kept.
func TestDeviceSessionCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	readWith := func(read string) error {
		flow := strings.Replace(rememberFlow("test/remember"), "  after:\n    uses: test/do\n    with: { secret: =client.deviceSession }",
			"  after:\n    uses: test/do\n    with: { secret: "+read+" }", 1)
		_, err := w.run.Catalog().Put(t.Context(), "", []byte(flow), true)
		return err
	}
	if err := readWith("=client.deviceSession"); err != nil {
		t.Fatalf("a flow that reads the client's own is refused: %s", explain(err))
	}
	for _, read := range []string{"=nodes.remember.deviceSession", "=vars.kept.deviceSession"} {
		refusedBy(t, readWith(read), "unknown-field")
	}
}
