package embedded_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

// once begins an authentication with a one-time device.
func (w *world) once(user string, device obj) result {
	w.t.Helper()
	return w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"oneTime": device}}).want(201, "")
}

// A one-time device of each type: shown masked, paired with nobody, right at once.
func TestOneTimeDevice(t *testing.T) {
	t.Parallel()
	everyKind(t, func(t *testing.T, w *world, k kind) {
		user := w.user("kim")
		r := w.once(user, obj{"type": k.name, k.target: k.address})
		masked := obj{"type": k.name, k.target: k.masked}
		if d := cmp.Diff([]any{masked}, r.at("_embedded.devices")); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(any(obj{"oneTime": masked}), r.at("selectedDevice")); d != "" || r.text("status") != "OTP_REQUIRED" {
			t.Error(d)
		}
		m := w.mail(k.address)
		if m.Channel != k.channel {
			t.Errorf("sent on %s", m.Channel)
		}
		w.check(r.text("id"), wrong(m.Code)).want(400, "INVALID_OTP")
		done := w.check(r.text("id"), m.Code).want(200, "")
		if d := cmp.Diff(any(k.authenticators), done.at("authenticators")); d != "" || done.text("status") != "COMPLETED" {
			t.Error(d)
		}
		w.check(r.text("id"), m.Code).want(400, "INVALID_REQUEST")
		if ids := w.svcList(user); len(ids) != 0 {
			t.Errorf("paired devices %v", ids)
		}
		if strings.Contains(string(done.Raw), k.address) {
			t.Errorf("the address is shown: %s", done.Raw)
		}
	})
}

// Its failures are counted on the authentication, which they end; nothing is locked, and
// the next begins anew.
func TestOneTimeDeviceUsedUp(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, device := w.ben()
		device1 := obj{"type": "SMS", "phone": "+1.5125551234"}
		da := w.once(user, device1).text("id")
		code := w.mail("+1.5125551234").Code
		got := w.volley(50, func(int) pingone.Request { return otpCheck(da, wrong(code)) })
		if n := w.compared.Load(); n != 3 || got["INVALID_OTP"] != 2 {
			t.Errorf("%d codes compared, %v", n, got)
		}
		w.check(da, code).want(400, "INVALID_REQUEST")
		r := w.auth("GET", "deviceAuthentications/"+da, nil)
		if r.text("status") != "FAILED" || r.text("error.code") != "TOO_MANY_OTP_RETRIES" || r.at("_links").(obj)["otp.check"] != nil {
			t.Errorf("%s", r.Raw)
		}
		if got := w.api("GET", "users/"+user+"/devices/"+device, nil).text("lock.status"); got != "UNLOCKED" {
			t.Errorf("lock %q", got)
		}
		da = w.once(user, device1).text("id")
		w.check(da, w.mail("+1.5125551234").Code).want(200, "")
	}, withAll)
}

// From a one-time device the user may go to one of his own.
func TestOneTimeThenOwnDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	for _, first := range []bool{true, false} {
		da := w.once(user, obj{"type": "EMAIL", "email": "once@example.com"}).text("id")
		code := w.mail("once@example.com").Code
		if first {
			r := w.auth("POST cancel.push.authentication", "deviceAuthentications/"+da, obj{"reason": "CHANGE_DEVICE"}).want(200, "")
			if r.text("status") != "DEVICE_SELECTION_REQUIRED" || r.text("_embedded.devices.0.id") != device {
				t.Errorf("%s", r.Raw)
			}
			w.check(da, code).want(400, "INVALID_REQUEST")
		}
		r := w.choose(da, device).want(200, "")
		if r.text("selectedDevice.id") != device || r.at("selectedDevice.oneTime") != nil {
			t.Errorf("%s", r.Raw)
		}
		if own := w.mail("ben@example.com").Code; own != code {
			w.check(da, code).want(400, "INVALID_OTP")
		}
		w.check(da, w.mail("ben@example.com").Code).want(200, "")
	}
	da := w.once(user, obj{"type": "EMAIL", "email": "once@example.com"}).text("id")
	w.clock.Move(30 * time.Minute)
	w.check(da, w.mail("once@example.com").Code).want(400, "OTP_SESSION_EXPIRED")
}

