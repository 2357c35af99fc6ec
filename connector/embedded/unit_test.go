package embedded_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
	"github.com/mfaflow/mfaflow/store/memory"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// Do joins the unit of work that it finds: one commit for all of it, seen inside at
// once, gone when the unit fails.
func TestDoJoinsTheUnit(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		var da string
		run := func(fail error) error {
			return w.db.Update(t.Context(), func(ctx context.Context, _ *store.Tx) error {
				da = w.doCtx(ctx, request(pingone.HostAuth, "POST", "deviceAuthentications", obj{"user": obj{"id": user}})).want(201, "").text("id")
				w.doCtx(ctx, request(pingone.HostAuth, "GET", "deviceAuthentications/"+da, nil)).want(200, "")
				w.doCtx(ctx, otpCheck(da, "not a code")).want(400, "INVALID_OTP")
				w.doCtx(ctx, request(pingone.HostAPI, "POST", "users", obj{"username": "BEN"})).want(400, "UNIQUENESS_VIOLATION")
				return fail
			})
		}
		sorry := errors.New("sorry")
		if err := run(sorry); !errors.Is(err, sorry) {
			t.Fatalf("the failing unit: %v", err)
		}
		w.auth("GET", "deviceAuthentications/"+da, nil).want(404, "NOT_FOUND")
		before := w.db.Stats().Commits
		if err := run(nil); err != nil {
			t.Fatal(err)
		}
		if n := w.db.Stats().Commits - before; n != 1 {
			t.Errorf("%d commits, want 1", n)
		}
		code := w.mail("ben@example.com").Code
		if left := w.check(da, wrong(code)).want(400, "INVALID_OTP").at("details.0.innerError.attemptsRemaining"); left != 1.0 {
			t.Errorf("attemptsRemaining %v: the attempt inside the unit was not counted", left)
		}
		if n := w.db.Stats().Reruns; n != 0 {
			t.Errorf("%d re-runs", n)
		}
	})
}

// A refused request that does not count leaves nothing behind.
func TestRefusalWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	before := w.db.Stats().Commits
	w.api("POST", "users", obj{"username": "ben"}).want(400, "UNIQUENESS_VIOLATION")
	w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "ben@example.com"}).want(400, "UNIQUENESS_VIOLATION")
	w.api("POST devices.reorder", "users/"+user+"/devices", obj{"order": refs(device, device)}).want(400, "INVALID_VALUE")
	w.api("GET", "users/"+user, nil).want(200, "")
	if n := w.db.Stats().Commits - before; n != 0 {
		t.Errorf("%d commits", n)
	}
}

// A path segment cannot leave its place.
func TestBadPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, s := range []string{"", ".", ".."} {
		if _, err := w.svc.Do(t.Context(), pingone.Request{Method: "GET", Path: pingone.Path{"users", s}}); !errors.Is(err, pingone.ErrBadPath) {
			t.Errorf("%q: %v", s, err)
		}
	}
	w.do(pingone.Request{Method: "GET", Path: pingone.Path{"users", "a/../b"}}).want(404, "NOT_FOUND")
	if _, err := w.svc.Do(t.Context(), pingone.Request{Method: "POST", Path: pingone.Path{"users"}, Body: func() {}}); err == nil {
		t.Error("a body that is no JSON was taken")
	}
}

