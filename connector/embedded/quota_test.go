package embedded_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// delivered counts the messages that an address was sent.
func (w *world) delivered(to string) int {
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

// of a thousand starts, as many send a message as the user may get in a day; other
// devices are offered; the next day all is well.
func TestA19MessagesOfAUser(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		phone := w.api("POST", "users/"+user+"/devices", obj{"type": "SMS", "phone": "+1.5125551234"}).want(201, "").text("id")
		start := obj{"user": obj{"id": user}}
		got := w.volley(300, func(int) pingone.Request {
			return request(pingone.HostAuth, "POST", "deviceAuthentications", start)
		})
		if n := w.delivered("+1.5125551234"); n != 20 || got[""]+got["BUSY"] != 300 {
			t.Errorf("%d messages, want 20: %v", n, got)
		}
		r := w.auth("POST", "deviceAuthentications", start).want(201, "")
		want := obj{"code": "NO_USABLE_DEVICES", "message": "Daily limit of SMS authentication attempts has been exceeded", "unavailableDevices": refs(phone)}
		if d := cmp.Diff(any(want), r.at("error")); d != "" || r.text("status") != "FAILED" {
			t.Error(d)
		}
		r = w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"id": phone}}).want(400, "QUOTA_EXCEEDED")
		if d := cmp.Diff(any(obj{"quotaLimit": 20.0, "quotaResetTime": "2026-11-23T00:00:00.000Z"}), r.at("details.0.innerError")); d != "" {
			t.Error(d)
		}
		w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"oneTime": obj{"type": "SMS", "phone": "+1.5125550000"}}}).want(400, "QUOTA_EXCEEDED")
		w.api("POST", "users/"+user+"/devices", obj{"type": "SMS", "phone": "+1.5125550000", "status": "ACTIVATION_REQUIRED"}).want(400, "QUOTA_EXCEEDED")
		mail := w.email(user, "ben@example.com")
		if r := w.begin(user); r.text("selectedDevice.id") != mail {
			t.Errorf("%s", r.Raw)
		}
		w.clock.Move(15 * time.Hour)
		if r := w.begin(user); r.text("selectedDevice.id") != phone {
			t.Errorf("%s", r.Raw)
		}
	}, limits(func(l *embedded.Limits) { l.MessagesPerUser = 20 }))
}

// Strangers who ask for codes in a user's name use up no more than the messages that are for
// strangers: the user's own browsers, and each of them, have as many.
func TestStrangersLeaveMessagesToRememberedBrowsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.MessagesPerUser = 3 }))
	user, _ := w.ben()
	_, cookie := w.remember(user, chrome133, nil)
	_, other := w.remember(user, chromeWin, nil)
	forged := cookie[:len(cookie)-1]
	start := request(pingone.HostAuth, "POST", "deviceAuthentications", obj{"user": obj{"id": user}})
	status := func(session string) string {
		t.Helper()
		r := w.doCtx(connector.WithSource(t.Context(), connector.Source{DeviceSession: session}), start).want(201, "")
		return r.text("status")
	}
	for _, session := range []string{"", cookie, other} {
		for i := range 3 {
			if got := status(session); got != "OTP_REQUIRED" {
				t.Fatalf("message %d is %s, want one sent", i, got)
			}
		}
		if got := status(session); got != "FAILED" {
			t.Errorf("the fourth message is %s, want FAILED", got)
		}
	}
	if got := status(forged); got != "FAILED" {
		t.Errorf("a forged value is %s, want the strangers' FAILED", got)
	}
}

// many users do not get more messages to one number than it may get, however it is
// spelled.
func TestA19MessagesToATarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.MessagesPerTarget = 5 }))
	spellings := []string{"+1.5125551234", "+15125551234", "+1 (512) 555-1234"}
	refused := 0
	for i := range 10 {
		user := w.user(fmt.Sprintf("u%d", i))
		r := w.api("POST", "users/"+user+"/devices", obj{"type": "SMS", "phone": spellings[i%3], "status": "ACTIVATION_REQUIRED"})
		if r.Status != 201 {
			r.want(400, "QUOTA_EXCEEDED")
			refused++
		}
	}
	n := 0
	for _, s := range spellings {
		n += w.delivered(s)
	}
	if n != 5 || refused != 5 {
		t.Errorf("%d messages, %d refused", n, refused)
	}
	if n, err := w.svc.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("%d counts of today swept, %v", n, err)
	}
	w.clock.Move(24 * time.Hour)
	if n, err := w.svc.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("%d counts swept, %v, want 1", n, err)
	}
	user := w.user("v")
	w.api("POST", "users/"+user+"/devices", obj{"type": "VOICE", "phone": spellings[0], "status": "ACTIVATION_REQUIRED"}).want(201, "")
}
