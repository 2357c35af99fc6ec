package embedded_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store/audit"
)

// joe is a user with an address that is not verified.
func (w *world) joe() (id string) {
	w.t.Helper()
	return w.api("POST", "users", obj{"username": "joe", "email": "joe@example.com"}).want(201, "").text("id")
}

func (w *world) sendCode(user string) result {
	w.t.Helper()
	return w.api("POST user.sendVerificationCode", "users/"+user, nil)
}

func (w *world) verify(user, code string) result {
	w.t.Helper()
	return w.api("POST user.verify", "users/"+user, obj{"verificationCode": code})
}

// other is a code of the same shape that differs from code.
func other(code string) string {
	if code[0] == 'A' {
		return "B" + code[1:]
	}
	return "A" + code[1:]
}

// mails counts the messages to an address that arrived so far.
func (w *world) mails(to string) int {
	w.t.Helper()
	if _, err := w.outbox.Drain(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	all, err := w.inbox.List(w.t.Context(), embedded.InboxFilter{To: to})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(all)
}

// events lists type and result of all events of a user, oldest first.
func (w *world) events(user string) (list []string) {
	w.t.Helper()
	for rec, err := range w.db.Scan(w.t.Context(), storeUnder(envID+"/audit/")) {
		if err != nil {
			w.t.Fatal(err)
		}
		events, err := audit.Read(rec)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range events {
			if e.User == user {
				list = append(list, e.Type+" "+e.Result+" "+e.Description)
			}
		}
	}
	return list
}

func TestVerifyAccount(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.joe()
		r := w.sendCode(user).want(200, "")
		if r.text("lifecycle.status") != "VERIFICATION_REQUIRED" || r.at("emailVerified") != false || r.text("id") != user {
			t.Errorf("after sending: %s", r.Raw)
		}
		m := w.mail("joe@example.com")
		if !regexp.MustCompile(`^[2-9A-HJ-NP-Z]{8}$`).MatchString(m.Code) || !strings.Contains(m.Text, m.Code) || m.Channel != "EMAIL" {
			t.Errorf("mail %+v", m)
		}
		w.clock.Move(400 * 24 * time.Hour) // the code has no end
		r = w.verify(user, " "+strings.ToLower(m.Code)+"\n").want(200, "")
		if r.text("lifecycle.status") != "ACCOUNT_OK" || r.at("emailVerified") != true || r.text("updatedAt") == r.text("createdAt") {
			t.Errorf("after verifying: %s", r.Raw)
		}
		r = w.verify(user, m.Code).want(400, "INVALID_VALUE") // used up
		if r.text("code") != "INVALID_DATA" || r.text("details.0.target") != "verificationCode" || r.at("details.0.innerError") != nil {
			t.Errorf("%s", r.Raw)
		}
		want := []string{"USER.CREATED SUCCESS ", "USER.UPDATED SUCCESS verification code sent", "USER.UPDATED SUCCESS account verified"}
		if d := cmp.Diff(want, w.events(user)); d != "" {
			t.Error(d)
		}
	})
}

func TestVerifyAccountRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.joe()
	w.verify(user, "ABCDEFGH").want(400, "INVALID_VALUE") // nothing was sent
	w.sendCode(user).want(200, "")
	code := w.mail("joe@example.com").Code
	path := "users/" + user
	w.api("POST user.verify", path, obj{}).want(400, "REQUIRED_VALUE")
	w.api("POST user.verify", path, obj{"verificationCode": ""}).want(400, "EMPTY_VALUE")
	w.api("POST user.verify", path, obj{"verificationCode": 7}).want(400, "INVALID_VALUE")
	w.api("POST user.verify", "users/"+envID, obj{"verificationCode": code}).want(404, "NOT_FOUND")
	w.sendCode("nobody").want(404, "NOT_FOUND")
	for left := 4.0; left >= 0; left-- {
		if got := w.verify(user, other(code)).want(400, "INVALID_VALUE").at("details.0.innerError.attemptsRemaining"); got != left {
			t.Errorf("attemptsRemaining %v, want %v", got, left)
		}
	}
	w.verify(user, code).want(400, "INVALID_VALUE") // dead
	if n := w.compared.Load(); n != 5 {
		t.Errorf("%d codes were compared, want 5", n)
	}
	w.sendCode(user).want(200, "")
	w.verify(user, "short").want(400, "INVALID_VALUE") // counted, not compared
	if n := w.compared.Load(); n != 5 {
		t.Errorf("%d codes were compared, want 5", n)
	}
	w.verify(user, w.mail("joe@example.com").Code).want(200, "")

	none := w.api("POST", "users", obj{"username": "ann"}).want(201, "").text("id")
	w.sendCode(none).want(400, "CONSTRAINT_VIOLATION")
	if s := w.api("GET", "users/"+none, nil).text("lifecycle.status"); s != "ACCOUNT_OK" {
		t.Errorf("a refused sending left %s", s)
	}
	silent := newWorld(t, func(o *embedded.Options) { o.Channels = nil })
	silent.sendCode(silent.joe()).want(400, "CONSTRAINT_VIOLATION")
}