// What an operation costs: the records that it writes, and their sealed bytes.
func TestCostOfOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var user, device, da string
	var code string
	for _, c := range []struct {
		name           string
		run            func()
		records, bytes uint64 // at most
	}{
		{"create user", func() { user = w.user("ben") }, 6, 1600},
		{"create device", func() { device = w.email(user, "ben@example.com") }, 3, 800},
		{"right password", func() {
			w.api("POST password.check", "users/"+user+"/password", obj{"password": goodPassword}).want(200, "")
		}, 1, 500},
		{"wrong password", func() { w.api("POST password.check", "users/"+user+"/password", obj{"password": "wrong password"}) }, 2, 600},
		{"initialize", func() { da = w.begin(user).text("id") }, 3, 1800},
		{"read", func() { code = w.mailOnly("ben@example.com"); w.auth("GET", "deviceAuthentications/"+da, nil) }, 0, 0},
		{"wrong code", func() { w.check(da, wrong(code)).want(400, "INVALID_OTP") }, 3, 700},
		{"right code after a wrong one, the first of the device", func() { w.check(da, code).want(200, "") }, 5, 1500},
		{"initialize again", func() { da = w.begin(user).text("id") }, 3, 1800},
		{"resend", func() { w.choose(da, device).want(200, "") }, 3, 1800},
		{"right code", func() { code = w.mailOnly("ben@example.com"); w.check(da, code).want(200, "") }, 2, 1200},
	} {
		before := w.db.Stats()
		c.run()
		after := w.db.Stats()
		records, bytes := after.Records-before.Records, after.Bytes-before.Bytes
		t.Logf("%-30s %d records %5d bytes", c.name, records, bytes)
		if records > c.records || bytes > c.bytes {
			t.Errorf("%s: %d records, %d bytes, want at most %d and %d", c.name, records, bytes, c.records, c.bytes)
		}
	}
}

// mailOnly reads the code of the newest message from the outbox's rows, without writing.
func (w *world) mailOnly(to string) string {
	w.t.Helper()
	code := ""
	for rec, err := range w.db.Scan(w.t.Context(), storeUnder(envID+"/outbox/")) {
		var m outbox.Message
		if err != nil || json.Unmarshal(rec.Value, &m) != nil {
			w.t.Fatalf("%s: %v", rec.Key, err)
		}
		if m.To == to {
			code = m.Code
		}
	}
	return code
}

// What happened is told by PingOne's action types, in the commit that did it.
func TestAuditEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withP0)
	seen := map[string]bool{}
	events := func() []string {
		t.Helper()
		out := []string{}
		for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/audit/")) {
			if err != nil {
				t.Fatal(err)
			}
			if seen[string(rec.Key)] {
				continue
			}
			seen[string(rec.Key)] = true
			list, err := audit.Read(rec)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				out = append(out, e.Type+" "+e.Result)
			}
		}
		return out
	}
	var user, device, da, code string
	for _, c := range []struct {
		run  func()
		want string
	}{
		{func() { user = w.user("ben") }, "USER.CREATED SUCCESS"},
		{func() { w.api("PATCH", "users/"+user, obj{"title": "Dr"}) }, "USER.UPDATED SUCCESS"},
		{func() { device = w.email(user, "ben@example.com") }, "DEVICE.CREATED SUCCESS"},
		{func() { w.api("PUT", "users/"+user+"/devices/"+device+"/nickname", obj{"nickname": "x"}) }, "DEVICE.NICKNAME_UPDATED SUCCESS"},
		{func() { w.api("POST password.check", "users/"+user+"/password", obj{"password": goodPassword}) }, "PASSWORD.CHECK_SUCCEEDED SUCCESS"},
		{func() { w.api("POST password.check", "users/"+user+"/password", obj{"password": "wrong"}) }, "PASSWORD.CHECK_FAILED FAILED"},
		{func() { da = w.begin(user).text("id"); code = w.mail("ben@example.com").Code }, "AUTHENTICATION.CREATED SUCCESS"},
		{func() { w.check(da, wrong(code)) }, "OTP.CHECK_INVALID FAILED"},
		{func() { w.check(da, code) }, "OTP.CHECK_SUCCESS SUCCESS, AUTHENTICATION.UPDATED SUCCESS"},
		{func() { da = w.begin(user).text("id"); code = w.mail("ben@example.com").Code }, "AUTHENTICATION.CREATED SUCCESS"},
		{func() { w.choose(da, device); code = w.mail("ben@example.com").Code }, "AUTHENTICATION.UPDATED SUCCESS"},
		{func() { w.check(da, wrong(code)) }, "OTP.CHECK_INVALID FAILED"},
		{func() { w.check(da, wrong(code)) }, "OTP.CHECK_INVALID FAILED"},
		{func() { w.check(da, wrong(code)) }, "OTP.CHECK_FAILED FAILED, DEVICE.LOCKED SUCCESS, AUTHENTICATION.UPDATED FAILED"},
		{func() { w.check(da, code) }, ""},
		{func() { w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}) }, "AUTHENTICATION.CREATED FAILED"},
		{func() { w.api("POST device.unlock", "users/"+user+"/devices/"+device, nil) }, "DEVICE.UNLOCKED SUCCESS"},
		{func() { w.api("DELETE", "users/"+user+"/devices/"+device, nil) }, "DEVICE.DELETED SUCCESS"},
		{func() { w.api("DELETE", "users/"+user, nil) }, "USER.DELETED SUCCESS"},
	} {
		events()
		c.run()
		if d := cmp.Diff(c.want, strings.Join(events(), ", ")); d != "" {
			t.Error(d)
		}
	}
}

