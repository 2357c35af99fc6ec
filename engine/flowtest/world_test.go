package flowtest_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/mfaflow/mfaflow/capabilities"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded/sim"
	"github.com/mfaflow/mfaflow/engine/flowtest"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/store"
)

// door is the flow that the tests of this package test: a name, then a code.
const door = `schema: flow/v1
id: door
title: Door
start: ask
catch: { else: failed }
nodes:
  ask: { show: username, timeout: 10m, next: { submit: look, cancel: canceled, timeout: late } }
  look:
    uses: user/find
    with: { username: =nodes.ask.form.username }
    next:
      - { when: has(out.user.enabled) and out.user.enabled, then: prove }
      - then: closed
    catch: { NOT_FOUND: { then: ask, message: sign_on.invalid } }
  prove:
    call: code
    with: { userId: =nodes.look.user.id }
    next: { right: open, canceled: canceled, failed: failed }
  open: { end: success, outputs: { userId: =nodes.look.user.id } }
  closed: { end: closed }
  late: { end: failed, error: TIMEOUT }
  canceled: { end: canceled }
  failed: { end: failed }
`

const code = `schema: flow/v1
id: code
title: Code
start: begin
inputs: { userId: { type: string, required: true } }
nodes:
  begin:
    uses: mfa/create-device-authentication
    with: { userId: =inputs.userId, compatibility: NONE }
    save: auth
    next:
      - { when: vars.auth.status == "OTP_REQUIRED", then: otp }
      - then: failed
  otp:
    show: otp
    actions: { resend: false, change_device: false }
    next: { submit: check, cancel: canceled }
  check:
    uses: mfa/device-passcode
    with: { deviceAuthenticationId: =vars.auth.id, otp: =nodes.otp.form.otp }
    next: right
    catch: { INVALID_OTP: { then: otp, message: otp.invalid } }
  right: { end: right }
  canceled: { end: canceled }
  failed: { end: failed }
`

// head begins a test file about the door. Its tests begin in line 8, or 9 after a line end.
const head = `schema: flowtest/v1
flow: door
given:
  users:
    ben: { devices: [{ type: EMAIL, email: ben@example.com }] }
    dan: { devices: [{ type: TOTP }] }
tests:
`

// registry is every capability, compiled once.
var registry = sync.OnceValues(func() (*connector.Registry, error) {
	return connector.NewRegistry(capabilities.All(capabilities.Deps{Joined: true})...)
})

// options are a lab of simulated worlds. Every world that is opened is given to seen,
// which may be nil.
func options(t testing.TB, seen func(*sim.World)) flowtest.Options {
	t.Helper()
	caps, err := registry()
	if err != nil {
		t.Fatal(err)
	}
	return flowtest.Options{
		Capabilities: caps,
		Source: func(id string) (string, []byte, error) {
			for _, src := range []string{door, code} {
				if strings.Contains(src, "\nid: "+id+"\n") {
					return id + ".yaml", []byte(src), nil
				}
			}
			return "", nil, flowtest.ErrNoFlow
		},
		Lab: func(ctx context.Context, g flowtest.Given) (*flowtest.Lab, error) {
			o := sim.Options{Seed: g.Test}
			if g.Durable {
				o.Dir = t.TempDir()
			}
			w, err := sim.New(ctx, o)
			if err != nil {
				return nil, err
			}
			if seen != nil {
				seen(w)
			}
			return labOf(w), nil
		},
	}
}

func labOf(w *sim.World) *flowtest.Lab {
	return &flowtest.Lab{
		World: w, Environment: sim.Environment, DB: func() *store.DB { return w.DB() },
		Capabilities: func() []connector.Capability {
			return capabilities.All(capabilities.Deps{MFA: w.API(), Joined: true, Now: w.Now})
		},
		SetPolicy: w.SetPolicy, Unplug: w.Unplug, Close: w.Close,
	}
}

// load reads a test file that must have no problems.
func load(t *testing.T, src string, o flowtest.Options) *flowtest.Suite {
	t.Helper()
	s, problems, err := flowtest.Load("door.test.yaml", []byte(src), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s\n%s", p, p.Snippet)
	}
	if s == nil {
		t.FailNow()
	}
	return s
}

// failures runs the tests of a file and returns what failed, a line each.
func failures(t *testing.T, s *flowtest.Suite) []string {
	t.Helper()
	var list []string
	for _, test := range s.Tests() {
		result, err := s.Run(t.Context(), test)
		if err != nil {
			t.Fatal(err)
		}
		if result.Passed != (len(result.Failures) == 0) {
			t.Errorf("%s: passed is %v with %d failures", test.Name, result.Passed, len(result.Failures))
		}
		for _, f := range result.Failures {
			list = append(list, place(f)+f.Text)
		}
	}
	return list
}

func place(p flows.Problem) string {
	p.Rule, p.Text, p.Hint = "", "", ""
	return strings.TrimSuffix(p.String(), ": ")
}

// passes fails the test for whatever fails in a file.
func passes(t *testing.T, s *flowtest.Suite) {
	t.Helper()
	for _, f := range failures(t, s) {
		t.Error(f)
	}
}

// compare holds failures against how each is to begin.
func compare(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing: %s", want[i])
		case i >= len(want):
			t.Errorf("unexpected: %s", got[i])
		default:
			_, text, _ := strings.Cut(got[i], ".test.yaml:")
			if !strings.HasPrefix(text, want[i]) {
				t.Errorf("got  %s\nwant %s", got[i], want[i])
			}
		}
	}
}
