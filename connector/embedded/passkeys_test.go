package embedded_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
)

// site is the origin of the relying party that the environment has by default.
const site = "https://pingone.test"

// withPasskeys is a policy with P0's numbers and passkeys on.
func withPasskeys(o *embedded.Options) {
	o.Policy = []byte(strings.Replace(allMethods, `"mobile"`, `"fido2":{"enabled":true},"mobile"`, 1))
}

// passkey makes a passkey for a user and activates it.
func (w *world) passkey(user string, key *softkey.Key) (id string) {
	w.t.Helper()
	made := w.register(user, nil)
	id = made.text("id")
	w.activate(user, id, key, made.text("publicKeyCredentialCreationOptions")).want(200, "")
	return id
}

// register begins the registration of a passkey.
func (w *world) register(user string, more obj) result {
	w.t.Helper()
	body := obj{"type": "FIDO2"}
	for k, v := range more {
		body[k] = v
	}
	return w.api("POST", "users/"+user+"/devices", body).want(201, "")
}

func (w *world) activate(user, device string, key *softkey.Key, options string) result {
	w.t.Helper()
	attestation, err := key.Create(site, options)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.api("POST device.activate", "users/"+user+"/devices/"+device, obj{"attestation": attestation, "origin": site})
}

// challenge begins an authentication that a passkey answers.
func (w *world) challenge(body obj) (da, options string) {
	w.t.Helper()
	r := w.auth("POST", "deviceAuthentications", body).want(201, "")
	if r.text("status") != "ASSERTION_REQUIRED" {
		w.t.Fatalf("status %s\n%s", r.text("status"), r.Raw)
	}
	return r.text("id"), r.text("publicKeyCredentialRequestOptions")
}

func of(user string) obj { return obj{"user": obj{"id": user}} }

// anyone is the body of a usernameless authentication.
func anyone() obj { return obj{"rp": obj{"id": "pingone.test"}} }

// sign answers options with a key.
func (w *world) sign(key *softkey.Key, options string) string {
	w.t.Helper()
	assertion, err := key.Get(site, options)
	if err != nil {
		w.t.Fatal(err)
	}
	return assertion
}

func (w *world) assert(da, assertion string) result {
	w.t.Helper()
	return w.auth("POST assertion.check", "deviceAuthentications/"+da, obj{"assertion": assertion, "origin": site})
}

// signOn walks a passkey sign-on to its verdict.
func (w *world) signOn(body obj, key *softkey.Key) result {
	w.t.Helper()
	da, options := w.challenge(body)
	return w.assert(da, w.sign(key, options))
}

// The life of a passkey: registered with a challenge, shown as PingOne shows it, used,
// locked and unlocked, deleted.
func TestLifeOfAPasskey(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, key := w.user("cat"), softkey.New(softkey.Options{})
		made := w.register(user, obj{"status": "ACTIVE", "nickname": "laptop"})
		id, path := made.text("id"), "users/"+user+"/devices/"+made.text("id")
		options := made.text("publicKeyCredentialCreationOptions")
		if made.text("status") != "ACTIVATION_REQUIRED" || made.text("rp.id") != "pingone.test" || !strings.Contains(options, `"challenge":[`) {
			t.Errorf("%s", made.Raw)
		}
		if again := w.api("GET", path, nil).text("publicKeyCredentialCreationOptions"); again != options {
			t.Errorf("options when read: %s", again)
		}
		if listed := w.api("GET", "users/"+user+"/devices", nil); strings.Contains(string(listed.Raw), "CreationOptions") {
			t.Errorf("a list shows options: %s", listed.Raw)
		}
		done := w.activate(user, id, key, options).want(200, "")
		if done.text("status") != "ACTIVE" || done.at("_links.device.activate") != nil || done.text("credentialId") == "" {
			t.Errorf("%s", done.Raw)
		}
		want := obj{"transports": []any{"internal"}, "isCrossPlatform": false, "isResidentKey": true}
		if d := cmp.Diff(any(want), done.at("attributes")); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(any(obj{"backupEligibility": false, "backupState": false}), done.at("backup")); d != "" {
			t.Error(d)
		}
		one := w.api("GET", "users/"+user+"/devices", nil)
		if one.text("_embedded.devices.0.displayName") == "" || !strings.Contains(one.text("_embedded.devices.0.fidoRegistrationResponse"), "attestationObject") {
			t.Errorf("%s", one.Raw)
		}
		if !strings.Contains(w.register(user, nil).text("publicKeyCredentialCreationOptions"), `"excludeCredentials":[{`) {
			t.Error("the passkey may be registered twice")
		}
		signed := w.signOn(of(user), key).want(200, "")
		if d := cmp.Diff(any([]any{"mfa", "hwk", "user"}), signed.at("authenticators")); d != "" || signed.text("status") != "COMPLETED" {
			t.Errorf("%s\n%s", d, signed.Raw)
		}
		da, options := w.challenge(of(user))
		w.api("DELETE", path, nil).want(204, "")
		w.assert(da, w.sign(key, options)).want(400, "CONSTRAINT_VIOLATION")
		w.auth("POST", "deviceAuthentications", of(user)).want(201, "")
	}, withPasskeys)
}

