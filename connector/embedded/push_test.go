package embedded_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/phone"
)

// A push that is approved signs on; the app is told who asks, the notification has
// nothing secret.
func TestPushApproved(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, p := w.dan()
		da := w.start(user, "PUSH_CONFIRMATION_REQUIRED", obj{"notification": obj{"clientContext": obj{"header": "Bank", "n": 1}}})
		if da.at("numberMatching") != nil || da.text("selectedDevice.id") != p.Device() {
			t.Errorf("%s", da.Raw)
		}
		if links := keys(da.at("_links")); !slices.Equal(links, []string{"device.select", "otp.check", "self"}) {
			t.Errorf("links %v", links)
		}
		push := w.only(p)
		if push.NumberMatching != nil || string(push.ClientContext) != `{"header":"Bank","n":1}` || !push.ExpiresAt.Equal(push.CreatedAt.Add(40*time.Second)) {
			t.Errorf("%+v", push)
		}
		m := w.sentPushes()
		if len(m) != 1 || m[0].To != p.Device() || m[0].Code != "" {
			t.Fatalf("%+v", m)
		}
		var data obj
		w.must(json.Unmarshal(m[0].Data, &data))
		delete(data, "expiresAt")
		want := obj{"type": "push", "id": push.ID, "title": m[0].Subject, "body": m[0].Text, "clientContext": obj{"header": "Bank", "n": 1.0}}
		if d := cmp.Diff(want, data); d != "" {
			t.Error(d)
		}
		before := w.db.Stats().Commits
		w.read(da.text("id")).in("PUSH_CONFIRMATION_REQUIRED")
		if w.db.Stats().Commits != before {
			t.Error("a poll committed")
		}
		w.must(p.Approve(t.Context(), push.ID))
		done := w.read(da.text("id")).in("COMPLETED")
		wantMethods(t, done, "mfa", "swk", "user")
		if len(w.waiting(p)) != 0 || done.at("_links").(obj)["otp.check"] != nil {
			t.Errorf("%s", done.Raw)
		}
		w.refusedAs(p.Approve(t.Context(), push.ID), 404, "NOT_FOUND")
		w.refusedAs(p.Deny(t.Context(), push.ID), 404, "NOT_FOUND")
	}, withPush(pushRules))
}

// The entry of a phone says what it is and what works (reference 3.4); the push token is
// where the notification goes, and stays there.
func TestPhoneAmongDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(numberRules))
	user := w.user("dan")
	p := w.phone(func(o *phone.Options) {
		o.Properties = obj{"os": obj{"type": "Android", "version": "16"}, "model": obj{"name": "sdk", "marketingName": "Pixel"},
			"manufacturer": "Google", "pushToken": "secret-push-token", "application": obj{"nativeName": "Bank", "version": "2.1"}}
	})
	w.claim(user, p)
	r := w.start(user, "PUSH_CONFIRMATION_REQUIRED")
	d, _ := r.at("_embedded.devices.0").(obj)
	app := d["application"].(obj)
	for _, c := range [][2]any{
		{d["id"], p.Device()}, {d["type"], "MOBILE"}, {d["status"], "ACTIVE"}, {d["pushEnabled"], true}, {d["otpEnabled"], true},
		{r.text("_embedded.devices.0.os.version"), "16"}, {r.text("_embedded.devices.0.model.marketingName"), "Pixel"},
		{r.text("_embedded.devices.0.pushStatus.status"), "ENABLED"}, {r.text("_embedded.devices.0.otpStatus.status"), "ENABLED"},
		{app["id"], embedded.NativeApplication(envID)}, {app["nativeName"], "Bank"},
		{r.at("_embedded.devices.0.application.passcodeRefreshDuration.duration"), 30.0},
		{r.text("_embedded.devices.0.application.passcodeRefreshDuration.timeUnit"), "SECONDS"},
	} {
		if c[0] != c[1] {
			t.Errorf("%v, want %v", c[0], c[1])
		}
	}
	if strings.Contains(string(r.Raw), "secret-push-token") {
		t.Errorf("the push token is shown: %s", r.Raw)
	}
	if m := w.sentPushes(); len(m) != 1 || m[0].To != "secret-push-token" {
		t.Errorf("%+v", m)
	}
	w.must(p.Update(t.Context(), obj{"pushEnabled": false}))
	off := w.start(user, "OTP_REQUIRED")
	if off.text("_embedded.devices.0.pushStatus.reason") != "PUSH_NOT_SUPPORTED" {
		t.Errorf("%s", off.Raw)
	}
}

