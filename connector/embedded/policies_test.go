package embedded_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
)

// duration is PingOne's {duration, timeUnit}.
func duration(n float64, unit string) obj { return obj{"duration": n, "timeUnit": unit} }

// The default policy shows PingOne's numbers, each of them.
func TestDefaultPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := w.api("GET", "deviceAuthenticationPolicies", nil).want(200, "")
	if list.at("count") != 1.0 {
		t.Fatalf("%s", list.Raw)
	}
	id := list.text("_embedded.deviceAuthenticationPolicies.0.id")
	env := base + "/v1/environments/" + envID
	sent := obj{"enabled": true, "otp": obj{"failure": obj{"count": 3.0, "coolDown": duration(0, "MINUTES")}, "lifeTime": duration(30, "MINUTES"), "otpLength": 6.0}}
	off := obj{"enabled": false, "otp": sent["otp"]}
	made := obj{"failure": obj{"count": 3.0, "coolDown": duration(2, "MINUTES")}}
	want := obj{
		"_links": obj{"self": obj{"href": env + "/deviceAuthenticationPolicies/" + id}, "environment": obj{"href": env}},
		"id":     id, "environment": obj{"id": envID}, "name": "Default MFA Policy", "default": true, "forSignOnPolicy": false,
		"newDeviceNotification": "NONE", "authentication": obj{"deviceSelection": "DEFAULT_TO_FIRST"},
		"ignoreUserLock": false, "blockUsersWithDisabledMfa": false,
		"sms": sent, "voice": sent, "email": sent, "whatsApp": off,
		"mobile": obj{"enabled": true, "otp": obj{"failure": made["failure"], "window": obj{"stepSize": duration(30, "SECONDS")}},
			"applications": []any{obj{"id": embedded.NativeApplication(envID), "push": obj{"enabled": true}, "otp": obj{"enabled": true},
				"pushTimeout": duration(40, "SECONDS"), "pairingKeyLifetime": duration(10, "MINUTES"), "integrityDetection": "permissive",
				"pushLimit": obj{"count": 5.0, "timePeriod": duration(10, "MINUTES"), "lockDuration": duration(30, "MINUTES")}}}},
		"totp":       obj{"enabled": true, "otp": made, "passcodeGracePeriod": 5.0},
		"fido2":      obj{"enabled": true, "failure": made["failure"]},
		"oathToken":  obj{"enabled": true, "otp": made},
		"rememberMe": obj{"web": obj{"enabled": true, "lifeTime": duration(30, "DAYS")}},
		"createdAt":  "2026-11-22T09:00:00.123Z", "updatedAt": "2026-11-22T09:00:00.123Z",
	}
	if d := cmp.Diff(want, w.api("GET", "deviceAuthenticationPolicies/"+id, nil).want(200, "").Body); d != "" {
		t.Error(d)
	}
	w.service(withP0) // a second start changes nothing
	if d := cmp.Diff(want, w.api("GET", "deviceAuthenticationPolicies/"+id, nil).Body); d != "" {
		t.Error(d)
	}
}

// policyBody is a policy that is accepted; change alters it.
func policyBody(change func(p obj)) obj {
	var p obj
	if err := json.Unmarshal([]byte(p0), &p); err != nil {
		panic(err)
	}
	change(p)
	return p
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.api("GET", "deviceAuthenticationPolicies", nil).text("_embedded.deviceAuthenticationPolicies.0.id")
	second := w.api("POST", "deviceAuthenticationPolicies", policyBody(func(p obj) { p["default"] = false })).want(201, "").text("id")
	one := func(id string) result { return w.api("GET", "deviceAuthenticationPolicies/"+id, nil).want(200, "") }
	if one(first).at("default") != true || one(second).at("default") != false {
		t.Error("a policy that does not want to be the default is")
	}
	if got := one(second).at("email.otp.failure.coolDown.duration"); got != 2.0 {
		t.Errorf("coolDown %v", got)
	}
	w.api("POST", "deviceAuthenticationPolicies", policyBody(func(obj) {})).want(400, "INVALID_VALUE") // same name
	w.api("DELETE", "deviceAuthenticationPolicies/"+first, nil).want(400, "CONSTRAINT_VIOLATION")
	w.api("PUT", "deviceAuthenticationPolicies/"+second, policyBody(func(p obj) { p["name"] = "P2" })).want(200, "")
	if one(first).at("default") != false || one(second).at("default") != true || one(second).text("name") != "P2" {
		t.Error("the default did not move")
	}
	w.api("PUT", "deviceAuthenticationPolicies/"+second, policyBody(func(p obj) { p["default"] = false })).want(200, "")
	if one(second).at("default") != true {
		t.Error("there is no default policy any more")
	}
	w.api("DELETE", "deviceAuthenticationPolicies/"+first, nil).want(204, "")
	w.api("GET", "deviceAuthenticationPolicies/"+first, nil).want(404, "NOT_FOUND")
	if n := w.api("GET", "deviceAuthenticationPolicies", nil).at("count"); n != 1.0 {
		t.Errorf("%v policies", n)
	}
}

func TestPolicyRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	email := func(otp obj) func(p obj) {
		return func(p obj) { p["email"] = obj{"enabled": true, "otp": otp} }
	}
	for name, c := range map[string]struct {
		change       func(p obj)
		code, target string
	}{
		"no name":      {func(p obj) { delete(p, "name") }, "REQUIRED_VALUE", "name"},
		"no totp":      {func(p obj) { delete(p, "totp") }, "REQUIRED_VALUE", "totp"},
		"selection":    {func(p obj) { p["authentication"] = obj{"deviceSelection": "DICE"} }, "INVALID_VALUE", "authentication.deviceSelection"},
		"notification": {func(p obj) { p["newDeviceNotification"] = "FAX" }, "INVALID_VALUE", "newDeviceNotification"},
		"count 0":      {email(obj{"failure": obj{"count": 0, "coolDown": duration(0, "MINUTES")}}), "OUT_OF_RANGE", "email.otp.failure.count"},
		"count 8":      {email(obj{"failure": obj{"count": 8, "coolDown": duration(0, "MINUTES")}}), "OUT_OF_RANGE", "email.otp.failure.count"},
		"cool-down":    {email(obj{"failure": obj{"count": 3, "coolDown": duration(31, "MINUTES")}}), "OUT_OF_RANGE", "email.otp.failure.coolDown.duration"},
		"unit":         {email(obj{"failure": obj{"count": 3, "coolDown": duration(1, "WEEKS")}}), "INVALID_VALUE", "email.otp.failure.coolDown.timeUnit"},
		"negative":     {email(obj{"lifeTime": duration(-1, "MINUTES")}), "OUT_OF_RANGE", "email.otp.lifeTime.duration"},
		"no life":      {email(obj{"lifeTime": duration(0, "MINUTES")}), "OUT_OF_RANGE", "email.otp.lifeTime.duration"},
		"length":       {email(obj{"otpLength": 5}), "OUT_OF_RANGE", "email.otp.otpLength"},
		"overflow":     {email(obj{"lifeTime": duration(1e15, "MINUTES")}), "OUT_OF_RANGE", "email.otp.lifeTime.duration"},
		"totp cool-down": {func(p obj) {
			p["totp"] = obj{"enabled": true, "otp": obj{"failure": obj{"count": 3, "coolDown": duration(1, "MINUTES")}}}
		}, "OUT_OF_RANGE", "totp.otp.failure.coolDown.duration"},
		"grace period": {func(p obj) { p["totp"] = obj{"enabled": true, "passcodeGracePeriod": 11} }, "OUT_OF_RANGE", "totp.passcodeGracePeriod"},
		"uri":          {func(p obj) { p["totp"] = obj{"enabled": true, "uriParameters": obj{"algorithm": "SHA256"}} }, "INVALID_VALUE", "totp.uriParameters"},
		"type":         {func(p obj) { p["email"] = obj{"enabled": "yes"} }, "INVALID_VALUE", "email.enabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := w.api("POST", "deviceAuthenticationPolicies", policyBody(c.change))
			r.t = t
			r.want(400, c.code)
			if got := r.text("details.0.target"); got != c.target {
				t.Errorf("target %q, want %q", got, c.target)
			}
		})
	}
}

