package flowtest

import (
	"testing"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// TestRemembered holds that a browser keeps the newest remember-me value that it was
// given, sends it unless a step says another, and shares it with no other browser.
func TestRemembered(t *testing.T) {
	t.Parallel()
	r := &running{suite: &Suite{file: &file{}}, sessions: map[string]string{}}
	sends := func(s step, want string) {
		t.Helper()
		c, err := r.client(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if c != nil {
			got = c.DeviceSession
		}
		if got != want {
			t.Errorf("it sends %q, want %q", got, want)
		}
	}
	answers := func(s step, e *engine.Execution) {
		t.Helper()
		if err := r.answered(s, e, nil); err != nil || len(r.failures) > 0 {
			t.Fatal(err, r.failures)
		}
	}
	says := func(value string) step {
		return step{kind: act, stepData: stepData{client: []flows.Member{{Name: "deviceSession", Value: flows.Value{Const: value}}}}}
	}
	sends(step{kind: start}, "")
	answers(step{kind: act}, &engine.Execution{DeviceSession: "first"})
	answers(step{kind: act}, &engine.Execution{})
	sends(step{kind: act}, "first")
	sends(step{kind: start}, "first")
	sends(says("own"), "own")
	sends(says(""), "")
	sends(step{kind: start, stepData: stepData{browser: "other"}}, "")
	answers(step{kind: again}, &engine.Execution{DeviceSession: "second"})
	sends(step{kind: act, stepData: stepData{client: []flows.Member{{Name: "locale", Value: flows.Value{Const: "de"}}}}}, "second")
	r.home = "other"
	answers(step{kind: act}, &engine.Execution{DeviceSession: "another"})
	sends(step{kind: act}, "another")
	sends(step{kind: start}, "second")
}
