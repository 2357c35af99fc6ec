package embedded_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
)

// step demands a refusal at a step of WebAuthn.
func (r result) step(want string) {
	r.t.Helper()
	r.want(400, "CONSTRAINT_VIOLATION")
	if got := r.text("details.0.innerError.step"); got != want {
		r.t.Errorf("refused at step %s, want %s\n%s", got, want, r.Raw)
	}
}

// no request but the attestation of this device's challenge, by its own user,
// makes a passkey ACTIVE.
func TestA40PasskeyNeedsItsAttestation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	ann, bob := w.user("ann"), w.user("bob")
	hers, his := w.register(ann, obj{"status": "ACTIVE"}), w.register(bob, nil)
	path := "users/" + ann + "/devices/" + hers.text("id")
	key := softkey.New(softkey.Options{})
	attestation, err := key.Create(site, his.text("publicKeyCredentialCreationOptions"))
	if err != nil {
		t.Fatal(err)
	}
	w.api("POST device.activate", path, obj{"attestation": attestation, "origin": site}).step("7.1.5")
	w.api("POST device.activate", "users/"+bob+"/devices/"+hers.text("id"), obj{"attestation": attestation, "origin": site}).want(404, "NOT_FOUND")
	w.api("POST device.unlock", path, nil).want(200, "")
	w.api("POST device.unblock", path, nil).want(200, "")
	w.api("PUT", path+"/nickname", obj{"nickname": "mine", "status": "ACTIVE"}).want(200, "")
	if got := w.api("GET", path, nil).text("status"); got != "ACTIVATION_REQUIRED" {
		t.Errorf("status %s", got)
	}
	w.clock.Move(30 * time.Minute)
	w.activate(ann, hers.text("id"), softkey.New(softkey.Options{}), hers.text("publicKeyCredentialCreationOptions")).step("7.1.5")
	audited := w.api("GET", "activities?filter="+escape(`action.type eq "DEVICE.ACTIVATION_FAILED" and recordedat gt "2020-01-01T00:00:00Z"`), nil).want(200, "")
	if !strings.Contains(string(audited.Raw), "webauthn 7.1.5") {
		t.Errorf("%s", audited.Raw)
	}
}

// a passkey that was deleted is refused at once, also in an authentication that had
// begun.
func TestA41DeletedPasskey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user, key := w.user("cat"), softkey.New(softkey.Options{})
	old := w.passkey(user, key)
	fresh := softkey.New(softkey.Options{})
	w.passkey(user, fresh)
	known, options := w.challenge(of(user))
	unknown, anyOptions := w.challenge(anyone())
	w.api("DELETE", "users/"+user+"/devices/"+old, nil).want(204, "")
	w.assert(known, w.sign(key, options)).step("7.2.3")
	w.assert(unknown, w.sign(key, anyOptions)).step("7.2.3")
	w.assert(known, w.sign(fresh, withoutAllow(t, options))).step("7.2.2") // nor does another one take its place
	w.signOn(of(user), fresh).want(200, "")
}

// the challenge is the one that the store holds for this authentication: not
// another one's, an older one, one that was used, has expired, or was for a registration.
func TestA42Challenge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user, key := w.user("cat"), softkey.New(softkey.Options{Lax: true, Counter: softkey.Zero})
	id := w.passkey(user, key)
	first, firstOptions := w.challenge(of(user))
	second, secondOptions := w.challenge(of(user))
	w.assert(first, w.sign(key, secondOptions)).step("7.2.6")
	fresh := w.choose(first, id).want(200, "").text("publicKeyCredentialRequestOptions")
	w.assert(first, w.sign(key, firstOptions)).step("7.2.6")
	w.assert(first, w.sign(key, fresh)).want(200, "")
	w.assert(first, w.sign(key, fresh)).want(400, "INVALID_REQUEST")
	w.api("POST device.unlock", "users/"+user+"/devices/"+id, nil).want(200, "")
	w.assert(second, w.sign(key, fresh)).step("7.2.6")
	registration := w.register(user, nil).text("publicKeyCredentialCreationOptions")
	w.assert(second, w.sign(key, strings.Replace(registration, `"rp":`, `"rpId":"pingone.test","rp":`, 1))).step("7.2.6")
	w.clock.Move(10 * time.Minute)
	third, thirdOptions := w.challenge(of(user))
	w.clock.Move(10 * time.Minute)
	w.api("POST device.unlock", "users/"+user+"/devices/"+id, nil).want(200, "")
	w.assert(third, w.sign(key, thirdOptions)).step("7.2.6")
	w.clock.Move(-time.Hour)
	w.assert(third, w.sign(key, thirdOptions)).step("7.2.6")
}

