package main

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
)

// written is what a logger wrote. It is safe for concurrent use.
type written struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (w *written) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.Write(b)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// newLoggedSite makes a site that logs all there is to log.
func newLoggedSite(t *testing.T) (*site, *written) {
	t.Helper()
	log := &written{}
	s := newSite(t)
	s.close()
	s.log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.open()
	return s, log
}

// A-77, T7.6 and T6.3: what a person types, codes, handles and remember-me values are in no
// line of the log, at its most talkative. Of the parent's password and of codes nothing is
// in the store either, but where a message waits to be read.
func TestA77SecretsStayInside(t *testing.T) {
	t.Parallel()
	s, log := newLoggedSite(t)
	s.policyP0()
	s.user("ben", benPassword, "ben@example.com")
	l := s.start("sign-on-and-adaptive-mfa", nil).see("username-password", "")
	first := l.handle
	l.act("submit", credentials("ben", "not the password")).see("username-password", "sign_on.invalid")
	l.act("submit", credentials("ben", benPassword)).see("otp", "")
	right := s.inbox("ben@example.com")[0].Code
	l.act("submit", code(wrong(right))).see("otp", "otp.invalid")
	l.act("submit", code(right)).end(engine.Completed, "")
	session := l.e.DeviceSession
	qr := s.start("qr-code-passwordless-sign-on", nil).see("qr", "")
	shown, _ := qr.e.Step.With["code"].(string)
	if session == "" || shown == "" || log.String() == "" {
		t.Fatalf("session %q, code %q, log of %d bytes", session, shown, len(log.String()))
	}
	for name, secret := range map[string]string{
		"password": benPassword, "wrong password": "not the password", "passcode": right, "handle": first, "rotated handle": l.handle,
		"remember-me value": session, "QR code": shown, "token": siteToken,
	} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has the %s", name)
		}
	}
	for rec, err := range s.app.db.Scan(t.Context(), store.Under(store.K(siteEnv, ""))) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(rec.Key), "/inbox/") {
			continue
		}
		for name, secret := range map[string]string{"password": benPassword, "passcode": `"` + right + `"`} {
			if strings.Contains(string(rec.Value), secret) {
				t.Errorf("%s has the %s", rec.Key, name)
			}
		}
	}
}
