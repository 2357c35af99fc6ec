package main

import (
	"net/http"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
)

// qr shows a code for the app of the environment.
func (s *site) qr() *login {
	s.t.Helper()
	return s.start("qr-code-passwordless-sign-on", nil).see("qr", "")
}

// T11.2: the code that was shown before is withdrawn, claimed or not, and so is the last
// one of a sign-on that is given up.
func TestT112OldCodesAreWithdrawn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.phone(s.user("dan", benPassword))
	l := s.qr()
	refused := func(when string, shown any) {
		t.Helper()
		if c, err := p.ClaimCode(t.Context(), shown.(string)); err == nil {
			t.Errorf("%s: the code was claimed: %+v", when, c)
		}
	}
	first := l.e.Step.With["uri"]
	l.act("refresh", nil).see("qr", "")
	refused("another code", first)

	claimed := s.claim(p, l)
	l.act("poll", nil).act("refresh", nil).see("qr", "")
	if err := p.ApproveCode(t.Context(), claimed); err == nil {
		t.Error("a code that was withdrawn after its claim was approved")
	}

	last := l.e.Step.With["uri"]
	l.act("cancel", nil).end(engine.Canceled, "")
	refused("canceled", last)

	l = s.qr()
	last = l.e.Step.With["uri"]
	if status, b := s.call("DELETE", "/v1/executions/"+l.id, nil, "Execution-Handle", l.handle); status != http.StatusOK {
		t.Fatalf("%d %s", status, b)
	}
	refused("deleted", last)
}

// T11.7: whoever does not hold the handle that came with the code, in a browser its
// cookie, neither sees how the sign-on goes nor is signed on.
func TestT117SomebodyElsesCode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.phone(s.user("dan", benPassword))
	mine, other := s.qr(), s.qr()
	token := mine.e.Step.Token
	id := s.claim(p, mine)
	if err := p.ApproveCode(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for _, handle := range []string{"", other.handle, token} {
		if status, b := s.call("GET", "/v1/executions/"+mine.id, nil, "Execution-Handle", handle); status != http.StatusNotFound {
			t.Errorf("handle %q: %d %s", handle, status, b)
		}
		body := map[string]any{"token": token, "action": "poll"}
		if status, b := s.call("POST", "/v1/executions/"+mine.id, body, "Execution-Handle", handle); status != http.StatusNotFound {
			t.Errorf("poll with handle %q: %d %s", handle, status, b)
		}
	}
	if other.act("poll", nil); other.e.Status != engine.Waiting {
		t.Errorf("another browser: %s", other.raw)
	}
	before := mine.handle
	if mine.act("poll", nil).end(engine.Completed, ""); mine.handle == before || mine.e.Result == nil {
		t.Errorf("the browser that got the code: %s", mine.raw)
	}
}

// T11.5: what is wrong with a constant is told at the load, of an expression when it runs.
func TestT115Durations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	flow := func(duration, unit string) string {
		return `schema: flow/v1
id: durations
title: Durations
public: true
start: code
inputs: { seconds: { type: string, default: "9" } }
nodes:
  code:
    uses: mfa/create-authentication-code
    with: { authenticatingApplicationId: a, duration: ` + duration + `, timeUnit: ` + unit + `, userApproval: REQUIRED }
    next: done
    catch: { INPUT_INVALID: wrong }
  done: { end: canceled }
  wrong: { end: failed }
`
	}
	for _, c := range [][2]string{{`"9"`, "SECONDS"}, {`"1801"`, "SECONDS"}, {`"31"`, "MINUTES"}, {`"0"`, "MINUTES"}} {
		s.manage("PUT", "/v1/flows/durations", flow(c[0], c[1]), http.StatusUnprocessableEntity, nil, "Content-Type", "application/yaml")
	}
	s.manage("PUT", "/v1/flows/durations", flow("=inputs.seconds", "SECONDS"), http.StatusCreated, nil, "Content-Type", "application/yaml")
	s.start("durations", nil).end(engine.Failed, "INPUT_INVALID")
}