// Number matching: the page shows a number, the phone offers three, or wants it typed. The
// wrong one denies; none at all is no answer.
func TestNumberMatching(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(numberRules))
	user, p := w.dan()
	number := func(r result) int {
		t.Helper()
		n, _ := r.at("numberMatching.number").(float64)
		if n < 10 || n > 99 {
			t.Fatalf("number %v\n%s", n, r.Raw)
		}
		return int(n)
	}
	da := w.start(user, "PUSH_CONFIRMATION_REQUIRED")
	push, n := w.only(p), number(w.read(da.text("id")))
	m := push.NumberMatching
	if m == nil || m.Type != "SELECT_NUMBER" || len(slices.Compact(m.Choices)) != 3 || !slices.Contains(m.Choices, n) {
		t.Fatalf("%+v, number %d", m, n)
	}
	w.refusedAs(p.Approve(t.Context(), push.ID), 400, "REQUIRED_VALUE")
	w.must(p.Approve(t.Context(), push.ID, n))
	if done := w.read(da.text("id")).in("COMPLETED"); done.at("numberMatching") != nil {
		t.Errorf("%s", done.Raw)
	}

	da = w.start(user, "PUSH_CONFIRMATION_REQUIRED")
	push = w.only(p)
	other := push.NumberMatching.Choices[0]
	if other == number(da) {
		other = push.NumberMatching.Choices[1]
	}
	w.must(p.Approve(t.Context(), push.ID, other))
	if r := w.read(da.text("id")).in("FAILED"); r.text("error.code") != "PUSH_CONFIRMATION_REJECTED" {
		t.Errorf("%s", r.Raw)
	}

	app := embedded.NativeApplication(envID)
	w.api("PUT", "applications/"+app, obj{"name": "mfaflow", "enabled": true, "type": "NATIVE_APP", "protocol": "OPENID_CONNECT",
		"mobile": obj{"bundleId": "org.mfaflow.app", "packageName": "org.mfaflow.app", "push": obj{"numberMatching": obj{"type": "ENTER_MANUALLY"}}}}).want(200, "")
	da = w.start(user, "PUSH_CONFIRMATION_REQUIRED")
	push = w.only(p)
	if push.NumberMatching.Type != "ENTER_MANUALLY" || push.NumberMatching.Choices != nil {
		t.Errorf("%+v", push.NumberMatching)
	}
	w.must(p.Approve(t.Context(), push.ID, number(da)))
	w.read(da.text("id")).in("COMPLETED")
}

// T4.15: silence is PUSH_CONFIRMATION_TIMED_OUT, written once by whoever looks; the app's
// code still works, the same device again is a new push, and the old one is dead.
func TestPushTimedOut(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, p := w.dan()
		da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
		push := w.only(p)
		w.clock.Move(60*time.Second - time.Millisecond)
		w.read(da).in("PUSH_CONFIRMATION_REQUIRED")
		w.clock.Move(time.Millisecond)
		if len(w.waiting(p)) != 0 {
			t.Error("the phone still shows a push whose time is over")
		}
		w.refusedAs(p.Approve(t.Context(), push.ID), 404, "NOT_FOUND")
		w.clock.Move(-time.Second)
		w.read(da).in("PUSH_CONFIRMATION_TIMED_OUT")
		before := w.db.Stats().Commits
		w.read(da).in("PUSH_CONFIRMATION_TIMED_OUT")
		if w.db.Stats().Commits != before {
			t.Error("the second look committed")
		}
		w.choose(da, p.Device()).want(200, "").in("PUSH_CONFIRMATION_REQUIRED")
		again := w.only(p)
		if again.ID == push.ID {
			t.Error("the push sent anew is the old one")
		}
		w.clock.Move(2 * time.Minute)
		wantMethods(t, w.check(da, p.Code()).want(200, "").in("COMPLETED"), "mfa", "otp")
		w.refusedAs(p.Approve(t.Context(), again.ID), 404, "NOT_FOUND")
	}, withPush(p0Push))
}

