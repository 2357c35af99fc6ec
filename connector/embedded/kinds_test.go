package embedded_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
)

// kind is what tests must know of a device type whose codes are sent.
type kind struct {
	name, target   string
	address        string
	masked         string
	spelling       string // the same address, written differently
	channel        string
	authenticators []any
}

// sent are the types whose codes are sent.
func sent() []kind {
	phone := kind{target: "phone", address: "+972.547339044", masked: "*******44", spelling: "+972 (54) 733-9044"}
	as := func(name string, more ...any) kind {
		k := phone
		k.name, k.channel, k.authenticators = name, name, append([]any{"mfa", "otp"}, more...)
		return k
	}
	return []kind{
		{name: "EMAIL", target: "email", address: "kim@example.com", masked: "k****@example.com", spelling: "KIM@example.com", channel: "EMAIL", authenticators: []any{"mfa", "otp"}},
		as("SMS", "sms"), as("VOICE", "tel"), as("WHATSAPP"),
	}
}

// everyKind runs a test for each type whose codes are sent, in an environment that has
// all channels and methods on.
func everyKind(t *testing.T, test func(t *testing.T, w *world, k kind), settings ...setting) {
	t.Helper()
	all := func(o *embedded.Options) {
		o.Channels = []string{"EMAIL", "SMS", "VOICE", "WHATSAPP"}
		o.Policy = []byte(allMethods)
	}
	for _, k := range sent() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, append([]setting{all}, settings...)...), k)
		})
	}
}

// allMethods is a policy with every method on, WhatsApp included, and P0's numbers.
const allMethods = `{"name":"All","default":true,"mobile":{"enabled":true},
	"sms":` + method + `,"voice":` + method + `,"email":` + method + `,"whatsApp":` + method + `,
	"totp":{"enabled":true,"passcodeGracePeriod":1,"otp":{"failure":{"count":3,"coolDown":{"duration":2,"timeUnit":"MINUTES"}}}}}`

const method = `{"enabled":true,"otp":{"failure":{"count":3,"coolDown":{"duration":2,"timeUnit":"MINUTES"}},"lifeTime":{"duration":30,"timeUnit":"MINUTES"}}}`

func (w *world) pair(user string, k kind, more obj) result {
	w.t.Helper()
	body := obj{"type": k.name, k.target: k.address}
	for name, v := range more {
		body[name] = v
	}
	return w.api("POST", "users/"+user+"/devices", body)
}

// The life of a device of each type: paired with a code, chosen, used, listed as it was
// given and offered masked, named, ordered, blocked, deleted.
func TestLifeOfEachKind(t *testing.T) {
	t.Parallel()
	everyKind(t, func(t *testing.T, w *world, k kind) {
		user := w.user("kim")
		made := w.pair(user, k, obj{"status": "ACTIVATION_REQUIRED", "nickname": "mine"}).want(201, "")
		id, path := made.text("id"), "users/"+user+"/devices/"+made.text("id")
		if made.text(k.target) != k.address || made.text("status") != "ACTIVATION_REQUIRED" {
			t.Errorf("%s", made.Raw)
		}
		m := w.mail(k.address)
		if m.Channel != k.channel {
			t.Errorf("sent on %s", m.Channel)
		}
		w.api("POST device.activate", path, obj{"otp": wrong(m.Code)}).want(400, "INVALID_OTP")
		w.api("POST device.sendActivationCode", path, nil).want(200, "")
		fresh := w.mail(k.address).Code
		if fresh != m.Code {
			w.api("POST device.activate", path, obj{"otp": m.Code}).want(400, "INVALID_OTP")
		}
		w.api("POST device.activate", path, obj{"otp": fresh}).want(200, "")
		w.pair(user, kind{name: k.name, target: k.target, address: k.spelling}, nil).want(400, "UNIQUENESS_VIOLATION")
		da := w.begin(user)
		offered := []any{obj{"id": id, "type": k.name, "status": "ACTIVE", "nickname": "mine", k.target: k.masked}}
		if d := cmp.Diff(any(offered), da.at("_embedded.devices")); d != "" {
			t.Error(d)
		}
		done := w.check(da.text("id"), w.mail(k.address).Code).want(200, "")
		if d := cmp.Diff(any(k.authenticators), done.at("authenticators")); d != "" || done.text("status") != "COMPLETED" {
			t.Error(d)
		}
		if got := w.api("GET", path, nil).text(k.target); got != k.address {
			t.Errorf("%q", got)
		}
		w.api("PUT", path+"/nickname", obj{"nickname": ""}).want(200, "")
		w.api("POST device.block", path, nil).want(200, "")
		none := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, "")
		if none.text("error.unavailableDevices.0.id") != id {
			t.Errorf("%s", none.Raw)
		}
		w.api("POST device.unblock", path, nil).want(200, "")
		w.begin(user)
		w.api("DELETE", path, nil).want(204, "")
		w.api("GET", path, nil).want(404, "NOT_FOUND")
	})
}

