package flowtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/sim"
)

func TestStepsThatHold(t *testing.T) {
	t.Parallel()
	passes(t, load(t, head+`
  - name: the whole way
    steps:
      - { see: username, expect: ["step.node == 'ask'", "step.message == nil", sent.EMAIL == 0] }
      - { act: submit, form: { username: nobody } }
      - { see: username, message: sign_on.invalid }
      - { act: submit, form: { username: ben } }
      - { see: otp, expect: 'sent.EMAIL == 1 and inbox[0].to == "ben@example.com" and len(phone) == 0' }
      - { act: submit, form: { otp: "=inbox[0].code" } }
      - end: success
        expect:
          - outputs.userId == users.ben.id
          - result.userId == users.ben.id
          - any(audit, .type == "FLOW.COMPLETED") and none(audit, .type == "USER.CREATED")
          - any(trace, .node == "prove.check" and .capability == "mfa/device-passcode" and .event == "complete")
          - devices.ben[0].type == "EMAIL"
  - name: refusals
    steps:
      - { act: jump, refused: INVALID_ACTION }
      - { act: submit, form: { username: ben, colour: red }, refused: FORM_INVALID, fields: [colour] }
      - { act: submit, form: { username: nobody } }
      - { act: submit, form: { username: ben }, stale: true, refused: STALE_TOKEN }
      - { see: username, message: sign_on.invalid }
      - { cancel: true }
      - { end: canceled }
      - { act: submit, form: { username: ben }, refused: NOT_WAITING }
      - { cancel: true, refused: NOT_WAITING }
      - { start: true, inputs: { nothing: 1 }, refused: INPUT_INVALID }
  - name: again
    steps:
      - { act: submit, form: { username: ben } }
      - { again: true }
      - { see: otp, expect: sent.EMAIL == 1 }
      - { act: submit, form: { otp: "000000" } }
      - { again: true, expect: step.message.params.attemptsRemaining == 2 }
  - name: clock
    steps:
      - { clock: 599s }
      - { see: username }
      - { clock: 1s }
      - { end: failed, error: TIMEOUT, expect: 'any(trace, .event == "timeout" and .at == "2026-03-02T09:10:00Z")' }
      - { start: true }
      - { act: submit, form: { username: ben } }
      - { clock: 2h }
      - { end: expired, error: FLOW_EXPIRED, expect: 'any(trace, .event == "end" and .at == "2026-03-02T09:40:00Z")' }
  - name: beside the flow
    steps:
      - { do: user/find, with: { username: nobody }, error: NOT_FOUND }
      - { do: mfa/update-mfa-status, with: { userId: =users.ben.id, mfaEnabled: false }, expect: not users.ben.mfaEnabled }
      - { policy: { email: { enabled: false } } }
      - { act: submit, form: { username: ben } }
      - { end: failed }
  - name: two apps
    given: { users: { eva: { devices: [{ type: TOTP }] } } }
    steps:
      - { act: submit, form: { username: dan } }
      - { see: otp, expect: 'len(app) == 2 and app[1].label endsWith "dan"' }
      - { act: submit, form: { otp: "=app[1].code" } }
      - { end: success }
`, options(t, nil)))
}

// TestStepsThatFail holds that each kind of step can fail, and says what was seen.
func TestStepsThatFail(t *testing.T) {
	t.Parallel()
	s := load(t, head+`
  - { name: see, steps: [{ see: otp }] }
  - { name: message, steps: [{ see: username, message: otp.invalid }] }
  - { name: expect, steps: [{ expect: [sent.EMAIL == 1, sent.SMS == 0, 'users.ben.username == "benn"'] }] }
  - { name: index, steps: [{ expect: "inbox[0].code == '1'" }] }
  - { name: refused, steps: [{ act: jump }] }
  - { name: accepted, steps: [{ act: cancel, refused: INVALID_ACTION }] }
  - { name: otherwise, steps: [{ act: jump, refused: STALE_TOKEN }] }
  - { name: fields, steps: [{ act: submit, form: {}, refused: FORM_INVALID, fields: [name] }] }
  - { name: end, steps: [{ act: cancel }, { end: success }] }
  - { name: error, steps: [{ clock: 10m }, { end: failed, error: FLOW_FAILED }] }
  - { name: do, steps: [{ do: user/find, with: { username: nobody } }] }
  - { name: value, steps: [{ act: submit, form: { username: "=inbox[0].to" } }] }
  - { name: nothing yet, steps: [{ again: true }] }
  - { name: scan, steps: [{ scan: http://example.com }] }
  - { name: policy, steps: [{ policy: { email: 3 } }] }
`, options(t, nil))
	want := []string{
		"9:33: expected to see `otp`, saw the screen `username` (node ask) without a message",
		"10:37: expected `username` with the message `otp.invalid`, saw the screen `username` (node ask) without a message",
		"11:40: expected `sent.EMAIL == 1`; saw sent.EMAIL = 0",
		"11:73: expected `users.ben.username == \"benn\"`; saw users.ben.username = \"ben\"",
		"12:39: `inbox[0].code == '1'` cannot be told: EXPRESSION_FAILED: ",
		"13:30: refused: INVALID_ACTION (the step offers no action \"jump\"); the execution is at the screen `username`",
		"14:31: expected a refusal, INVALID_ACTION; it was accepted: the end `canceled`",
		"15:32: expected the refusal STALE_TOKEN, saw INVALID_ACTION",
		"16:29: expected errors of the fields name, saw FORM_INVALID (the form has errors); username: is required",
		"17:50: expected the end `success`, saw the end `canceled`",
		"18:51: expected the end `failed` with the error FLOW_FAILED, saw the end `failed` with the error TIMEOUT",
		"19:25: expected user/find to end with no error, saw NOT_FOUND",
		"20:28: inbox[0].to: EXPRESSION_FAILED: ",
		"21:34: nothing was answered yet that could be answered again",
		"22:27: the app cannot read `http://example.com`: it is no otpauth://totp URI",
		"23:29: the policy is refused: 400 INVALID_VALUE",
	}
	compare(t, failures(t, s), want)
}