// A one-time test device answers its code, where the environment permits it.
func TestA16OneTimeTestDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withTestDevices)
	user := w.user("kim")
	r := w.once(user, obj{"type": "SMS", "phone": "+1.5125551234", "testMode": true})
	if n, err := w.outbox.Drain(t.Context()); n != 0 || err != nil {
		t.Errorf("%d messages, %v", n, err)
	}
	if again := w.auth("GET", "deviceAuthentications/"+r.text("id"), nil); again.at("test") != nil {
		t.Errorf("%s", again.Raw)
	}
	w.check(r.text("id"), r.text("test.otp")).want(200, "")
}

// a test device that was made when the environment permitted it is of no use when
// it does not any more, and its code stays unsaid.
func TestA16TestDevicesForbiddenLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withTestDevices)
	user := w.user("kim")
	made := w.api("POST", "users/"+user+"/devices", obj{"type": "SMS", "phone": "+1.5125551234", "testMode": true}).want(201, "")
	pending := w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "k@example.com", "testMode": true, "status": "ACTIVATION_REQUIRED"}).want(201, "")
	if made.at("testMode") != true || made.at("test") != nil || pending.text("test.otp") == "" {
		t.Errorf("%s %s", made.Raw, pending.Raw)
	}
	w.svc = w.service()
	r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, "")
	if r.text("error.code") != "NO_USABLE_DEVICES" || r.at("test") != nil {
		t.Errorf("%s", r.Raw)
	}
	w.api("POST device.sendActivationCode", "users/"+user+"/devices/"+pending.text("id"), nil).want(400, "INVALID_VALUE")
}

// The template of the request is what the message says, also when it is sent again.
func TestTransactionMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	da := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "notification": obj{"template": obj{
		"name": "TRANSACTION", "locale": "en-US", "variant": "variant_B", "variables": obj{"sum": "1,000,000", "currency": "USD"}}}}).want(201, "").text("id")
	for range 2 {
		if m := w.mail("ben@example.com"); m.Subject != "Approve a transaction" {
			t.Errorf("%+v", m)
		}
		w.choose(da, device).want(200, "")
	}
	w.begin(user)
	if m := w.mail("ben@example.com"); m.Subject != "Your sign-on code" {
		t.Errorf("%+v", m)
	}
}

// first begins an authentication with a code in it.
func (w *world) first(user, device, code string) result {
	w.t.Helper()
	selected := obj{"otp": code}
	if device != "" {
		selected["id"] = device
	}
	return w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": selected})
}