// three wrong codes lock a device of each type, for two minutes.
func TestA09LockOfEachKind(t *testing.T) {
	t.Parallel()
	everyKind(t, func(t *testing.T, w *world, k kind) {
		user := w.user("kim")
		id := w.pair(user, k, nil).want(201, "").text("id")
		da := w.begin(user).text("id")
		code := w.mail(k.address).Code
		for _, want := range []string{"INVALID_OTP", "INVALID_OTP", "TOO_MANY_OTP_RETRIES", "TOO_MANY_OTP_RETRIES"} {
			w.check(da, wrong(code)).want(400, want)
		}
		r := w.api("GET", "users/"+user+"/devices/"+id, nil)
		if r.text("lock.status") != "LOCKED" || r.text("lock.reason") != "OTP" || r.text("lock.expiresAt") != "2026-11-22T09:02:00.123Z" {
			t.Errorf("%s", r.Raw)
		}
		w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"id": id}}).want(400, "TOO_MANY_OTP_RETRIES")
		w.clock.Move(2 * time.Minute)
		w.check(w.begin(user).text("id"), w.mail(k.address).Code).want(200, "")
	})
}

// An extension needs the settings' leave, when the device is made and when it is used.
func TestExtension(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("kim")
	settings := func(on bool) {
		w.api("PUT", "mfaSettings", obj{"pairing": obj{"maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC"}, "phoneExtensions": obj{"enabled": on}}).want(200, "")
	}
	call := func(extension string) result {
		return w.api("POST", "users/"+user+"/devices", obj{"type": "VOICE", "phone": "+1.5125551234", "extension": extension})
	}
	settings(true)
	call("31x").want(400, "INVALID_VALUE")
	r := call("313#,2").want(201, "")
	if r.text("extension") != "313#,2" {
		t.Errorf("%s", r.Raw)
	}
	call("313#,2").want(400, "UNIQUENESS_VIOLATION")
	call("").want(201, "") // the same number without the extension is another device
	da := w.begin(user)
	if m := w.mail("+1.5125551234,313#,2"); m.Channel != "VOICE" || da.at("_embedded.devices.0.extension") != nil {
		t.Errorf("%+v\n%s", m, da.Raw)
	}
	settings(false)
	if got := w.begin(user).text("selectedDevice.id"); got == r.text("id") {
		t.Error("a device with an extension is used while extensions are off")
	}
}

// A-14 for each type: good until a second before its end, and not after, nor when the
// clock goes back.
func TestA14ExpiryOfEachKind(t *testing.T) {
	t.Parallel()
	everyKind(t, func(t *testing.T, w *world, k kind) {
		user := w.user("kim")
		w.pair(user, k, nil).want(201, "")
		da := w.begin(user).text("id")
		w.clock.Move(30*time.Minute - time.Second)
		w.check(da, w.mail(k.address).Code).want(200, "")
		da = w.begin(user).text("id")
		code := w.mail(k.address).Code
		once := w.once(user, obj{"type": k.name, k.target: k.address}).text("id")
		onceCode := w.mail(k.address).Code
		for _, move := range []time.Duration{30 * time.Minute, -time.Hour} {
			w.clock.Move(move)
			w.check(da, code).want(400, "OTP_SESSION_EXPIRED")
			w.check(once, onceCode).want(400, "OTP_SESSION_EXPIRED")
		}
	})
}
