package embedded_test

import (
	"testing"
	"time"
)

// The way of T4.1: a password, a code by e-mail, done.
func TestSignOn(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, device := w.ben()
		w.api("POST password.check", "users/"+user+"/password", obj{"password": "nope nope"}).want(400, "INVALID_VALUE")
		if s := w.api("POST password.check", "users/"+user+"/password", obj{"password": goodPassword}).want(200, "").text("status"); s != "OK" {
			t.Errorf("password status %q", s)
		}
		da := w.begin(user)
		if got := da.text("selectedDevice.id"); got != device {
			t.Errorf("selected %q, want %q", got, device)
		}
		m := w.mail("ben@example.com")
		bad := w.check(da.text("id"), wrong(m.Code)).want(400, "INVALID_OTP")
		if left := bad.at("details.0.innerError.attemptsRemaining"); left != 2.0 {
			t.Errorf("attemptsRemaining %v, want 2", left)
		}
		done := w.check(da.text("id"), m.Code).want(200, "")
		if done.text("status") != "COMPLETED" {
			t.Errorf("status %s", done.text("status"))
		}
		w.check(da.text("id"), m.Code).want(400, "INVALID_REQUEST")
	})
}

// T4.7: an expired code, a new one for the same authentication, the old one refused.
func TestExpiredAndResent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	da := w.begin(user).text("id")
	old := w.mail("ben@example.com").Code
	w.clock.Move(31 * time.Minute)
	w.check(da, old).want(400, "OTP_SESSION_EXPIRED")
	if again := w.choose(da, device).want(200, ""); again.text("id") != da || again.text("status") != "OTP_REQUIRED" {
		t.Fatalf("after the resend: %s", again.Raw)
	}
	code := w.mail("ben@example.com").Code
	if code != old {
		w.check(da, old).want(400, "INVALID_OTP")
	}
	w.check(da, code).want(200, "")
}