// a name is enough to answer a passkey's challenge with rubbish. That makes the
// passkey cool down, and never blocks it or locks the account; a late answer counts not at
// all.
func TestA13RubbishForAPasskey(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		w.api("PUT", "mfaSettings", obj{"pairing": obj{"maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC"}, "lockout": obj{"failureCount": 4, "durationSeconds": 3600}}).want(200, "")
		user, key := w.user("cat"), softkey.New(softkey.Options{})
		w.passkey(user, key)
		for range 4 {
			da, _ := w.challenge(of(user))
			for range 3 {
				w.assert(da, "{}").want(400, "CONSTRAINT_VIOLATION")
			}
			w.assert(da, "{}").want(400, "TOO_MANY_OTP_RETRIES")
			w.clock.Move(2 * time.Minute)
		}
		w.signOn(of(user), key).want(200, "")
		da, options := w.challenge(of(user))
		w.clock.Move(10 * time.Minute)
		for range 4 {
			w.assert(da, w.sign(key, options)).step("7.2.6")
		}
		w.signOn(anyone(), key).want(200, "")
	}, withPasskeys, limits(func(l *embedded.Limits) { l.FailuresInRow = 5 }))
}

// an origin is scheme, host and port, exactly, and the one that the client signed.
func TestA44Origin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user, key := w.user("cat"), softkey.New(softkey.Options{Lax: true})
	w.passkey(user, key)
	da, options := w.challenge(of(user))
	for _, origin := range []string{
		"https://pingone.test:8443", "https://login.pingone.test", "https://evil-pingone.test", "https://pingone.test.", "https://pingone.test/",
		"https://pingone.test@evil.example", "https://PINGONE.test", "https://pıngone.test", "https://xn--pngone-q4a.test", "ftp://pingone.test",
		"pingone.test", "null", "", "https://pingone.test.evil.example", "http://pingone.test:80",
	} {
		w.api("POST device.unlock", "users/"+user+"/devices/"+w.device(user), nil).want(200, "")
		assertion, err := key.Get(origin, options)
		if err != nil {
			continue // not even a browser without scruples has such an origin
		}
		w.auth("POST assertion.check", "deviceAuthentications/"+da, obj{"assertion": assertion, "origin": origin}).step("7.2.7")
		w.api("POST device.unlock", "users/"+user+"/devices/"+w.device(user), nil).want(200, "")
		w.auth("POST assertion.check", "deviceAuthentications/"+da, obj{"assertion": assertion, "origin": site}).step("7.2.7")
	}
	w.api("POST device.unlock", "users/"+user+"/devices/"+w.device(user), nil).want(200, "")
	w.auth("POST assertion.check", "deviceAuthentications/"+da, obj{"assertion": w.sign(key, options), "origin": "http://pingone.test"}).step("7.2.7")
	w.assert(da, w.sign(key, options)).want(200, "")
}

// device is a user's first device.
func (w *world) device(user string) string {
	w.t.Helper()
	return w.api("GET", "users/"+user+"/devices", nil).text("_embedded.devices.0.id")
}

// where the policy, or the lack of any other proof, demands that the user was
// verified, an assertion without is refused, whatever the options said that reached the
// authenticator.
func TestA45UserVerification(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user, key := w.user("cat"), softkey.New(softkey.Options{Lax: true})
	w.passkey(user, key)
	key.Configure(func(o *softkey.Options) { o.Unverified = true })
	w.signOn(of(user), key).want(200, "") // preferred: beside a password
	da, options := w.challenge(anyone())
	w.assert(da, w.sign(key, strings.Replace(options, `"required"`, `"discouraged"`, 1))).step("7.2.12")
	key.Configure(func(o *softkey.Options) { o.Absent = true })
	w.signOn(of(user), key).step("7.2.11")
}

// a stricter FIDO2 policy holds for the passkeys that were registered under another.
func TestA45StricterPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user, key := w.user("cat"), softkey.New(softkey.Options{Lax: true})
	w.passkey(user, key)
	key.Configure(func(o *softkey.Options) { o.Unverified = true })
	w.signOn(of(user), key).want(200, "")
	strict := w.api("POST", "fido2Policies", fido2Body(func(p obj) {
		p["relyingPartyId"], p["backupEligibility"] = "pingone.test", obj{"allow": true, "enforceDuringAuthentication": false}
	})).want(201, "").text("id")
	p := w.api("GET", "deviceAuthenticationPolicies", nil).at("_embedded.deviceAuthenticationPolicies.0").(obj)
	p["fido2"].(obj)["fido2PolicyId"] = strict
	w.api("PUT", "deviceAuthenticationPolicies/"+p["id"].(string), p).want(200, "")
	da, options := w.challenge(of(user))
	if !strings.Contains(options, `"userVerification":"required"`) {
		t.Errorf("%s", options)
	}
	w.assert(da, w.sign(key, options)).step("7.2.12")
	key.Configure(func(o *softkey.Options) { o.Unverified = false })
	w.assert(da, w.sign(key, options)).want(200, "")
}