// Synchronised passkeys say so, and prove a key in software.
func TestSynchronisedPasskey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user := w.user("cat")
	key := softkey.New(softkey.Options{BackupEligible: true, BackedUp: true, Counter: softkey.Zero, Unverified: true, Transports: []string{"hybrid", "internal"}})
	id := w.passkey(user, key)
	for range 2 {
		r := w.signOn(of(user), key).want(200, "")
		if d := cmp.Diff(any([]any{"mfa", "swk"}), r.at("authenticators")); d != "" {
			t.Error(d)
		}
	}
	key.Configure(func(o *softkey.Options) { o.BackedUp = false })
	w.signOn(of(user), key).want(200, "")
	if r := w.api("GET", "users/"+user+"/devices/"+id, nil); r.at("backup.backupState") != false || r.at("backup.backupEligibility") != true {
		t.Errorf("%s", r.Raw)
	}
}

// What the client must send, and what it must look like.
func TestPasskeyRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user, key := w.user("cat"), softkey.New(softkey.Options{})
	devices := "users/" + user + "/devices"
	for _, c := range []struct {
		body   obj
		target string
		code   string
	}{
		{obj{"type": "FIDO2", "rp": obj{"id": "https://acme.com"}}, "rp.id", "INVALID_VALUE"},
		{obj{"type": "FIDO2", "rp": obj{"id": "Acme.com"}}, "rp.id", "INVALID_VALUE"},
		{obj{"type": "FIDO2", "rp": obj{"id": "127.0.0.1"}}, "rp.id", "INVALID_VALUE"},
		{obj{"type": "FIDO2", "webAuthn": obj{"challenge": "c2hvcnQ"}}, "webAuthn.challenge", "INVALID_VALUE"},
		{obj{"type": "FIDO2", "webAuthn": obj{"challenge": "***"}}, "webAuthn.challenge", "INVALID_VALUE"},
		{obj{"type": "SECURITY_KEY"}, "rp.id", "REQUIRED_VALUE"},
		{obj{"type": "PLATFORM"}, "rp.id", "REQUIRED_VALUE"},
		{obj{"type": "SECURITY_KEY", "rp": obj{"name": "P"}}, "rp.id", "REQUIRED_VALUE"},
		{obj{"type": "SECURITY_KEY", "rp": obj{"id": "pingone.test"}}, "rp.name", "REQUIRED_VALUE"},
		{obj{"type": "PLATFORM", "rp": obj{"id": "pingone.test"}}, "rp.name", "REQUIRED_VALUE"},
		{obj{"type": "FIDO2", "testMode": true}, "testMode", "INVALID_VALUE"},
	} {
		if r := w.api("POST", devices, c.body).want(400, c.code); r.text("details.0.target") != c.target {
			t.Errorf("%v: target %s", c.body, r.text("details.0.target"))
		}
	}
	made := w.register(user, nil)
	path := devices + "/" + made.text("id")
	w.api("POST device.activate", path, obj{"origin": site}).want(400, "REQUIRED_VALUE")
	w.api("POST device.activate", path, obj{"attestation": "{}"}).want(400, "REQUIRED_VALUE")
	w.api("POST device.activate", path, obj{"otp": "123456"}).want(400, "REQUIRED_VALUE")
	w.api("POST device.sendActivationCode", path, nil).want(400, "CONSTRAINT_VIOLATION")
	refused := w.api("POST device.activate", path, obj{"attestation": "{}", "origin": site}).want(400, "CONSTRAINT_VIOLATION")
	if refused.text("details.0.innerError.step") != "7.1.1" {
		t.Errorf("%s", refused.Raw)
	}
	w.activate(user, made.text("id"), key, made.text("publicKeyCredentialCreationOptions")).want(200, "")
	w.api("POST device.activate", path, obj{"attestation": "{}", "origin": site}).want(400, "CONSTRAINT_VIOLATION")
	da, _ := w.challenge(of(user))
	w.auth("POST assertion.check", "deviceAuthentications/"+da, obj{"origin": site}).want(400, "REQUIRED_VALUE")
	w.auth("POST assertion.check", "deviceAuthentications/"+da, obj{"assertion": "{}"}).want(400, "REQUIRED_VALUE")
	w.auth("POST assertion.check", "deviceAuthentications/"+da, obj{"assertion": "{}", "origin": site, "compatibility": "SOME"}).want(400, "INVALID_VALUE")
	w.check(da, "123456").want(400, "INVALID_REQUEST")
	body := of(user)
	body["selectedDevice"] = obj{"id": made.text("id"), "otp": "123456"}
	w.auth("POST", "deviceAuthentications", body).want(400, "INVALID_VALUE")
	w.auth("POST", "deviceAuthentications", obj{"rp": obj{"id": "pingone.test"}, "selectedDevice": obj{"id": made.text("id")}}).want(400, "INVALID_VALUE")
	w.auth("POST", "deviceAuthentications", obj{"rp": obj{"id": "http://x"}}).want(400, "INVALID_VALUE")
}