// A code outlives the process: another service on the same store finds and takes it.
func TestCodeSurvivesRestart(t *testing.T) {
	t.Parallel()
	s := memory.New()
	first := worldOn(t, s)
	user, _ := first.ben()
	da := first.begin(user).text("id")
	code := first.mail("ben@example.com").Code
	first.check(da, wrong(code)).want(400, "INVALID_OTP")
	second := worldOn(t, s)
	if got := second.mail("ben@example.com").Code; got != code {
		t.Errorf("the inbox lost the code: %q, want %q", got, code)
	}
	if left := second.check(da, wrong(code)).want(400, "INVALID_OTP").at("details.0.innerError.attemptsRemaining"); left != 1.0 {
		t.Errorf("attemptsRemaining %v: the restart forgot a failure", left)
	}
	second.check(da, code).want(200, "")
}

// The inbox keeps a message once, newest first, at most so many, and finds by address
// and channel.
func TestInbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inbox := embedded.NewInbox(w.db, envID, 20)
	send := func(to, channel, id string) {
		t.Helper()
		if err := inbox.Send(t.Context(), outbox.Message{ID: id, Channel: channel, To: to, Subject: "s", Text: "t", Code: "123456"}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(f embedded.InboxFilter) []embedded.InboxEntry {
		t.Helper()
		all, err := inbox.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if b, err := json.Marshal(list(embedded.InboxFilter{})); string(b) != "[]" || err != nil {
		t.Errorf("an empty inbox is %s, %v", b, err)
	}
	first, second := w.db.NewID(), w.db.NewID()
	send("a@example.com", "EMAIL", first)
	w.clock.Move(time.Minute)
	send("+15551234", "SMS", second)
	send("a@example.com", "EMAIL", first)
	want := []embedded.InboxEntry{
		{ID: second, Channel: "SMS", To: "+15551234", Subject: "s", Text: "t", Code: "123456", At: time.Date(2026, 11, 22, 9, 1, 0, 123e6, time.UTC)},
		{ID: first, Channel: "EMAIL", To: "a@example.com", Subject: "s", Text: "t", Code: "123456", At: time.Date(2026, 11, 22, 9, 0, 0, 123e6, time.UTC)},
	}
	if d := cmp.Diff(want, list(embedded.InboxFilter{})); d != "" {
		t.Error(d)
	}
	if got := list(embedded.InboxFilter{To: "A@example.com"}); len(got) != 1 || got[0].ID != first {
		t.Errorf("by address: %+v", got)
	}
	if got := list(embedded.InboxFilter{Channel: "sms"}); len(got) != 1 || got[0].ID != second {
		t.Errorf("by channel: %+v", got)
	}
	last := ""
	for i := range 100 {
		last = w.db.NewID()
		send(fmt.Sprint(i), "EMAIL", last)
	}
	if got := list(embedded.InboxFilter{}); len(got) > 20 || len(got) < 18 || got[0].ID != last {
		t.Errorf("%d messages kept, newest %s", len(got), got[0].ID)
	}
}