// A new code kills the one before, which is not even sent if it was still waiting.
func TestVerificationCodeIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.joe()
	w.sendCode(user).want(200, "")
	w.sendCode(user).want(200, "")
	if n := w.mails("joe@example.com"); n != 1 {
		t.Errorf("%d mails, want the newer", n)
	}
	first := w.mail("joe@example.com").Code
	w.sendCode(user).want(200, "")
	second := w.mail("joe@example.com").Code
	w.verify(user, first).want(400, "INVALID_VALUE")
	w.verify(user, second).want(200, "")
}

// Parallel guesses do not overrun the limit, and the right code sent many times at once
// is accepted once.
func TestA01VerificationGuesses(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.joe()
		w.sendCode(user).want(200, "")
		code := w.mail("joe@example.com").Code
		request := func(code string) pingone.Request {
			return request(pingone.HostAPI, "POST user.verify", "users/"+user, obj{"verificationCode": code})
		}
		got := w.volley(200, func(int) pingone.Request { return request(other(code)) })
		if n := w.compared.Load(); n != 5 {
			t.Errorf("%d codes were compared, want 5 (%v)", n, got)
		}
		w.verify(user, code).want(400, "INVALID_VALUE")
		w.sendCode(user).want(200, "")
		code = w.mail("joe@example.com").Code
		if got = w.volley(50, func(int) pingone.Request { return request(code) }); got[""] != 1 {
			t.Errorf("answers %v, want one success", got)
		}
	})
}

// a code is good for its user, its purpose and its address only.
func TestA27CodesAreBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	joe := w.joe()
	ann := w.api("POST", "users", obj{"username": "ann", "email": "ann@example.com"}).want(201, "").text("id")
	w.sendCode(joe).want(200, "")
	w.sendCode(ann).want(200, "")
	code := w.mail("joe@example.com").Code
	w.verify(ann, code).want(400, "INVALID_VALUE")
	w.api("POST user.emailVerification.send", "users/"+joe+"/emailVerification", obj{"notificationType": "USER"}).want(200, "")
	w.api("POST user.emailVerification.verify", "users/"+joe+"/emailVerification", obj{"verificationCode": code}).want(400, "INVALID_VALUE")

	w.api("PATCH", "users/"+joe, obj{"email": "new@example.com"}).want(200, "")
	r := w.verify(joe, code).want(200, "") // the account is verified, the new address is not
	if r.text("lifecycle.status") != "ACCOUNT_OK" || r.at("emailVerified") != false {
		t.Errorf("%s", r.Raw)
	}
}

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.joe()
	path := "users/" + user + "/emailVerification"
	w.api("POST user.emailVerification.send", path, obj{}).want(400, "REQUIRED_VALUE")
	w.api("POST user.emailVerification.send", path, obj{"notificationType": "admin"}).want(400, "INVALID_VALUE")
	send := func() string {
		r := w.api("POST user.emailVerification.send", path, obj{"notificationType": "ADMIN"}).want(200, "")
		want := []string{"_links", "createdAt", "environment", "expiresAt", "status", "user"}
		if d := cmp.Diff(want, keys(r.Body)); d != "" || r.text("status") != "VERIFICATION_REQUIRED" {
			t.Errorf("%s: %s", d, r.Raw)
		}
		return w.mail("joe@example.com").Code
	}
	check := func(code string) result {
		return w.api("POST user.emailVerification.verify", path, obj{"verificationCode": code})
	}
	code := send()
	w.clock.Move(24 * time.Hour)
	check(code).want(400, "INVALID_VALUE")
	code = send()
	w.api("PATCH", "users/"+user, obj{"email": "new@example.com"}).want(200, "")
	check(code).want(400, "INVALID_VALUE") // the address changed
	w.api("PATCH", "users/"+user, obj{"email": "joe@example.com"}).want(200, "")
	code = send()
	w.clock.Move(24*time.Hour - time.Second)
	if s := check(code).want(200, "").text("status"); s != "VERIFIED" {
		t.Errorf("status %q", s)
	}
	r := w.api("GET", "users/"+user, nil)
	if r.at("emailVerified") != true || r.text("lifecycle.status") != "ACCOUNT_OK" {
		t.Errorf("%s", r.Raw)
	}
	if r := w.api("PATCH", "users/"+user, obj{"email": "next@example.com"}); r.at("emailVerified") != false {
		t.Error("a new address counts as verified")
	}
}