// A challenge of the caller's own (dynamic linking) is the one that is signed, once, in
// registrations and authentications alike.
func TestOwnChallenge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user, key := w.user("cat"), softkey.New(softkey.Options{})
	own := strings.Repeat("payment 7, ", 3)
	text := base64.RawURLEncoding.EncodeToString([]byte(own))
	made := w.register(user, obj{"webAuthn": obj{"challenge": text}})
	if got := challengeIn(t, made.text("publicKeyCredentialCreationOptions")); got != own {
		t.Errorf("challenge %q", got)
	}
	w.activate(user, made.text("id"), key, made.text("publicKeyCredentialCreationOptions")).want(200, "")
	body := of(user)
	body["webAuthn"] = obj{"challenge": text}
	da, options := w.challenge(body)
	if got := challengeIn(t, options); got != own {
		t.Errorf("challenge %q", got)
	}
	again := w.choose(da, made.text("id")).want(200, "").text("publicKeyCredentialRequestOptions")
	if challengeIn(t, again) == own {
		t.Error("the challenge was used for another device.select")
	}
	w.assert(da, w.sign(key, options)).want(400, "CONSTRAINT_VIOLATION")
	w.assert(da, w.sign(key, again)).want(200, "")

	w.email(user, "cat@example.com")
	w.api("POST devices.order.remove", "users/"+user+"/devices", obj{}).want(200, "")
	r := w.auth("POST", "deviceAuthentications", body).want(201, "")
	if r.text("status") != "DEVICE_SELECTION_REQUIRED" {
		t.Fatalf("%s", r.Raw)
	}
	chosen := w.choose(r.text("id"), made.text("id")).want(200, "").text("publicKeyCredentialRequestOptions")
	if challengeIn(t, chosen) != own {
		t.Error("the challenge did not wait for the choice of the passkey")
	}
}

// challengeIn reads the signed bytes of a challenge.
func challengeIn(t *testing.T, options string) string {
	t.Helper()
	var o struct{ Challenge []int8 }
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, len(o.Challenge))
	for i, v := range o.Challenge {
		b[i] = byte(v)
	}
	return string(b)
}

