package embedded_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
)

// selection sets how the default policy chooses a device.
func (w *world) selection(how string, more ...string) {
	w.t.Helper()
	p := obj{"name": "P1", "default": true, "sms": obj{"enabled": true}, "voice": obj{"enabled": true}, "mobile": obj{"enabled": true},
		"totp": obj{"enabled": true}, "email": obj{"enabled": true}, "authentication": obj{"deviceSelection": how}}
	for _, flag := range more {
		p[flag] = true
	}
	w.api("POST", "deviceAuthenticationPolicies", p).want(201, "")
}

// How a device is chosen: by policy, order and number of usable devices.
func TestDeviceSelection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how       string
		devices   int
		unordered bool
		status    string
		selected  int // index, or -1
	}{
		"first":           {"DEFAULT_TO_FIRST", 2, false, "OTP_REQUIRED", 0},
		"unordered":       {"DEFAULT_TO_FIRST", 2, true, "DEVICE_SELECTION_REQUIRED", -1},
		"unordered, one":  {"DEFAULT_TO_FIRST", 1, true, "OTP_REQUIRED", 0},
		"prompt":          {"PROMPT_TO_SELECT", 2, false, "DEVICE_SELECTION_REQUIRED", -1},
		"prompt, one":     {"PROMPT_TO_SELECT", 1, false, "OTP_REQUIRED", 0},
		"display, one":    {"ALWAYS_DISPLAY_DEVICES", 1, false, "DEVICE_SELECTION_REQUIRED", -1},
		"display, none":   {"ALWAYS_DISPLAY_DEVICES", 0, false, "FAILED", -1},
		"first, none":     {"DEFAULT_TO_FIRST", 0, false, "FAILED", -1},
		"prompt, several": {"PROMPT_TO_SELECT", 3, false, "DEVICE_SELECTION_REQUIRED", -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.selection(c.how)
			user := w.user("gus")
			var ids []string
			for i := range c.devices {
				ids = append(ids, w.email(user, string(rune('a'+i))+"@example.com"))
			}
			if c.unordered {
				w.api("POST devices.order.remove", "users/"+user+"/devices", nil).want(200, "")
			}
			r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, "")
			want := ""
			if c.selected >= 0 {
				want = ids[c.selected]
			}
			if r.text("status") != c.status || r.text("selectedDevice.id") != want {
				t.Errorf("%s %q, want %s %q", r.text("status"), r.text("selectedDevice.id"), c.status, want)
			}
			sent, err := w.outbox.Drain(t.Context())
			if err != nil || sent != min(1, len(want)) {
				t.Errorf("%d messages sent, %v", sent, err)
			}
			if c.devices == 2 && c.selected < 0 {
				w.choose(r.text("id"), ids[1]).want(200, "")
				w.check(r.text("id"), w.mail("b@example.com").Code).want(200, "")
			}
		})
	}
}

// reach brings a deviceAuthentication into a state.
var reach = map[string]func(w *world, m means) (da, code string){
	"DEVICE_SELECTION_REQUIRED": func(w *world, m means) (string, string) {
		da := w.begin(m.user).text("id")
		w.auth("POST cancel.push.authentication", "deviceAuthentications/"+da, obj{"reason": "CHANGE_DEVICE"}).want(200, "")
		return da, m.code()
	},
	"OTP_REQUIRED": func(w *world, m means) (string, string) {
		return w.begin(m.user).text("id"), m.code()
	},
	"COMPLETED": func(w *world, m means) (string, string) {
		da, code := w.begin(m.user).text("id"), m.code()
		w.check(da, code).want(200, "")
		return da, code
	},
	"FAILED": func(w *world, m means) (string, string) {
		da := w.begin(m.user).text("id")
		w.auth("POST cancel.push.authentication", "deviceAuthentications/"+da, nil).want(200, "")
		return da, m.code()
	},
}

