package embedded_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/phone"
)

// onPhone is what a sign-on page on the phone itself sends along.
func (w *world) onPhone(p *phone.Phone) obj {
	w.t.Helper()
	payload, err := p.Payload()
	w.must(err)
	return obj{"mobilePayload": payload, "application": obj{"id": p.Application()}}
}

const authorization = pushRules + `,"deviceAuthorization":{"enabled":true}`

// Device authorization: where the policy's app allows it, the page on the phone needs no
// answer of anybody. The payload is good once.
func TestDeviceAuthorization(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, p := w.dan()
		email := w.email(user, "dan@example.com")
		body := w.onPhone(p)
		r := w.start(user, "COMPLETED", body)
		wantMethods(t, r, "mfa", "swk")
		if r.text("application.id") != p.Application() || r.text("selectedDevice.id") != p.Device() || len(w.sentPushes()) != 0 {
			t.Errorf("%s", r.Raw)
		}
		body["user"] = obj{"id": user}
		w.auth("POST", "deviceAuthentications", body).want(400, "INVALID_VALUE")
		w.start(user, "OTP_REQUIRED", w.onPhone(p), obj{"selectedDevice": obj{"id": email}})
		w.api("POST device.block", "users/"+user+"/devices/"+p.Device(), nil).want(200, "")
		w.start(user, "OTP_REQUIRED", w.onPhone(p))
	}, withPush(authorization))
}

// With extraVerification the app is asked over its own channel, and nobody else. Its
// silence passes where that is permissive, and fails where it is restrictive.
func TestExtraVerification(t *testing.T) {
	t.Parallel()
	for rule, late := range map[string]string{"permissive": "COMPLETED", "restrictive": "FAILED"} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withPush(pushRules+`,"pushLimit":{"count":1},"deviceAuthorization":{"enabled":true,"extraVerification":"`+rule+`"}`))
			user, p := w.dan()
			da := w.start(user, "PUSH_CONFIRMATION_REQUIRED", w.onPhone(p)).text("id")
			push := w.only(p)
			if m := w.sentPushes(); !push.Silent || len(m) != 1 || m[0].Text != "" {
				t.Errorf("%+v, %+v", push, m)
			}
			w.must(p.Approve(t.Context(), push.ID))
			wantMethods(t, w.read(da).in("COMPLETED"), "mfa", "swk")

			da = w.start(user, "PUSH_CONFIRMATION_REQUIRED", w.onPhone(p)).text("id")
			w.must(p.Deny(t.Context(), w.only(p).ID))
			w.read(da).in("FAILED")

			da = w.start(user, "PUSH_CONFIRMATION_REQUIRED", w.onPhone(p)).text("id")
			push = w.only(p)
			w.clock.Move(10 * time.Second)
			w.refusedAs(p.Approve(t.Context(), push.ID), 404, "NOT_FOUND")
			r := w.read(da).in(late)
			if late == "FAILED" && r.text("error.code") != "PUSH_CONFIRMATION_TIMED_OUT" {
				t.Errorf("%s", r.Raw)
			}

			da = w.start(user, "PUSH_CONFIRMATION_REQUIRED", w.onPhone(p)).text("id")
			w.api("PUT", "users/"+user+"/enabled", obj{"enabled": false}).want(200, "")
			w.clock.Move(10 * time.Second)
			w.read(da).in("FAILED")
			if s := w.lockOf(user, p.Device()).text("lock.status"); s != "UNLOCKED" {
				t.Error("silent pushes lock the device")
			}
		})
	}
}