// An import that waits for verification mails the first code.
func TestImportSendsCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := func(name string, lifecycle obj) string {
		body := obj{"username": name, "email": name + "@example.com", "lifecycle": lifecycle}
		return w.api("POST user.import", "users", body).want(201, "").text("id")
	}
	id := user("one", obj{"status": "VERIFICATION_REQUIRED"})
	w.verify(id, w.mail("one@example.com").Code).want(200, "")
	user("two", obj{"status": "VERIFICATION_REQUIRED", "suppressVerificationCode": true})
	user("three", obj{"status": "ACCOUNT_OK"})
	for _, to := range []string{"two@example.com", "three@example.com"} {
		if n := w.mails(to); n != 0 {
			t.Errorf("%d mails to %s", n, to)
		}
	}
	body := obj{"username": "four", "lifecycle": obj{"status": "VERIFICATION_REQUIRED"}}
	if s := w.api("POST user.import", "users", body).want(201, "").text("lifecycle.status"); s != "VERIFICATION_REQUIRED" {
		t.Errorf("without an address: %s", s)
	}
}

// mails with codes of an account count in the user's day like all others.
func TestA19VerificationMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.MessagesPerUser = 2 }))
	user := w.joe()
	w.sendCode(user).want(200, "")
	code := w.mail("joe@example.com").Code
	w.api("POST user.emailVerification.send", "users/"+user+"/emailVerification", obj{"notificationType": "USER"}).want(200, "")
	r := w.sendCode(user).want(400, "QUOTA_EXCEEDED")
	if r.at("details.0.innerError.quotaLimit") != 2.0 || r.text("details.0.innerError.quotaResetTime") != "2026-11-23T00:00:00.000Z" {
		t.Errorf("%s", r.Raw)
	}
	if n := w.mails("joe@example.com"); n != 2 {
		t.Errorf("%d mails", n)
	}
	w.verify(user, code).want(200, "") // the refusal left it alone
	w.clock.Move(24 * time.Hour)
	w.sendCode(user).want(200, "")
}

// Neither codes nor addresses are kept, and nothing of a user outlives the user.
func TestCodesAreNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.joe()
	w.sendCode(user).want(200, "")
	code := w.mail("joe@example.com").Code
	w.verify(user, other(code)).want(400, "INVALID_VALUE")
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/")) {
		if err != nil {
			t.Fatal(err)
		}
		key, value := string(rec.Key), string(rec.Value)
		if strings.HasPrefix(key, envID+"/inbox/") || strings.HasPrefix(key, envID+"/userinfo/") {
			continue
		}
		if strings.Contains(value, code) || strings.Contains(value, "joe@") || strings.Contains(key, "joe") {
			t.Errorf("%s: %s", key, value)
		}
	}
	w.api("DELETE", "users/"+user, nil).want(204, "")
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/")) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(string(rec.Key), "/"+user) {
			t.Errorf("%s is left", rec.Key)
		}
	}
}