// Every action in every state that devices with codes reach: the answer, and the state
// after.
func TestEveryActionInEveryState(t *testing.T) {
	t.Parallel()
	actions := map[string]func(w *world, path, device, code string) result{
		"select": func(w *world, path, device, _ string) result {
			return w.auth("POST device.select", path, obj{"device": obj{"id": device}})
		},
		"right code": func(w *world, path, _, code string) result { return w.auth("POST otp.check", path, obj{"otp": code}) },
		"wrong code": func(w *world, path, _, code string) result {
			return w.auth("POST otp.check", path, obj{"otp": wrong(code)})
		},
		"change device": func(w *world, path, _, _ string) result {
			return w.auth("POST cancel.push.authentication", path, obj{"reason": "CHANGE_DEVICE"})
		},
		"add device": func(w *world, path, _, _ string) result {
			return w.auth("POST cancel.push.authentication", path, obj{"reason": "ADD_DEVICE"})
		},
		"sign out": func(w *world, path, _, _ string) result {
			return w.auth("POST cancel.push.authentication", path, obj{"reason": "SIGNOUT"})
		},
		"cancel": func(w *world, path, _, _ string) result { return w.auth("POST cancel.push.authentication", path, nil) },
		"read":   func(w *world, path, _, _ string) result { return w.auth("GET", path, nil) },
	}
	const choose, code, done, failed, no = "DEVICE_SELECTION_REQUIRED", "OTP_REQUIRED", "COMPLETED", "FAILED", "INVALID_REQUEST"
	type outcome struct{ code, after string }
	table := map[string]map[string]outcome{
		choose: {"select": {"", code}, "right code": {no, choose}, "wrong code": {no, choose}, "change device": {"", choose}, "add device": {"", choose}, "sign out": {"", failed}, "cancel": {"", failed}, "read": {"", choose}},
		code:   {"select": {"", code}, "right code": {"", done}, "wrong code": {"INVALID_OTP", code}, "change device": {"", choose}, "add device": {"", choose}, "sign out": {"", failed}, "cancel": {"", failed}, "read": {"", code}},
		done:   {"select": {no, done}, "right code": {no, done}, "wrong code": {no, done}, "change device": {no, done}, "add device": {no, done}, "sign out": {no, done}, "cancel": {no, done}, "read": {"", done}},
		failed: {"select": {no, failed}, "right code": {no, failed}, "wrong code": {no, failed}, "change device": {no, failed}, "add device": {no, failed}, "sign out": {no, failed}, "cancel": {no, failed}, "read": {"", failed}},
	}
	links := map[string][]string{choose: {"device.select", "self"}, code: {"device.select", "otp.check", "self"}, done: {"self"}, failed: {"self"}}
	authenticators := map[string][]any{"EMAIL": {"mfa", "otp"}, "VOICE": {"mfa", "otp", "tel"}, "TOTP": {"mfa", "otp"}}
	for state, start := range reach {
		for action, act := range actions {
			for _, name := range []string{"EMAIL", "VOICE", "TOTP"} {
				t.Run(state+"/"+action+"/"+name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					m := w.means(name)
					da, otp := start(w, m)
					r := act(w, "deviceAuthentications/"+da, m.device, otp)
					want, ok := table[state][action]
					if !ok {
						t.Fatal("the table has no line for this")
					}
					if want.code == "" {
						r.want(200, "")
					} else {
						r.want(400, want.code)
					}
					after := w.auth("GET", "deviceAuthentications/"+da, nil).want(200, "")
					if after.text("status") != want.after {
						t.Errorf("status %s, want %s", after.text("status"), want.after)
					}
					if d := cmp.Diff(links[want.after], keys(after.at("_links"))); d != "" {
						t.Errorf("links: %s", d)
					}
					canceled := state == failed || want.after == failed
					if got := after.text("error.code"); canceled != (got == "AUTHENTICATION_CANCELED") {
						t.Errorf("error.code %q", got)
					}
					if want.after == done {
						if d := cmp.Diff(any(authenticators[name]), after.at("authenticators")); d != "" {
							t.Error(d)
						}
					}
				})
			}
		}
	}
}

// T4.8: another device: the first device's code is refused, the second's accepted.
func TestChangeDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	second := w.email(user, "two@example.com")
	da := w.begin(user).text("id")
	old := w.mail("ben@example.com").Code
	w.choose(da, second).want(200, "")
	code := w.mail("two@example.com").Code
	if code != old {
		w.check(da, old).want(400, "INVALID_OTP")
	}
	w.check(da, code).want(200, "")
}