// A payload is refused that is nobody's, another user's or another app's; an application
// that is not known is, with or without one. Where the app may not authorize itself, the
// user is asked as always.
func TestBadPayload(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushRules))
	user, p := w.dan()
	stranger := w.phone()
	w.claim(w.user("mal"), stranger)
	w.start(user, "PUSH_CONFIRMATION_REQUIRED", w.onPhone(p))
	other := w.otherApp()
	late := w.onPhone(p)
	w.clock.Move(6 * time.Minute)
	app := obj{"id": embedded.NativeApplication(envID)}
	for _, c := range []struct {
		body         obj
		code, target string
	}{
		{late, "INVALID_VALUE", "mobilePayload"},
		{w.onPhone(stranger), "INVALID_VALUE", "mobilePayload"},
		{obj{"mobilePayload": "a.b.c", "application": app}, "INVALID_VALUE", "mobilePayload"},
		{obj{"mobilePayload": w.onPhone(p)["mobilePayload"]}, "REQUIRED_VALUE", "application.id"},
		{obj{"mobilePayload": w.onPhone(p)["mobilePayload"], "application": obj{"id": other}}, "INVALID_VALUE", "application.id"},
		{obj{"application": obj{"id": "nothing"}}, "INVALID_VALUE", "application.id"},
	} {
		c.body["user"] = obj{"id": user}
		if r := w.auth("POST", "deviceAuthentications", c.body).want(400, c.code); r.text("details.0.target") != c.target {
			t.Errorf("%s", r.Raw)
		}
	}
	w.start(user, "PUSH_CONFIRMATION_REQUIRED", obj{"application": app})
}

// What happens to pushes and codes is told by PingOne's action types.
func TestAuditOfPushes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushRules+`,"pushLimit":{"count":1},"deviceAuthorization":{"enabled":true}`))
	user, p := w.dan()
	var da string
	start := func() { da = w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id") }
	for _, c := range []struct {
		run  func()
		want string
	}{
		{start, "AUTHENTICATION.CREATED SUCCESS "},
		{func() { w.must(p.Approve(t.Context(), w.only(p).ID)) }, "AUTHENTICATION.UPDATED SUCCESS "},
		{start, "AUTHENTICATION.CREATED SUCCESS "},
		{func() { w.must(p.Deny(t.Context(), w.only(p).ID)) }, "AUTHENTICATION.UPDATED FAILED , DEVICE.LOCKED SUCCESS PUSH"},
		{func() { w.api("POST device.unlock", "users/"+user+"/devices/"+p.Device(), nil) }, "DEVICE.UNLOCKED SUCCESS "},
		{start, "AUTHENTICATION.CREATED SUCCESS "},
		{func() { w.clock.Move(time.Minute); w.read(da); w.read(da) }, "AUTHENTICATION.UPDATED FAILED , DEVICE.LOCKED SUCCESS PUSH"},
		{func() { w.start(user, "COMPLETED", w.onPhone(p)) }, "DEVICE_PAYLOAD.CHECK_SUCCESS SUCCESS , AUTHENTICATION.CREATED SUCCESS "},
		{func() {
			w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "mobilePayload": "x", "application": obj{"id": p.Application()}})
		}, "DEVICE_PAYLOAD.CHECK_INVALID FAILED "},
		{func() { da = w.qr().text("id") }, ""}, // of nobody yet
		{func() { _, _ = p.LookAtCode(t.Context(), w.readCode(da).text("code")) }, ""},
		{func() { _, _ = p.ClaimCode(t.Context(), w.readCode(da).text("code")) }, "AUTHENTICATION_CODE.UPDATED SUCCESS CLAIMED"},
		{func() { w.must(p.ApproveCode(t.Context(), da)) }, "AUTHENTICATION_CODE.UPDATED SUCCESS COMPLETED"},
		{func() { w.auth("DELETE", "authenticationCodes/"+da, nil) }, "AUTHENTICATION_CODE.DELETED SUCCESS COMPLETED"},
		{func() { _, _ = p.ClaimCode(t.Context(), "NONENONE") }, "AUTHENTICATION_CODE.UPDATED FAILED a code that is none"},
	} {
		before := len(w.events(user))
		c.run()
		if d := cmp.Diff(c.want, strings.Join(w.events(user)[before:], ", ")); d != "" {
			t.Error(d)
		}
	}
}