// A code in the first call: against the device that is named, or against all apps,
// counted once for each; nothing is sent and a wrong one begins nothing.
func TestCodeInTheFirstCall(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, mail := w.ben()
		first, a := w.totp(user)
		second, b := w.totp(user)
		fails := func(want map[string]float64) {
			t.Helper()
			for id, n := range want {
				r := w.first(user, id, "no code").want(400, "INVALID_OTP")
				if got := r.at("details.0.innerError.attemptsRemaining"); got != n-1 {
					t.Errorf("%s: %v tries left, want %v", id, got, n-1)
				}
				w.api("POST device.unlock", "users/"+user+"/devices/"+id, nil).want(200, "")
			}
		}
		r := w.first(user, "", b.at(0)).want(201, "")
		if r.text("status") != "COMPLETED" || r.text("selectedDevice.id") != second || r.text("authenticators.1") != "otp" {
			t.Errorf("%s", r.Raw)
		}
		fails(map[string]float64{first: 3, second: 3})
		w.first(user, "", b.at(0)).want(400, "INVALID_OTP") // replayed: counted on both
		fails(map[string]float64{first: 2, second: 2})
		w.first(user, second, a.at(0)).want(400, "INVALID_OTP")
		fails(map[string]float64{first: 3, second: 2})
		w.first(user, first, a.at(0)).want(201, "")
		w.first(user, mail, "123456").want(400, "INVALID_OTP") // none was sent yet
		fails(map[string]float64{mail: 2})
		if n, err := w.outbox.Drain(t.Context()); n != 0 || err != nil {
			t.Errorf("%d messages, %v", n, err)
		}
		w.clock.Move(time.Minute)
		before := w.compared.Load()
		got := w.volley(60, func(int) pingone.Request {
			return request(pingone.HostAuth, "POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"otp": b.wrong()}})
		})
		if n := w.compared.Load() - before; n != 6 || got[""] != 0 {
			t.Errorf("%d comparisons, want 3 for each app: %v", n, got)
		}
		w.first(user, second, b.at(0)).want(400, "TOO_MANY_OTP_RETRIES")
		w.clock.Move(2 * time.Minute)
		got = w.volley(60, func(int) pingone.Request {
			return request(pingone.HostAuth, "POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"id": second, "otp": b.at(0)}})
		})
		if got[""] != 1 {
			t.Errorf("%v, want one success", got)
		}
	}, withApps)
}

// The settings' lockout: so many wrong codes, of whatever device, lock the account for a
// while, unless the policy ignores that.
func TestLockout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withApps)
	user, mail := w.ben()
	apps, a := w.totp(user)
	w.api("PUT", "mfaSettings", obj{"pairing": obj{"maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC"}, "lockout": obj{"failureCount": 4, "durationSeconds": 60}}).want(200, "")
	waiting := w.api("POST", "users/"+user+"/devices", obj{"type": "SMS", "phone": "+1.5125551234", "status": "ACTIVATION_REQUIRED"}).want(201, "").text("id")
	miss := func() {
		w.first(user, apps, a.wrong()).want(400, "INVALID_OTP")
		w.api("POST device.activate", "users/"+user+"/devices/"+waiting, obj{"otp": "no code"}).want(400, "INVALID_OTP")
		once := w.once(user, obj{"type": "EMAIL", "email": "o@example.com"}).text("id")
		w.check(once, "no code").want(400, "INVALID_OTP")
	}
	miss()
	da := w.begin(user).text("id")
	w.check(da, w.mail("ben@example.com").Code).want(200, "") // a right code forgets
	miss()
	da = w.begin(user).text("id")
	code := w.mail("ben@example.com").Code
	w.check(da, wrong(code)).want(400, "INVALID_OTP")
	w.check(da, code).want(400, "PASSWORD_LOCKED_OUT")
	w.choose(da, mail).want(400, "PASSWORD_LOCKED_OUT")
	w.first(user, apps, a.at(0)).want(400, "PASSWORD_LOCKED_OUT")
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(400, "PASSWORD_LOCKED_OUT")
	w.api("POST device.activate", "users/"+user+"/devices/"+waiting, obj{"otp": w.mail("+1.5125551234").Code}).want(400, "PASSWORD_LOCKED_OUT")
	lenient := w.api("POST", "deviceAuthenticationPolicies", policyBody(func(p obj) { p["default"], p["ignoreUserLock"] = false, true })).want(201, "").text("id")
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "policy": obj{"id": lenient}}).want(201, "")
	w.clock.Move(time.Minute)
	w.check(da, code).want(200, "")
}

// an account that an administrator locked signs on by no route.
func TestA10LockedAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	da := w.begin(user).text("id")
	code := w.mail("ben@example.com").Code
	w.api("POST account.lock", "users/"+user, nil).want(200, "")
	w.check(da, code).want(400, "PASSWORD_LOCKED_OUT")
	w.choose(da, device).want(400, "PASSWORD_LOCKED_OUT")
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(400, "PASSWORD_LOCKED_OUT")
	w.api("POST account.unlock", "users/"+user, nil).want(200, "")
	w.check(da, code).want(200, "")
}
