package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/engine"
)

// T1.6: who comes back with the handle goes on where they were, and nobody else does.
func TestT16BrowserClosed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	form := map[string]any{"username": "una", "email": "una@example.com", "password": benPassword}
	l := s.start("registration-and-mfa-enrollment", nil).act("submit", form).see("method-list", "")
	s.restart()
	s.move(59 * time.Minute)
	l.get().see("method-list", "")
	for _, handle := range []string{"", l.handle[1:] + "A"} {
		if status, b := s.call("GET", "/v1/executions/"+l.id, nil, "Execution-Handle", handle); status != http.StatusNotFound {
			t.Errorf("handle %q: %d %s", handle, status, b)
		}
	}
	s.move(time.Minute)
	l.get().end(engine.Expired, "FLOW_EXPIRED")
	s.start("sign-on-and-mfa", nil).act("submit", credentials("una", benPassword)).see("method-list", "")
}

// T2.8: the code of the time step before or after is good, one farther off is not, and
// none is good twice. The policy's window is one step.
func TestT28TimeSteps(t *testing.T) {
	t.Parallel()
	for offset, good := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		s := newSite(t)
		s.totpWindow(1)
		form := map[string]any{"username": "una", "email": "una@example.com", "password": benPassword}
		l := s.start("registration-and-mfa-enrollment", nil).act("submit", form)
		l.act("submit", map[string]any{"method": "TOTP"}).see("totp-setup", "")
		uri, _ := l.e.Step.With["keyUri"].(string)
		app, ok := readTOTP(uri)
		if !ok {
			t.Fatalf("key URI %q", uri)
		}
		l.act("submit", code(app.code(s.clock.Now().Unix()/30+offset)))
		if got := l.e.Status == engine.Completed; got != good {
			t.Errorf("a code %d steps off: %s", offset, l.raw)
		}
	}
}

// T9.2: up to the ids, who has no account sees byte for byte what a user with an e-mail
// address and no device sees.
func TestT92UnknownUsername(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ana", benPassword)
	var seen []string
	for _, name := range []string{"ana", "nobody"} {
		l := s.start("passwordless-authentication", nil)
		var all []byte
		note := func() {
			all = append(all, strings.NewReplacer(l.id, "ID", l.e.Step.Token, "TOKEN", `"`+name+`"`, `"NAME"`).Replace(string(l.raw))...)
		}
		l.act("submit", map[string]any{"username": name}).see("otp", "")
		note()
		for _, digits := range []string{"000000", "000001"} {
			l.act("submit", code(digits)).see("otp", "otp.invalid")
			note()
		}
		l.act("resend", nil).see("otp", "otp.resent")
		note()
		l.act("submit", code("000002")).end(engine.Failed, "OTP_ATTEMPTS")
		all = append(all, strings.ReplaceAll(string(l.raw), l.id, "ID")...)
		seen = append(seen, string(all))
	}
	if diff := cmp.Diff(seen[0], seen[1]); diff != "" {
		t.Errorf("nobody can be told from ana (-ana +nobody):\n%s", diff)
	}
	if a, n := s.inbox("ana@example.com"), s.inbox("nobody@example.com"); len(a) == 0 || len(n) != 0 {
		t.Errorf("%d mails to ana, %d to nobody", len(a), len(n))
	}
}
