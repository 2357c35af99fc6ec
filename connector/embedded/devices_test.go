package embedded_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

func TestCreateDeviceRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	for name, c := range map[string]struct {
		body         obj
		code, target string
	}{
		"no type":          {obj{"email": "a@b.org"}, "REQUIRED_VALUE", "type"},
		"mobile":           {obj{"type": "MOBILE"}, "INVALID_VALUE", "type"},
		"no phone":         {obj{"type": "SMS", "email": "a@b.org"}, "REQUIRED_VALUE", "phone"},
		"empty phone":      {obj{"type": "VOICE", "phone": " "}, "EMPTY_VALUE", "phone"},
		"bad phone":        {obj{"type": "SMS", "phone": "0501234567"}, "INVALID_VALUE", "phone"},
		"no sender":        {obj{"type": "WHATSAPP", "phone": "+1.5125551234"}, "INVALID_VALUE", "type"},
		"extension off":    {obj{"type": "VOICE", "phone": "+1.5125551234", "extension": "313#"}, "INVALID_VALUE", "extension"},
		"test mode off":    {obj{"type": "SMS", "phone": "+1.5125551234", "testMode": true}, "INVALID_VALUE", "testMode"},
		"test app":         {obj{"type": "TOTP", "testMode": true}, "INVALID_VALUE", "testMode"},
		"locale":           {obj{"type": "EMAIL", "email": "a@b.org", "notification": obj{"template": obj{"locale": "<en>"}}}, "INVALID_VALUE", "notification.template.locale"},
		"template":         {obj{"type": "EMAIL", "email": "a@b.org", "notification": obj{"template": obj{"name": "transaction"}}}, "INVALID_VALUE", "notification.template.name"},
		"variables":        {obj{"type": "EMAIL", "email": "a@b.org", "notification": obj{"template": obj{"variables": obj{"a": obj{}}}}}, "INVALID_VALUE", "notification.template.variables.a"},
		"variant":          {obj{"type": "EMAIL", "email": "a@b.org", "notification": obj{"template": obj{"variant": strings.Repeat("x", 101)}}}, "SIZE_LIMIT_EXCEEDED", "notification.template.variant"},
		"no such type":     {obj{"type": "PIGEON"}, "INVALID_VALUE", "type"},
		"no address":       {obj{"type": "EMAIL"}, "REQUIRED_VALUE", "email"},
		"empty address":    {obj{"type": "EMAIL", "email": ""}, "EMPTY_VALUE", "email"},
		"bad address":      {obj{"type": "EMAIL", "email": "nobody"}, "INVALID_VALUE", "email"},
		"header injection": {obj{"type": "EMAIL", "email": "a@x.org\nBcc: b@x.org"}, "INVALID_VALUE", "email"},
		"status":           {obj{"type": "EMAIL", "email": "a@b.org", "status": "SLEEPING"}, "INVALID_VALUE", "status"},
		"policy":           {obj{"type": "EMAIL", "email": "a@b.org", "policy": obj{"id": envID}}, "INVALID_VALUE", "policy.id"},
		"nickname":         {obj{"type": "EMAIL", "email": "a@b.org", "nickname": strings.Repeat("x", 101)}, "SIZE_LIMIT_EXCEEDED", "nickname"},
		"same address":     {obj{"type": "EMAIL", "email": "BEN@example.com"}, "UNIQUENESS_VIOLATION", "email"},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.api("POST", "users/"+user+"/devices", c.body)
			r.t = t
			r.want(400, c.code)
			if r.text("code") != "INVALID_DATA" || r.text("details.0.target") != c.target {
				t.Errorf("%s", r.Raw)
			}
		})
	}
	if d := cmp.Diff([]string{device}, w.svcList(user)); d != "" {
		t.Error(d)
	}
}

// svcList lists a user's device ids in their order.
func (w *world) svcList(user string) []string {
	w.t.Helper()
	ids := []string{}
	devices, _ := w.api("GET", "users/"+user+"/devices", nil).want(200, "").at("_embedded.devices").([]any)
	for _, d := range devices {
		ids = append(ids, d.(obj)["id"].(string))
	}
	return ids
}

func (w *world) order(user string) any {
	return w.api("GET", "users/"+user+"/devices?expand=order", nil).at("_embedded.order")
}

func refs(ids ...string) any {
	out := []any{}
	for _, id := range ids {
		out = append(out, obj{"id": id})
	}
	return out
}