// A relying party of the request overrides the FIDO2 policy's; a passkey answers for its
// own relying party only.
func TestRelyingPartyOverride(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys, func(o *embedded.Options) { o.Origins = []string{"https://login.acme.com"} })
	user, key := w.user("cat"), softkey.New(softkey.Options{})
	made := w.register(user, obj{"rp": obj{"id": "acme.com", "name": "Acme"}})
	id, options := made.text("id"), made.text("publicKeyCredentialCreationOptions")
	if made.text("rp.id") != "acme.com" || made.text("rp.name") != "Acme" || !strings.Contains(options, `"id":"acme.com"`) {
		t.Errorf("%s", made.Raw)
	}
	attestation, err := key.Create("https://login.acme.com", options)
	if err != nil {
		t.Fatal(err)
	}
	w.api("POST device.activate", "users/"+user+"/devices/"+id, obj{"attestation": attestation, "origin": "https://login.acme.com"}).want(200, "")
	for rp, status := range map[string]string{"": "ASSERTION_REQUIRED", "acme.com": "ASSERTION_REQUIRED", "pingone.test": "FAILED"} {
		body := of(user)
		if rp != "" {
			body["rp"] = obj{"id": rp}
		}
		r := w.auth("POST", "deviceAuthentications", body).want(201, "")
		if r.text("status") != status {
			t.Errorf("%q: %s", rp, r.Raw)
		}
	}
	da, options := w.challenge(obj{"rp": obj{"id": "acme.com"}})
	assertion, err := key.Get("https://acme.com", options)
	if err != nil {
		t.Fatal(err)
	}
	r := w.auth("POST assertion.check", "deviceAuthentications/"+da, obj{"assertion": assertion, "origin": "https://acme.com"}).want(200, "")
	if r.text("user.id") != user {
		t.Errorf("%s", r.Raw)
	}
	da, options = w.challenge(anyone())
	if _, err := key.Get(site, options); err == nil {
		t.Error("the key has a passkey of a relying party that it was not registered for")
	}
	w.assert(da, assertion).want(400, "CONSTRAINT_VIOLATION")
}

// Whoever comes from another site is told which would do, in setting up and in signing on.
func TestOriginRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys, func(o *embedded.Options) { o.Origins = []string{"https://login.acme.com"} })
	user, key := w.user("cat"), softkey.New(softkey.Options{})
	const other = "https://pingone.test:8443"
	told := func(r result) {
		t.Helper()
		text := r.want(400, "CONSTRAINT_VIOLATION").text("details.0.message")
		if !strings.Contains(text, site+", https://login.acme.com") {
			t.Error(text)
		}
	}
	made := w.register(user, nil)
	attestation, err := key.Create(other, made.text("publicKeyCredentialCreationOptions"))
	w.must(err)
	told(w.api("POST device.activate", "users/"+user+"/devices/"+made.text("id"), obj{"attestation": attestation, "origin": other}))
	w.passkey(user, key)
	da, options := w.challenge(of(user))
	assertion, err := key.Get(other, options)
	w.must(err)
	told(w.auth("POST assertion.check", "deviceAuthentications/"+da, obj{"assertion": assertion, "origin": other}))
}

// The deprecated types are passkeys that say how they are attached.
func TestDeprecatedPasskeyTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user := w.user("cat")
	for kind, attachment := range map[string]string{"SECURITY_KEY": "cross-platform", "PLATFORM": "platform"} {
		made := w.register(user, obj{"type": kind, "rp": obj{"id": "pingone.test", "name": "P"}})
		key := softkey.New(softkey.Options{Attachment: attachment, Transports: []string{"usb"}})
		if !strings.Contains(made.text("publicKeyCredentialCreationOptions"), `"authenticatorAttachment":"`+attachment+`"`) {
			t.Errorf("%s: %s", kind, made.Raw)
		}
		done := w.activate(user, made.text("id"), key, made.text("publicKeyCredentialCreationOptions")).want(200, "")
		if done.text("type") != kind || (kind == "PLATFORM") != (done.text("platform") == "BIOMETRICS") {
			t.Errorf("%s", done.Raw)
		}
		body := of(user)
		body["selectedDevice"] = obj{"id": made.text("id")}
		w.signOn(body, key).want(200, "")
	}
	if r := w.api("GET", "users/"+user+"/devices?expand=allowedTypes", nil); slices.Contains(r.at("_embedded.allowedtypes").([]any), any("PLATFORM")) {
		t.Errorf("deprecated types are offered: %v", r.at("_embedded.allowedtypes"))
	}
}