// The policy of the request rules: its numbers, its length of codes, its methods.
func TestPolicyRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	strict := w.api("POST", "deviceAuthenticationPolicies", policyBody(func(p obj) {
		p["default"] = false
		p["email"] = obj{"enabled": true, "pairingDisabled": true, "otp": obj{"otpLength": 8, "failure": obj{"count": 1, "coolDown": duration(30, "SECONDS")}}}
	})).want(201, "").text("id")
	with := func(id string) result {
		return w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "policy": obj{"id": id}}).want(201, "")
	}
	da := with(strict)
	code := w.mail("ben@example.com").Code
	if len(code) != 8 || da.text("policy.id") != strict {
		t.Errorf("code %q, policy %q", code, da.text("policy.id"))
	}
	w.check(da.text("id"), wrong(code)).want(400, "TOO_MANY_OTP_RETRIES")
	w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "x@example.com", "policy": obj{"id": strict}}).want(400, "INVALID_VALUE")
	w.api("PUT", "deviceAuthenticationPolicies/"+strict, policyBody(func(p obj) { p["email"] = obj{"enabled": false} })).want(200, "")
	if r := with(strict); r.text("error.code") != "NO_USABLE_DEVICES" || r.at("error.unavailableDevices") != nil {
		t.Errorf("a method that is off: %s", r.Raw)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := obj{
		"_links":      obj{"self": obj{"href": base + "/v1/environments/" + envID + "/mfaSettings"}, "environment": obj{"href": base + "/v1/environments/" + envID}},
		"environment": obj{"id": envID}, "pairing": obj{"maxAllowedDevices": 5.0, "pairingKeyFormat": "NUMERIC"},
		"phoneExtensions": obj{"enabled": false}, "users": obj{"mfaEnabled": false},
	}
	if d := cmp.Diff(want, w.api("GET", "mfaSettings", nil).want(200, "").Body); d != "" {
		t.Error(d)
	}
	w.api("PUT", "mfaSettings", obj{"pairing": obj{"maxAllowedDevices": 15, "pairingKeyFormat": "ALPHANUMERIC"}, "users": obj{"mfaEnabled": true}}).want(200, "")
	if r := w.api("POST", "users", obj{"username": "ann"}); r.at("mfaEnabled") != true {
		t.Errorf("new user: %s", r.Raw)
	}
	for _, bad := range []obj{{}, {"pairing": obj{"maxAllowedDevices": 16, "pairingKeyFormat": "NUMERIC"}}, {"pairing": obj{"maxAllowedDevices": 5}},
		{"pairing": obj{"maxAllowedDevices": 5, "pairingKeyFormat": "ROMAN"}},
		{"pairing": obj{"maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC"}, "lockout": obj{"failureCount": 0, "durationSeconds": 1}},
		{"pairing": obj{"maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC"}, "lockout": obj{"failureCount": 1, "durationSeconds": 0}},
		{"pairing": obj{"maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC"}, "authentication": obj{"deviceSelection": "DICE"}}} {
		if r := w.api("PUT", "mfaSettings", bad); r.Status != 400 {
			t.Errorf("%v: %d", bad, r.Status)
		}
	}
	w.api("DELETE", "mfaSettings", nil).want(204, "")
	if d := cmp.Diff(want, w.api("GET", "mfaSettings", nil).Body); d != "" {
		t.Error(d)
	}
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, o := range []embedded.Options{{}, {Environment: "x"}, {Environment: envID, Policy: json.RawMessage(`{"name":""}`)}, {Environment: envID, Policy: json.RawMessage(`[`)}} {
		if _, err := embedded.New(t.Context(), w.db, o); !errors.Is(err, embedded.ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// A policy that is put without a method leaves nothing to answer with that was begun by it.
func TestMethodTakenFromAPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys, func(o *embedded.Options) {
		o.Channels = append(o.Channels, "WHATSAPP")
		o.Policy = []byte(strings.Replace(string(o.Policy), `"mobile"`, `"whatsApp":{"enabled":true},"mobile"`, 1))
	})
	cat, ann, key := w.user("cat"), w.user("ann"), softkey.New(softkey.Options{})
	w.passkey(cat, key)
	devices, whatsApp := "users/"+ann+"/devices", obj{"type": "WHATSAPP", "phone": "+1.5125550100", "status": "ACTIVE"}
	w.api("POST", devices, whatsApp).want(201, "")
	whatsApp["phone"], whatsApp["status"] = "+1.5125550101", "ACTIVATION_REQUIRED"
	pending := devices + "/" + w.api("POST", devices, whatsApp).want(201, "").text("id")
	da, options := w.challenge(of(cat))
	sent := w.begin(ann).text("id")
	p := w.api("GET", "deviceAuthenticationPolicies", nil).at("_embedded.deviceAuthenticationPolicies.0").(obj)
	delete(p, "fido2")
	delete(p, "whatsApp")
	w.api("PUT", "deviceAuthenticationPolicies/"+p["id"].(string), p).want(200, "")
	w.assert(da, w.sign(key, options)).step("7.2.3")
	w.check(sent, "000000").want(400, "INVALID_REQUEST")
	w.api("POST device.activate", pending, obj{"otp": "000000"}).want(400, "INVALID_VALUE")
	w.api("POST device.sendActivationCode", pending, nil).want(400, "INVALID_VALUE")
}