// A device that must be activated gets a code by mail; three wrong ones kill it; a new
// one activates, at the end of the order.
func TestPairing(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, first := w.ben()
		r := w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "two@example.com", "status": "ACTIVATION_REQUIRED"}).want(201, "")
		id, path := r.text("id"), "users/"+user+"/devices/"+r.text("id")
		m := w.mail("two@example.com")
		if links, _ := r.at("_links").(obj); r.text("status") != "ACTIVATION_REQUIRED" || links["device.activate"] == nil || r.at("test") != nil || !strings.Contains(m.Text, m.Code) {
			t.Errorf("%s %+v", r.Raw, m)
		}
		activate := func(code string) result { return w.api("POST device.activate", path, obj{"otp": code}) }
		activate(wrong(m.Code)).want(400, "INVALID_OTP")
		activate(" "+m.Code).want(400, "INVALID_OTP")
		activate(wrong(m.Code)).want(400, "TOO_MANY_OTP_RETRIES")
		activate(m.Code).want(400, "TOO_MANY_OTP_RETRIES")
		w.api("POST device.sendActivationCode", path, nil).want(200, "")
		w.clock.Move(31 * time.Minute)
		activate(w.mail("two@example.com").Code).want(400, "OTP_SESSION_EXPIRED")
		w.api("POST device.sendActivationCode", path, nil).want(200, "")
		done := activate(w.mail("two@example.com").Code).want(200, "")
		if links, _ := done.at("_links").(obj); done.text("status") != "ACTIVE" || links["device.activate"] != nil {
			t.Errorf("%s", done.Raw)
		}
		activate(w.mail("two@example.com").Code).want(400, "CONSTRAINT_VIOLATION")
		w.api("POST device.sendActivationCode", path, nil).want(400, "CONSTRAINT_VIOLATION")
		if d := cmp.Diff(refs(first, id), w.order(user)); d != "" {
			t.Error(d)
		}
	})
}

// A pairing code signs nobody on, and a sign-on code pairs nothing.
func TestCodesHaveOnePurpose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	r := w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "two@example.com", "status": "ACTIVATION_REQUIRED"}).want(201, "")
	pairing := w.mail("two@example.com").Code
	da := w.begin(user)
	if offered, _ := da.at("_embedded.devices").([]any); len(offered) != 1 || da.text("selectedDevice.id") != device {
		t.Errorf("a device that waits for activation is offered: %s", da.Raw)
	}
	w.choose(da.text("id"), r.text("id")).want(400, "INVALID_VALUE")
	if pairing != w.mail("ben@example.com").Code {
		w.check(da.text("id"), pairing).want(400, "INVALID_OTP")
	}
}

// With a cool-down, wrong pairing codes lock the device, for resends too.
func TestPairingLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withP0)
	user := w.user("ben")
	r := w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "two@example.com", "status": "ACTIVATION_REQUIRED"}).want(201, "")
	path := "users/" + user + "/devices/" + r.text("id")
	code := w.mail("two@example.com").Code
	for range 3 {
		w.api("POST device.activate", path, obj{"otp": wrong(code)})
	}
	if got := w.api("GET", path, nil).text("lock.status"); got != "LOCKED" {
		t.Errorf("lock %q", got)
	}
	w.api("POST device.sendActivationCode", path, nil).want(400, "TOO_MANY_OTP_RETRIES")
	w.api("POST device.unlock", path, nil).want(200, "")
	w.api("POST device.activate", path, obj{"otp": code}).want(400, "TOO_MANY_OTP_RETRIES")
	w.api("POST device.sendActivationCode", path, nil).want(200, "")
	w.api("POST device.activate", path, obj{"otp": w.mail("two@example.com").Code}).want(200, "")
}

func TestPairingLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.PendingDevices, l.Resends = 2, 1 }))
	user, _ := w.ben()
	create := func(address, status string) result {
		return w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": address, "status": status})
	}
	first := create("p1@example.com", "ACTIVATION_REQUIRED").want(201, "").text("id")
	create("p2@example.com", "ACTIVATION_REQUIRED").want(201, "")
	create("p3@example.com", "ACTIVATION_REQUIRED").want(400, "LIMIT_EXCEEDED")
	path := "users/" + user + "/devices/" + first
	w.api("POST device.sendActivationCode", path, nil).want(200, "")
	w.api("POST device.sendActivationCode", path, nil).want(400, "LIMIT_EXCEEDED")
	w.clock.Move(24 * time.Hour)
	w.api("GET", path, nil).want(404, "NOT_FOUND")
	if n := len(w.svcList(user)); n != 1 {
		t.Errorf("%d devices after a day, want 1", n)
	}
	create("p3@example.com", "ACTIVATION_REQUIRED").want(201, "")
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/device/"+user+"/"+first)) {
		t.Errorf("the record of a device that was not activated is left: %s, %v", rec.Key, err)
	}
}

func TestDeviceLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	for i := range 4 {
		w.email(user, fmt.Sprintf("a%d@example.com", i))
	}
	waiting := w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "w@example.com", "status": "ACTIVATION_REQUIRED"}).want(201, "").text("id")
	code := w.mail("w@example.com").Code
	fifth := w.email(user, "a5@example.com")
	w.api("POST device.block", "users/"+user+"/devices/"+fifth, nil).want(200, "")
	r := w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "a6@example.com"}).want(400, "LIMIT_EXCEEDED")
	if r.text("code") != "REQUEST_FAILED" || r.at("details.0.innerError.maximumAllowed") != 5.0 {
		t.Errorf("%s", r.Raw)
	}
	w.api("POST device.activate", "users/"+user+"/devices/"+waiting, obj{"otp": code}).want(400, "LIMIT_EXCEEDED")
	w.api("PUT", "mfaSettings", obj{"pairing": obj{"maxAllowedDevices": 6, "pairingKeyFormat": "NUMERIC"}}).want(200, "")
	w.api("POST device.activate", "users/"+user+"/devices/"+waiting, obj{"otp": code}).want(200, "")
}

func TestOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	a, b, c := w.email(user, "a@example.com"), w.email(user, "b@example.com"), w.email(user, "c@example.com")
	devices := "users/" + user + "/devices"
	reorder := func(ids ...string) result { return w.api("POST devices.reorder", devices, obj{"order": refs(ids...)}) }
	if d := cmp.Diff([]string{a, b, c}, w.svcList(user)); d != "" {
		t.Error(d)
	}
	r := reorder(c).want(200, "")
	if d := cmp.Diff(refs(c, a, b), r.at("_embedded.order")); d != "" {
		t.Error(d)
	}
	if got := w.begin(user).text("selectedDevice.id"); got != c {
		t.Errorf("default device %q, want %q", got, c)
	}
	w.api("DELETE", devices+"/"+c, nil).want(204, "")
	if got := w.begin(user).text("selectedDevice.id"); got != a {
		t.Errorf("default device after the deletion %q, want %q", got, a)
	}
	reorder(c).want(400, "INVALID_VALUE")
	reorder(a, a).want(400, "INVALID_VALUE")
	w.api("POST devices.reorder", devices, obj{}).want(400, "REQUIRED_VALUE")
	w.api("POST devices.order.remove", devices, nil).want(200, "")
	if d := cmp.Diff(refs(), w.order(user)); d != "" {
		t.Error(d)
	}
	da := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, "")
	if da.text("status") != "DEVICE_SELECTION_REQUIRED" {
		t.Errorf("unordered user: %s", da.text("status"))
	}
	reorder(b, a).want(200, "")
	if got := w.begin(user).text("selectedDevice.id"); got != b {
		t.Errorf("default device %q, want %q", got, b)
	}
}

func TestBlockAndNickname(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	path := "users/" + user + "/devices/" + device
	da := w.begin(user).text("id")
	code := w.mail("ben@example.com").Code
	r := w.api("POST device.block", path, nil).want(200, "")
	if d := cmp.Diff(any(obj{"status": "BLOCKED", "blockedAt": "2026-11-22T09:00:00.123Z"}), r.at("block")); d != "" || r.text("status") != "ACTIVE" || r.text("email") != "ben@example.com" {
		t.Errorf("%s", r.Raw)
	}
	w.check(da, code).want(400, "TOO_MANY_OTP_RETRIES")
	w.choose(da, device).want(400, "INVALID_VALUE")
	if got := w.api("POST device.unblock", path, nil).want(200, "").text("block.status"); got != "UNBLOCKED" {
		t.Errorf("block %q", got)
	}
	w.check(da, code).want(400, "TOO_MANY_OTP_RETRIES") // it died with the block
	w.choose(da, device).want(200, "")

	nick := w.api("PUT", path+"/nickname", obj{"nickname": "Arbeit ☎"}).want(200, "")
	self := base + "/v1/environments/" + envID + "/" + path
	if d := cmp.Diff(obj{"_links": obj{"self": obj{"href": self + "/nickname"}, "device": obj{"href": self}}, "nickname": "Arbeit ☎"}, nick.Body); d != "" {
		t.Error(d)
	}
	if got := w.begin(user).text("_embedded.devices.0.nickname"); got != "Arbeit ☎" {
		t.Errorf("nickname %q", got)
	}
	w.api("PUT", path+"/nickname", obj{"nickname": strings.Repeat("x", 101)}).want(400, "SIZE_LIMIT_EXCEEDED")
	w.api("PUT", path+"/nickname", obj{}).want(400, "REQUIRED_VALUE")
	w.api("PUT", path+"/nickname", obj{"nickname": ""}).want(200, "")
	if got := w.api("GET", path, nil).at("nickname"); got != nil {
		t.Errorf("nickname %v", got)
	}
}

func TestListDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, active := w.ben()
	waiting := w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "w@example.com", "status": "ACTIVATION_REQUIRED"}).want(201, "").text("id")
	for filter, want := range map[string][]string{
		`status eq "ACTIVE"`: {active}, `status eq "ACTIVATION_REQUIRED"`: {waiting}, `type eq "SMS"`: {},
		`(type eq "SMS" or type eq "EMAIL") and status eq "ACTIVE"`: {active}, `mobilePayload eq "x"`: {},
	} {
		r := w.api("GET", "users/"+user+"/devices?filter="+escape(filter), nil).want(200, "")
		got := []string{}
		for _, d := range r.at("_embedded.devices").([]any) {
			got = append(got, d.(obj)["id"].(string))
		}
		if d := cmp.Diff(want, got); d != "" || r.at("size") != float64(len(want)) {
			t.Errorf("%s: %s", filter, d)
		}
	}
	w.api("GET", "users/"+user+"/devices?filter="+escape(`type sw "S"`), nil).want(400, "INVALID_FILTER")
	r := w.api("GET", "users/"+user+"/devices?expand=order,typeDisplayNames,allowedTypes,applications,mfaSettings,mfaPolicy", nil).want(200, "")
	want := obj{"order": refs(active), "typeDisplayNames": obj{"EMAIL": "Email", "SMS": "SMS", "VOICE": "Voice", "WHATSAPP": "WhatsApp", "TOTP": "Authenticator App", "MOBILE": "Mobile App",
		"FIDO2": "Passkey", "SECURITY_KEY": "Security Key", "PLATFORM": "Biometrics"},
		"allowedtypes": []any{"FIDO2", "EMAIL", "SMS", "VOICE", "TOTP", "MOBILE"},
		"applications": w.api("GET", "applications", nil).want(200, "").at("_embedded.applications"),
		"mfaSettings":  obj{"environment": obj{"id": envID}, "pairing": obj{"maxAllowedDevices": 5.0, "pairingKeyFormat": "NUMERIC"}},
		"mfaPolicy":    obj{"id": r.text("_embedded.mfaPolicy.id"), "authentication": obj{"deviceSelection": "DEFAULT_TO_FIRST"}}}
	got := r.at("_embedded").(obj)
	delete(got, "devices")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Test devices answer their codes, and send nothing (A-16: only they do).
func TestA16TestDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withTestDevices, func(o *embedded.Options) { o.Channels = nil })
	user := w.user("ben")
	w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "a@example.com"}).want(400, "INVALID_VALUE")
	r := w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "a@example.com", "testMode": true, "status": "ACTIVATION_REQUIRED"}).want(201, "")
	w.api("POST device.activate", "users/"+user+"/devices/"+r.text("id"), obj{"otp": r.text("test.otp")}).want(200, "")
	da := w.begin(user)
	if again := w.auth("GET", "deviceAuthentications/"+da.text("id"), nil); again.at("test") != nil {
		t.Errorf("the code is shown again: %s", again.Raw)
	}
	w.check(da.text("id"), da.text("test.otp")).want(200, "")
	if n, err := w.outbox.Drain(t.Context()); n != 0 || err != nil {
		t.Errorf("%d messages sent, %v", n, err)
	}
}

// of a real device, no answer shows the code.
func TestA16CodeInNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, device := w.ben()
	da := w.begin(user)
	code := w.mail("ben@example.com").Code
	for _, r := range []result{da, w.auth("GET", "deviceAuthentications/"+da.text("id"), nil), w.api("GET", "users/"+user+"/devices", nil),
		w.check(da.text("id"), wrong(code)), w.api("GET", "users/"+user+"/devices/"+device, nil), w.check(da.text("id"), code)} {
		if r.at("test") != nil || strings.Contains(string(r.Raw), `"`+code+`"`) {
			t.Errorf("an answer shows the code: %s", r.Raw)
		}
	}
}

// Of many creations at once, as many succeed as there is room for.
func TestParallelCreations(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		got := w.volley(20, func(i int) pingone.Request {
			return request(pingone.HostAPI, "POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": fmt.Sprintf("a%d@example.com", i)})
		})
		if got[""] != 5 || got["LIMIT_EXCEEDED"] != 15 || len(w.svcList(user)) != 5 {
			t.Errorf("answers %v", got)
		}
	})
}