// What the browser can do narrows the devices: at the beginning, and at each choice.
func TestCompatibility(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user := w.user("cat")
	onboard := w.passkey(user, softkey.New(softkey.Options{}))
	roaming := w.passkey(user, softkey.New(softkey.Options{Attachment: "cross-platform", Transports: []string{"usb", "nfc"}}))
	mail := w.email(user, "cat@example.com")
	for compat, want := range map[string][]any{
		"":                  {onboard, roaming, mail},
		"FULL":              {onboard, roaming, mail},
		"SECURITY_KEY_ONLY": {roaming, mail},
		"NONE":              {mail},
	} {
		body := of(user)
		if compat != "" {
			body["compatibility"] = compat
		}
		r := w.auth("POST", "deviceAuthentications", body).want(201, "")
		var got []any
		for _, d := range r.at("_embedded.devices").([]any) {
			got = append(got, d.(obj)["id"])
		}
		if d := cmp.Diff(want, got); d != "" || r.text("selectedDevice.id") != want[0] {
			t.Errorf("%q: %s", compat, d)
		}
		if !slices.Contains(want, any(onboard)) {
			w.choose(r.text("id"), onboard).want(400, "INVALID_VALUE")
		}
	}
	da := w.begin2(user, mail)
	w.auth("POST device.select", "deviceAuthentications/"+da, obj{"device": obj{"id": onboard}, "compatibility": "NONE"}).want(400, "INVALID_VALUE")
	w.choose(da, onboard).want(200, "")
	w.api("DELETE", "users/"+user+"/devices/"+mail, nil).want(204, "")
	body := of(user)
	body["compatibility"] = "NONE"
	none := w.auth("POST", "deviceAuthentications", body).want(201, "")
	if none.text("status") != "FAILED" || none.text("error.code") != "NO_USABLE_DEVICES" {
		t.Errorf("%s", none.Raw)
	}
	nobody := w.auth("POST", "deviceAuthentications", obj{"rp": obj{"id": "pingone.test"}, "compatibility": "NONE"}).want(201, "")
	if nobody.text("status") != "FAILED" || nobody.text("error.code") != "NO_USABLE_DEVICES" {
		t.Errorf("%s", nobody.Raw)
	}
}

// begin2 begins an authentication with a device of choice.
func (w *world) begin2(user, device string) (da string) {
	w.t.Helper()
	body := of(user)
	body["selectedDevice"] = obj{"id": device}
	return w.auth("POST", "deviceAuthentications", body).want(201, "").text("id")
}

// Three assertions that are refused lock the passkey for two minutes; a user's other
// devices go on.
func TestPasskeyLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user, key := w.user("cat"), softkey.New(softkey.Options{})
	id, mail := w.passkey(user, key), w.email(user, "cat@example.com")
	da, options := w.challenge(of(user))
	for left := 2.0; left >= 0; left-- {
		r := w.assert(da, "{}").want(400, "CONSTRAINT_VIOLATION")
		if r.at("details.0.innerError.attemptsRemaining") != left {
			t.Errorf("%s", r.Raw)
		}
	}
	w.assert(da, w.sign(key, options)).want(400, "TOO_MANY_OTP_RETRIES")
	if r := w.auth("GET", "deviceAuthentications/"+da, nil); r.text("status") != "DEVICE_SELECTION_REQUIRED" || r.text("_embedded.devices.0.id") != mail {
		t.Errorf("%s", r.Raw)
	}
	w.signOn(anyone(), key).want(400, "TOO_MANY_OTP_RETRIES")
	if r := w.api("GET", "users/"+user+"/devices/"+id, nil); r.text("lock.status") != "LOCKED" {
		t.Errorf("%s", r.Raw)
	}
	w.clock.Move(2 * time.Minute)
	w.signOn(of(user), key).want(200, "")
}