// Of codes that wait to be sent, only the last of an authentication is.
func TestDeadCodesAreNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	da := w.begin(user).text("id")
	w.choose(da, device).want(200, "")
	w.choose(da, w.email(user, "two@example.com")).want(200, "")
	if n, err := w.outbox.Drain(t.Context()); n != 1 || err != nil {
		t.Errorf("%d messages sent, %v, want 1", n, err)
	}
	w.check(da, w.mail("two@example.com").Code).want(200, "")
	w.begin(user)
	w.clock.Move(30 * time.Minute)
	if n, err := w.outbox.Drain(t.Context()); n != 0 || err != nil {
		t.Errorf("%d messages sent after they expired, %v", n, err)
	}
}

// T4.5, T4.6: three wrong codes lock the device. With another one the user chooses
// again, without one the authentication has failed; after the cool-down all is well.
func TestLockedDevice(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, first := w.ben()
		second := w.email(user, "two@example.com")
		da := w.begin(user).text("id")
		code := w.mail("ben@example.com").Code
		w.check(da, wrong(code)).want(400, "INVALID_OTP")
		w.check(da, wrong(code)).want(400, "INVALID_OTP")
		w.check(da, wrong(code)).want(400, "TOO_MANY_OTP_RETRIES")
		r := w.auth("GET", "deviceAuthentications/"+da, nil)
		if offered, _ := r.at("_embedded.devices").([]any); r.text("status") != "DEVICE_SELECTION_REQUIRED" || len(offered) != 1 || r.text("_embedded.devices.0.id") != second {
			t.Errorf("after the lock: %s", r.Raw)
		}
		w.check(da, code).want(400, "TOO_MANY_OTP_RETRIES")
		w.choose(da, first).want(400, "TOO_MANY_OTP_RETRIES")
		w.choose(da, second).want(200, "")
		code = w.mail("two@example.com").Code
		for range 3 {
			w.check(da, wrong(code))
		}
		r = w.auth("GET", "deviceAuthentications/"+da, nil)
		if d := cmp.Diff(refs(first, second), r.at("error.unavailableDevices")); d != "" || r.text("status") != "FAILED" || r.text("error.code") != "NO_USABLE_DEVICES" {
			t.Errorf("after both locks: %s", r.Raw)
		}
		w.clock.Move(2 * time.Minute)
		da = w.begin(user).text("id")
		w.check(da, w.mail("ben@example.com").Code).want(200, "")
	}, withP0)
}

// PingOne's own numbers: three wrong codes kill the code and lock nothing.
func TestDeadCodeWithoutLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	da, other := w.begin(user).text("id"), w.begin(user).text("id")
	code := w.mail("ben@example.com").Code // of other
	for _, want := range []string{"INVALID_OTP", "INVALID_OTP", "TOO_MANY_OTP_RETRIES"} {
		w.check(da, wrong(code)+"0").want(400, want)
	}
	w.check(other, code).want(400, "TOO_MANY_OTP_RETRIES") // all live codes of the device died
	if got := w.api("GET", "users/"+user+"/devices/"+device, nil).text("lock.status"); got != "UNLOCKED" {
		t.Errorf("lock %q", got)
	}
	if got := w.auth("GET", "deviceAuthentications/"+da, nil).text("status"); got != "OTP_REQUIRED" {
		t.Errorf("status %q", got)
	}
	w.choose(da, device).want(200, "")
	w.check(da, w.mail("ben@example.com").Code).want(200, "")
}

func TestInitializeRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	w.api("POST device.block", "users/"+user+"/devices/"+device, nil).want(200, "")
	once := func(o obj) obj { return obj{"user": obj{"id": user}, "selectedDevice": obj{"oneTime": o}} }
	for name, c := range map[string]struct {
		body   obj
		status int
		code   string
	}{
		"no user":         {obj{}, 400, "REQUIRED_VALUE"},
		"no such user":    {obj{"user": obj{"id": envID}}, 404, "NOT_FOUND"},
		"malformed user":  {obj{"user": obj{"id": "../x"}}, 404, "NOT_FOUND"},
		"no such policy":  {obj{"user": obj{"id": user}, "policy": obj{"id": envID}}, 400, "INVALID_VALUE"},
		"no such device":  {obj{"user": obj{"id": user}, "selectedDevice": obj{"id": envID}}, 400, "INVALID_VALUE"},
		"blocked device":  {obj{"user": obj{"id": user}, "selectedDevice": obj{"id": device}}, 400, "INVALID_VALUE"},
		"one-time device": {once(obj{"type": "EMAIL"}), 400, "REQUIRED_VALUE"},
		"one-time type":   {once(obj{"email": "a@b.org"}), 400, "REQUIRED_VALUE"},
		"one-time app":    {once(obj{"type": "TOTP"}), 400, "INVALID_VALUE"},
		"one-time phone":  {once(obj{"type": "SMS", "phone": "0501234567"}), 400, "INVALID_VALUE"},
		"one-time empty":  {once(obj{"type": "VOICE", "phone": ""}), 400, "EMPTY_VALUE"},
		"no sender":       {once(obj{"type": "WHATSAPP", "phone": "+1.5125551234"}), 400, "INVALID_VALUE"},
		"one-time test":   {once(obj{"type": "SMS", "phone": "+1.5125551234", "testMode": true}), 400, "INVALID_VALUE"},
		"both":            {obj{"user": obj{"id": user}, "selectedDevice": obj{"id": device, "oneTime": obj{"type": "EMAIL", "email": "a@b.org"}}}, 400, "INVALID_VALUE"},
		"one-time otp":    {obj{"user": obj{"id": user}, "selectedDevice": obj{"otp": "123456", "oneTime": obj{"type": "EMAIL", "email": "a@b.org"}}}, 400, "INVALID_VALUE"},
		"empty otp":       {obj{"user": obj{"id": user}, "selectedDevice": obj{"otp": ""}}, 400, "EMPTY_VALUE"},
		"otp, no app":     {obj{"user": obj{"id": user}, "selectedDevice": obj{"otp": "123456"}}, 400, "INVALID_OTP"},
		"native app":      {obj{"user": obj{"id": user}, "mobilePayload": "x.y.z", "application": obj{"id": envID}}, 400, "INVALID_VALUE"},
		"nobody at all":   {obj{}, 400, "REQUIRED_VALUE"},
		"short challenge": {obj{"user": obj{"id": user}, "webAuthn": obj{"challenge": "AAAA"}}, 400, "INVALID_VALUE"},
		"compatibility":   {obj{"user": obj{"id": user}, "compatibility": "SOME"}, 400, "INVALID_VALUE"},
		"template":        {obj{"user": obj{"id": user}, "notification": obj{"template": obj{"name": "device_pairing"}}}, 400, "INVALID_VALUE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := w.auth("POST", "deviceAuthentications", c.body)
			r.t = t
			r.want(c.status, c.code)
		})
	}
}

// Whom the policy keeps out, at the start and at every later step.
func TestA10UsersKeptOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.selection("DEFAULT_TO_FIRST", "blockUsersWithDisabledMfa")
	user, device := w.ben()
	for _, name := range []string{"enabled", "mfaEnabled"} {
		da := w.begin(user).text("id")
		code := w.mail("ben@example.com").Code
		w.api("PUT", "users/"+user+"/"+name, obj{name: false}).want(200, "")
		w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(400, "ACCOUNT_NOT_USABLE")
		w.check(da, code).want(400, "ACCOUNT_NOT_USABLE")
		w.choose(da, device).want(400, "ACCOUNT_NOT_USABLE")
		w.api("PUT", "users/"+user+"/"+name, obj{name: true}).want(200, "")
		w.check(da, code).want(200, "")
	}
}

// A deviceAuthentication has a life, and is swept away after it.
func TestLifeAndSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.AuthenticationLife = time.Hour }))
	user, device := w.ben()
	old := w.begin(user).text("id")
	w.clock.Move(time.Hour - time.Millisecond)
	w.auth("GET", "deviceAuthentications/"+old, nil).want(200, "")
	young := w.begin(user).text("id")
	w.clock.Move(2 * time.Millisecond)
	w.auth("GET", "deviceAuthentications/"+old, nil).want(404, "NOT_FOUND")
	w.choose(old, device).want(404, "NOT_FOUND")
	for _, want := range []int{1, 0} {
		if n, err := w.svc.Sweep(t.Context()); n != want || err != nil {
			t.Errorf("swept %d, %v, want %d", n, err, want)
		}
	}
	w.auth("GET", "deviceAuthentications/"+young, nil).want(200, "")
}

// A deleted device takes its codes with it.
func TestDeletedDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	da := w.begin(user).text("id")
	code := w.mail("ben@example.com").Code
	w.api("DELETE", "users/"+user+"/devices/"+device, nil).want(204, "")
	w.check(da, code).want(400, "OTP_SESSION_EXPIRED")
	w.choose(da, device).want(400, "INVALID_VALUE")
}