// TestCrash holds that a crash opens the store again, and that the engine goes on from it.
func TestCrash(t *testing.T) {
	t.Parallel()
	var world *sim.World
	s := load(t, head+`
  - name: between and within
    steps:
      - { act: submit, form: { username: ben } }
      - { crash: true }
      - { see: otp, expect: sent.EMAIL == 1 }
      - { crash: { after: check } }
      - { act: submit, form: { otp: "=inbox[0].code" } }
      - { see: otp, expect: 'none(trace, .capability == "mfa/device-passcode")' }
      - { again: true }
      - { end: success, expect: sent.EMAIL == 1 }
`, options(t, func(w *sim.World) { world = w }))
	passes(t, s)
	if world.Opens() != 3 {
		t.Errorf("two crashes opened the store %d times, want 3", world.Opens())
	}
	calm := load(t, head+"  - { name: calm, steps: [{ see: username }] }\n", options(t, func(w *sim.World) { world = w }))
	passes(t, calm)
	if world.Opens() != 1 {
		t.Errorf("a calm test opened the store %d times", world.Opens())
	}
	missed := failures(t, load(t, head+`
  - name: missed
    steps: [{ crash: { after: check } }, { act: submit, form: { username: ben } }]
`, options(t, nil)))
	if len(missed) != 1 || !strings.Contains(missed[0], "this step was to die after node `check`, and did not come there") {
		t.Errorf("got %q", missed)
	}
}

// TestSameTwice holds that a test is the same in every run: its codes are.
func TestSameTwice(t *testing.T) {
	t.Parallel()
	var seen []string
	for range 2 {
		s := load(t, head+`
  - { name: code, steps: [{ act: submit, form: { username: ben } }, { expect: 'inbox[0].code == ""' }] }
`, options(t, nil))
		seen = append(seen, failures(t, s)...)
	}
	if len(seen) != 2 || seen[0] != seen[1] || !strings.Contains(seen[0], `"code":"`) {
		t.Errorf("got %q", seen)
	}
}

// TestAnEndThatFailsUnderAnotherNameNeedsItsError: a step that expects success, or any
// end of a public flow, without an error does not hold if the execution failed there.
func TestAnEndThatFailsUnderAnotherNameNeedsItsError(t *testing.T) {
	t.Parallel()
	const test = "schema: flowtest/v1\nflow: gate\ngiven: { policy: P0 }\ntests:\n" +
		"  - { name: a, steps: [{ end: %s }] }\n  - { name: b, steps: [{ end: %[1]s, error: NO }] }\n"
	for _, tc := range []struct {
		end    string
		public bool
		fails  int
	}{{"success", false, 1}, {"denied", true, 1}, {"denied", false, 0}, {"failed", true, 0}} {
		o := options(t, nil)
		o.Source = func(id string) (string, []byte, error) {
			return id + ".yaml", fmt.Appendf(nil, "schema: flow/v1\nid: gate\ntitle: Gate\nstart: z\npublic: %v\nnodes: { z: { end: %s, error: NO } }\n", tc.public, tc.end), nil
		}
		got := failures(t, load(t, fmt.Sprintf(test, tc.end), o))
		if len(got) != tc.fails {
			t.Errorf("%s, public %v: got %v, want %d failures", tc.end, tc.public, got, tc.fails)
		}
	}
}