// the passkey of another user, or one that names another user or none, proves
// nothing.
func TestA46AnotherUsersPasskey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	ann, bob := w.user("ann"), w.user("bob")
	hers, his := softkey.New(softkey.Options{Lax: true}), softkey.New(softkey.Options{Lax: true})
	w.passkey(ann, hers)
	w.passkey(bob, his)
	da, options := w.challenge(of(ann))
	w.assert(da, w.sign(his, withoutAllow(t, options))).step("7.2.3")
	anon, anyOptions := w.challenge(anyone())
	assertion := w.sign(hers, anyOptions)
	w.assert(anon, edit(t, assertion, func(r obj) { r["userHandle"] = "" })).step("7.2.3")
	w.assert(anon, edit(t, assertion, func(r obj) { delete(r, "userHandle") })).step("7.2.3")
	w.assert(anon, edit(t, assertion, func(r obj) { r["userHandle"] = encode64(bob) })).step("7.2.3")
	w.assert(anon, assertion).want(200, "")
	if got := w.auth("GET", "deviceAuthentications/"+anon, nil).text("user.id"); got != ann {
		t.Errorf("user %s", got)
	}
}

// where passkeys are aggregated any that the user may use now will do, of this
// relying party and no other; elsewhere only the one that was asked for.
func TestA46AggregatedPasskeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user, keys := w.user("cat"), []*softkey.Key{softkey.New(softkey.Options{}), softkey.New(softkey.Options{}), softkey.New(softkey.Options{Lax: true})}
	first, second := w.passkey(user, keys[0]), w.passkey(user, keys[1])
	made := w.register(user, obj{"rp": obj{"id": "acme.com"}})
	attestation, err := keys[2].Create("https://acme.com", made.text("publicKeyCredentialCreationOptions"))
	if err != nil {
		t.Fatal(err)
	}
	w.api("POST device.activate", "users/"+user+"/devices/"+made.text("id"), obj{"attestation": attestation, "origin": "https://acme.com"}).want(200, "")

	da, options := w.challenge(of(user))
	w.assert(da, w.sign(keys[1], withoutAllow(t, options))).step("7.2.2")
	p := w.api("GET", "fido2Policies", nil).at("_embedded.fido2Policies.0").(obj)
	p["aggregateDevices"] = true
	w.api("PUT", "fido2Policies/"+p["id"].(string), p).want(200, "")
	da, options = w.challenge(of(user))
	if strings.Count(options, `"public-key"`) != 2 {
		t.Errorf("%s", options)
	}
	elsewhere, err := keys[2].Get("https://acme.com", rewrite(t, withoutAllow(t, options), func(o obj) { o["rpId"] = "acme.com" }))
	if err != nil {
		t.Fatal(err)
	}
	w.auth("POST assertion.check", "deviceAuthentications/"+da, obj{"assertion": elsewhere, "origin": "https://acme.com"}).step("7.2.3")
	w.api("POST device.block", "users/"+user+"/devices/"+second, nil).want(200, "")
	w.assert(da, w.sign(keys[1], options)).want(400, "TOO_MANY_OTP_RETRIES")
	if _, options := w.challenge(of(user)); strings.Count(options, `"public-key"`) != 1 {
		t.Errorf("a blocked passkey is asked for: %s", options)
	}
	w.api("POST device.unblock", "users/"+user+"/devices/"+second, nil).want(200, "")
	w.api("POST device.block", "users/"+user+"/devices/"+first, nil).want(200, "")
	if got := w.assert(da, w.sign(keys[1], options)).want(200, "").text("selectedDevice.id"); got != second {
		t.Errorf("device %s", got)
	}
}

// withoutAllow takes the allow list out of options, as a client may.
func withoutAllow(t *testing.T, options string) string {
	t.Helper()
	return rewrite(t, options, func(o obj) { o["allowCredentials"] = []any{} })
}

// edit changes the response member of an assertion.
func edit(t *testing.T, assertion string, change func(response obj)) string {
	t.Helper()
	return rewrite(t, assertion, func(o obj) { change(o["response"].(obj)) })
}

func rewrite(t *testing.T, doc string, change func(obj)) string {
	t.Helper()
	var o obj
	if err := json.Unmarshal([]byte(doc), &o); err != nil {
		t.Fatal(err)
	}
	change(o)
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func encode64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
