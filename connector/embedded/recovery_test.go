package embedded_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func (w *world) recover(user, code, password string) result {
	w.t.Helper()
	return w.api("POST password.recover", "users/"+user+"/password", obj{"recoveryCode": code, "newPassword": password})
}

// recoveryCode asks for a code and reads it from the mail.
func (w *world) recoveryCode(user, to string) string {
	w.t.Helper()
	w.api("POST password.sendRecoveryCode", "users/"+user+"/password", nil).want(200, "")
	return w.mail(to).Code
}

const nextPassword = "battery staple 8"

func TestRecoverPassword(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		pw := "users/" + user + "/password"
		code := w.recoveryCode(user, "ben@example.com")
		w.recover(user, other(code), "short").want(400, "INVALID_VALUE") // says nothing of the password
		w.recover(user, code, "short").want(400, "INVALID_VALUE")
		w.recover(user, code, goodPassword).want(400, "INVALID_VALUE") // the one in use
		for range 8 {
			w.api("POST password.check", pw, obj{"password": "not this one"})
		}
		w.api("POST password.check", pw, obj{"password": goodPassword}).want(400, "PASSWORD_LOCKED_OUT")
		if s := w.recover(user, code, nextPassword).want(200, "").text("status"); s != "OK" { // also the way out of a lock
			t.Errorf("status %q", s)
		}
		w.api("POST password.check", pw, obj{"password": nextPassword}).want(200, "")
		w.recover(user, code, goodPassword).want(400, "INVALID_VALUE") // used up
	})
}

func TestRecoverPasswordRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	pw := "users/" + user + "/password"
	for code, body := range map[string]obj{
		"REQUIRED_VALUE": {"newPassword": nextPassword},
		"EMPTY_VALUE":    {"recoveryCode": "", "newPassword": nextPassword},
	} {
		w.api("POST password.recover", pw, body).want(400, code)
	}
	w.api("POST password.recover", pw, obj{"recoveryCode": "ABCDEFGH"}).want(400, "REQUIRED_VALUE")
	code := w.recoveryCode(user, "ben@example.com")
	w.clock.Move(5 * time.Minute)
	w.recover(user, code, nextPassword).want(400, "INVALID_VALUE")
	code = w.recoveryCode(user, "ben@example.com")
	w.api("PATCH", "users/"+user, obj{"email": "new@example.com"}).want(200, "")
	w.recover(user, code, nextPassword).want(400, "INVALID_VALUE") // whoever reads the old mailbox
	code = w.recoveryCode(user, "new@example.com")
	w.api("PUT", "users/"+user+"/enabled", obj{"enabled": false}).want(200, "")
	w.recover(user, code, nextPassword).want(400, "ACCOUNT_NOT_USABLE")
	w.api("POST password.sendRecoveryCode", pw, nil).want(400, "ACCOUNT_NOT_USABLE")
	none := w.joe()
	w.api("POST password.sendRecoveryCode", "users/"+none+"/password", nil).want(400, "NO_PASSWORD")
}

// Wrong codes lock the password out: guessing a code is no way around its counter.
func TestWrongRecoveryCodesLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	pw := "users/" + user + "/password"
	code := w.recoveryCode(user, "ben@example.com")
	for range 4 {
		w.recover(user, other(code), nextPassword).want(400, "INVALID_VALUE")
	}
	if got := w.recover(user, other(code), nextPassword).want(400, "PASSWORD_LOCKED_OUT").at("details.0.innerError.secondsUntilUnlock"); got != 900.0 {
		t.Errorf("secondsUntilUnlock %v", got)
	}
	w.recover(user, code, nextPassword).want(400, "INVALID_VALUE")
	w.api("POST password.sendRecoveryCode", pw, nil).want(400, "PASSWORD_LOCKED_OUT")
	w.clock.Move(15 * time.Minute)
	w.api("POST password.check", pw, obj{"password": goodPassword}).want(200, "")
}

func TestLockAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	path := "users/" + user
	r := w.api("POST account.lock", path, nil).want(200, "")
	want := obj{"canAuthenticate": false, "status": "LOCKED", "lockedAt": "2026-11-22T09:00:00.123Z"}
	if d := cmp.Diff(want, r.Body["account"]); d != "" {
		t.Error(d)
	}
	w.clock.Move(time.Hour)
	w.api("POST account.lock", path, nil).want(200, "") // locked since the first time
	if d := cmp.Diff(want, w.api("GET", path, nil).Body["account"]); d != "" {
		t.Error(d)
	}
	pw := path + "/password"
	w.api("POST password.check", pw, obj{"password": goodPassword}).want(400, "ACCOUNT_NOT_USABLE")
	w.api("POST password.unlock", pw, nil).want(200, "") // another lock
	w.api("POST password.check", pw, obj{"password": goodPassword}).want(400, "ACCOUNT_NOT_USABLE")
	w.api("POST account.unlock", path, nil).want(200, "")
	w.api("POST account.unlock", path, nil).want(200, "")
	for range 8 {
		w.api("POST password.check", pw, obj{"password": "not this one"})
	}
	w.api("POST password.check", pw, obj{"password": goodPassword}).want(400, "PASSWORD_LOCKED_OUT")
	if s := w.api("POST account.unlock", path, nil).want(200, "").text("account.status"); s != "OK" {
		t.Errorf("account %s", s)
	}
	w.api("POST password.check", pw, obj{"password": goodPassword}).want(200, "")
	w.api("PUT", path+"/enabled", obj{"enabled": false}).want(200, "")
	w.api("POST account.lock", path, nil).want(400, "CONSTRAINT_VIOLATION")
	w.api("POST account.lock", "users/"+envID, nil).want(404, "NOT_FOUND")
	w.api("POST account.shuffle", path, nil).want(415, "INVALID_REQUEST")
}

func TestUserPopulation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.joe()
	path := "users/" + user + "/population"
	id := w.api("GET", "users/"+user, nil).text("population.id")
	for _, r := range []result{w.api("GET", path, nil), w.api("PUT", path, obj{"id": id})} {
		if r.want(200, "").text("id") != id {
			t.Errorf("%s", r.Raw)
		}
	}
	w.api("PUT", path, obj{}).want(400, "REQUIRED_VALUE")
	w.api("PUT", path, obj{"id": envID}).want(400, "INVALID_VALUE")
}