// The app's code goes while the push waits, and withdraws it. Where the policy has no
// codes of apps, none is taken.
func TestCodeInsteadOfPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushRules))
	user, p := w.dan()
	da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
	w.check(da, wrong(p.Code())).want(400, "INVALID_OTP")
	w.read(da).in("PUSH_CONFIRMATION_REQUIRED")
	w.check(da, p.Code()).want(200, "").in("COMPLETED")
	if len(w.waiting(p)) != 0 {
		t.Error("the push still waits")
	}
	da = w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
	for range 3 {
		w.check(da, wrong(p.Code()))
	}
	w.read(da).in("FAILED")
	if len(w.waiting(p)) != 0 {
		t.Error("the push of a locked device waits")
	}

	w = newWorld(t, withPush(pushOnly))
	user, p = w.dan()
	r := w.start(user, "PUSH_CONFIRMATION_REQUIRED")
	if r.at("_links").(obj)["otp.check"] != nil {
		t.Errorf("%s", r.Raw)
	}
	before := w.compared.Load()
	w.check(r.text("id"), p.Code()).want(400, "INVALID_REQUEST")
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"otp": p.Code()}}).want(400, "INVALID_OTP")
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user},
		"selectedDevice": obj{"id": p.Device(), "otp": p.Code()}}).want(400, "INVALID_VALUE")
	if w.compared.Load() != before {
		t.Error("a code was compared")
	}
}

// Cancel withdraws the prompt: CHANGE_DEVICE and ADD_DEVICE lead back to the choice, every
// other reason ends.
func TestCancelPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushRules))
	user, p := w.dan()
	for reason, status := range map[string]string{
		"CHANGE_DEVICE": "DEVICE_SELECTION_REQUIRED", "ADD_DEVICE": "DEVICE_SELECTION_REQUIRED", "SIGNOUT": "FAILED", "": "FAILED",
	} {
		da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
		push := w.only(p)
		w.cancel(da, reason).want(200, "").in(status)
		if len(w.waiting(p)) != 0 {
			t.Errorf("%s: the push still waits", reason)
		}
		w.refusedAs(p.Approve(t.Context(), push.ID), 404, "NOT_FOUND")
		w.read(da).in(status)
		w.api("POST device.unlock", "users/"+user+"/devices/"+p.Device(), nil).want(200, "")
	}
	email := w.email(user, "dan@example.com")
	da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
	w.choose(da, email).want(200, "").in("OTP_REQUIRED")
	if len(w.waiting(p)) != 0 {
		t.Error("the push of a device that was left waits")
	}
}

// Without a sender, with pushes off in the policy, or on the phone, an app is asked for
// its code; without that too it is of no use.
func TestPushOff(t *testing.T) {
	t.Parallel()
	for name, set := range map[string][]setting{
		"sender":  {withPush(pushRules), func(o *embedded.Options) { o.Channels = []string{"EMAIL"} }},
		"policy":  {withPush(`"push":{"enabled":false},"otp":{"enabled":true}`)},
		"neither": {withPush(`"push":{"enabled":false},"otp":{"enabled":false}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, set...)
			user, p := w.dan()
			if name == "neither" {
				if r := w.start(user, "FAILED"); r.text("error.code") != "NO_USABLE_DEVICES" {
					t.Errorf("%s", r.Raw)
				}
				return
			}
			r := w.start(user, "OTP_REQUIRED")
			if s := r.text("_embedded.devices.0.pushStatus.status"); s != "DISABLED" {
				t.Errorf("pushStatus %s", s)
			}
			w.check(r.text("id"), p.Code()).want(200, "").in("COMPLETED")
		})
	}
}

// A clientContext is a JSON object of at most 8 KB.
func TestClientContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushRules))
	user, _ := w.dan()
	for _, c := range []struct {
		context any
		code    string
	}{
		{"text", "INVALID_VALUE"}, {[]int{1}, "INVALID_VALUE"}, {7, "INVALID_VALUE"},
		{obj{"x": strings.Repeat("x", 8<<10)}, "SIZE_LIMIT_EXCEEDED"}, {json.RawMessage("{\"x\":\"\xff\"}"), "INVALID_VALUE"},
	} {
		r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "notification": obj{"clientContext": c.context}})
		if r.want(400, c.code).text("details.0.target") != "notification.clientContext" {
			t.Errorf("%s", r.Raw)
		}
	}
	w.start(user, "PUSH_CONFIRMATION_REQUIRED", obj{"notification": obj{"clientContext": obj{"x": strings.Repeat("x", 8<<10-8)}}})
	w.start(user, "PUSH_CONFIRMATION_REQUIRED", obj{"notification": obj{"clientContext": nil}})
}
