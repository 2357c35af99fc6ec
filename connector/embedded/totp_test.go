package embedded_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store/bolt"
)

// app is somebody's authenticator app, written from RFC 6238 and not from the service.
type app struct {
	w      *world
	secret []byte
}

// at is the code that the app shows steps away from now.
func (a app) at(steps int64) string {
	m := hmac.New(sha1.New, a.secret)
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(a.w.clock.Now().Unix()/30+steps)))
	sum := m.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// wrong is a code that the app shows at no step nearby.
func (a app) wrong() string {
	near := map[string]bool{}
	for i := int64(-12); i <= 12; i++ {
		near[a.at(i)] = true
	}
	for i := range len(near) + 1 {
		if code := fmt.Sprintf("%06d", i); !near[code] {
			return code
		}
	}
	return ""
}

// scan reads the secret that a device shows.
func (w *world) scan(r result) app {
	w.t.Helper()
	secret, err := base32.StdEncoding.DecodeString(r.text("secret"))
	if err != nil || len(secret) != 20 {
		w.t.Fatalf("secret %q: %v\n%s", r.text("secret"), err, r.Raw)
	}
	return app{w, secret}
}

// totp pairs an app and moves on to a step that pairing did not use.
func (w *world) totp(user string) (device string, a app) {
	w.t.Helper()
	r := w.api("POST", "users/"+user+"/devices", obj{"type": "TOTP"}).want(201, "")
	a = w.scan(r)
	w.api("POST device.activate", "users/"+user+"/devices/"+r.text("id"), obj{"otp": a.at(0)}).want(200, "")
	w.clock.Move(time.Minute)
	return r.text("id"), a
}

// withApps is PingOne's numbers for apps with one step either side.
func withApps(o *embedded.Options) { o.Policy = []byte(allMethods) }

// An app is paired with the secret that is shown for half an hour, never in a list, and
// never again once a code of it was seen.
func TestTOTPPairing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withApps)
	user, _ := w.ben()
	made := w.api("POST", "users/"+user+"/devices", obj{"type": "TOTP", "status": "ACTIVE", "nickname": "phone"}).want(201, "")
	path := "users/" + user + "/devices/" + made.text("id")
	if made.text("status") != "ACTIVATION_REQUIRED" || made.at("_links").(obj)["device.activate"] == nil {
		t.Errorf("%s", made.Raw)
	}
	uri, err := url.Parse(made.text("keyUri"))
	if err != nil || uri.Scheme != "otpauth" || uri.Host != "totp" || uri.Path != "/mfaflow:ben" || uri.Query().Get("secret") != made.text("secret") || uri.Query().Get("issuer") != "mfaflow" {
		t.Errorf("keyUri %s: %v", made.text("keyUri"), err)
	}
	hidden := func(r result, what string) {
		t.Helper()
		if strings.Contains(string(r.Raw), "secret") || strings.Contains(string(r.Raw), "keyUri") {
			t.Errorf("%s shows the secret: %s", what, r.Raw)
		}
	}
	w.clock.Move(30*time.Minute - time.Second)
	if again := w.api("GET", path, nil).want(200, ""); again.text("secret") != made.text("secret") || again.text("keyUri") != made.text("keyUri") {
		t.Errorf("%s", again.Raw)
	}
	hidden(w.api("GET", "users/"+user+"/devices", nil), "the list")
	hidden(w.api("POST device.unlock", path, nil).want(200, ""), "an operation")
	w.api("POST device.sendActivationCode", path, nil).want(400, "CONSTRAINT_VIOLATION")
	a := w.scan(made)
	w.api("POST device.activate", path, obj{"otp": a.wrong()}).want(400, "INVALID_OTP")
	w.api("POST device.activate", path, obj{"otp": a.at(-2)}).want(400, "INVALID_OTP")
	hidden(w.api("POST device.activate", path, obj{"otp": a.at(-1)}).want(200, ""), "activation")
	hidden(w.api("GET", path, nil), "an active device")

	late := w.api("POST", "users/"+user+"/devices", obj{"type": "TOTP"}).want(201, "")
	path, a = "users/"+user+"/devices/"+late.text("id"), w.scan(late)
	w.clock.Move(30 * time.Minute)
	hidden(w.api("GET", path, nil), "a device after half an hour")
	w.api("POST device.activate", path, obj{"otp": a.at(0)}).want(400, "OTP_SESSION_EXPIRED")
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/device/"+user+"/"+late.text("id"))) {
		if err != nil || strings.Contains(string(rec.Value), late.text("secret")) || strings.Contains(string(rec.Value), `"s":`) {
			t.Errorf("an expired secret is kept: %s, %v", rec.Value, err)
		}
	}
	w.clock.Move(-time.Hour)
	w.api("POST device.activate", path, obj{"otp": a.at(0)}).want(400, "OTP_SESSION_EXPIRED")
}

// The policy's issuer and parameters stand in the key URI.
func TestTOTPIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	p := w.api("POST", "deviceAuthenticationPolicies", policyBody(func(p obj) {
		p["totp"] = obj{"enabled": true, "uriParameters": obj{"issuer": "Acme Corp", "image": "https://a.example/i.png"}}
	})).want(201, "").text("id")
	r := w.api("POST", "users/"+user+"/devices", obj{"type": "TOTP", "policy": obj{"id": p}}).want(201, "")
	if uri := r.text("keyUri"); !strings.HasPrefix(uri, "otpauth://totp/Acme%20Corp:ben?") || !strings.Contains(uri, "issuer=Acme%20Corp") || !strings.Contains(uri, "image=https%3A%2F%2Fa.example%2Fi.png") {
		t.Error(uri)
	}
}

// Signing on with an app sends nothing; any number of them may be paired.
func TestTOTPSignOn(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		first, a := w.totp(user)
		second, b := w.totp(user)
		da := w.begin(user)
		offered := []any{obj{"id": first, "type": "TOTP", "status": "ACTIVE"}, obj{"id": second, "type": "TOTP", "status": "ACTIVE"}}
		if d := cmp.Diff(any(offered), da.at("_embedded.devices")); d != "" {
			t.Error(d)
		}
		for range 5 {
			w.choose(da.text("id"), second).want(200, "")
		}
		if n, err := w.outbox.Drain(t.Context()); n != 0 || err != nil {
			t.Errorf("%d messages, %v", n, err)
		}
		if code := a.at(0); code != b.at(-1) && code != b.at(0) && code != b.at(1) {
			w.check(da.text("id"), code).want(400, "INVALID_OTP")
		}
		done := w.check(da.text("id"), b.at(0)).want(200, "")
		if d := cmp.Diff(any([]any{"mfa", "otp"}), done.at("authenticators")); d != "" || done.text("status") != "COMPLETED" {
			t.Error(d)
		}
	}, withApps)
}

// a step that was accepted, or an earlier one, is never accepted again, and
// pairing's code signs nobody on.
func TestA03TOTPReplay(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		r := w.api("POST", "users/"+user+"/devices", obj{"type": "TOTP"}).want(201, "")
		a, path := w.scan(r), "users/"+user+"/devices/"+r.text("id")
		refused := func(what string, steps ...int64) {
			t.Helper()
			for _, s := range steps {
				if a.at(s) == a.at(0) && s != 0 {
					continue // equal once in a million
				}
				w.api("POST device.unlock", path, nil).want(200, "")
				if got := w.check(w.begin(user).text("id"), a.at(s)); got.Status != 400 || got.text("details.0.code") != "INVALID_OTP" {
					t.Errorf("%s, step %d: %s", what, s, got.Raw)
				}
			}
			w.api("POST device.unlock", path, nil).want(200, "")
		}
		w.api("POST device.activate", path, obj{"otp": a.at(0)}).want(200, "")
		refused("after pairing", 0, -1)
		w.clock.Move(30 * time.Second)
		refused("a step after pairing", -1)
		w.check(w.begin(user).text("id"), a.at(1)).want(200, "")
		refused("after the next step's code", 1, 0, -1)
		w.clock.Move(60 * time.Second)
		w.check(w.begin(user).text("id"), a.at(0)).want(200, "")
		w.clock.Move(-time.Hour)
		refused("after the clock went back", 0, 1, -1)
	}, withApps)
}

// the last step is part of the commit: a store that is opened again knows it.
func TestA04ReplayAfterRestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "data.db")
	open := func(test func(w *world)) {
		s, err := bolt.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		w := worldOn(t, s, withApps)
		test(w)
		if err := w.db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var user, da, code string
	var a app
	open(func(w *world) {
		user = w.user("ben")
		_, a = w.totp(user)
		da, code = w.begin(user).text("id"), a.at(0)
		w.check(da, code).want(200, "")
	})
	open(func(w *world) {
		w.clock.Move(time.Minute)
		w.check(da, code).want(400, "INVALID_REQUEST")
		w.check(w.begin(user).text("id"), code).want(400, "INVALID_OTP")
		a.w = w
		w.check(w.begin(user).text("id"), a.at(1)).want(200, "")
	})
}

// for apps: parallel guesses do not overrun the limit, and the right code sent
// many times at once is accepted once, over one authentication or over many.
func TestA01A02TOTPInParallel(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		device, a := w.totp(user)
		ids := make([]string, 40)
		for i := range ids {
			ids[i] = w.begin(user).text("id")
		}
		right := a.at(0)
		got := w.volley(80, func(i int) pingone.Request { return otpCheck(ids[i%len(ids)], right) })
		if got[""] != 1 {
			t.Fatalf("answers %v, want one success", got)
		}
		w.api("POST device.unlock", "users/"+user+"/devices/"+device, nil).want(200, "")
		w.clock.Move(time.Minute)
		da, before := w.begin(user).text("id"), w.compared.Load()
		bad := a.wrong()
		got = w.volley(200, func(int) pingone.Request { return otpCheck(da, bad) })
		if n := w.compared.Load() - before; n != 3 || got["INVALID_OTP"] != 2 {
			t.Errorf("%d guesses were compared, want 3 (%v)", n, got)
		}
		w.check(w.failedOver(user, device), a.at(0)).want(400, "INVALID_REQUEST")
		if n := w.compared.Load() - before; n != 3 {
			t.Errorf("the right code was compared after the limit")
		}
		w.clock.Move(2 * time.Minute)
		w.check(w.begin(user).text("id"), a.at(0)).want(200, "")
	}, withApps)
}

// failedOver is an authentication of a user whose only device is locked.
func (w *world) failedOver(user, device string) string {
	w.t.Helper()
	r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, "")
	if r.text("error.code") != "NO_USABLE_DEVICES" || r.text("error.unavailableDevices.0.id") != device {
		w.t.Fatalf("%s", r.Raw)
	}
	return r.text("id")
}

// codes beyond the window are wrong and counted, however far ahead.
func TestA20Window(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // five steps either side
	user := w.user("ben")
	device, a := w.totp(user)
	w.clock.Move(10 * time.Minute)
	for _, far := range []int64{-6, 6, 50, 1000} {
		w.api("POST device.unlock", "users/"+user+"/devices/"+device, nil).want(200, "")
		r := w.check(w.begin(user).text("id"), a.at(far)).want(400, "INVALID_OTP")
		if r.at("details.0.innerError.attemptsRemaining") != 2.0 {
			t.Errorf("%d steps off: %s", far, r.Raw)
		}
	}
	for _, near := range []int64{-5, 0, 5} {
		w.check(w.begin(user).text("id"), a.at(near)).want(200, "")
	}
}

// A-07 for apps: any other writing of the right code is wrong, counted, and leaves the
// right one good.
func TestA07TOTPSpellings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withApps)
	user := w.user("ben")
	device, a := w.totp(user)
	for _, spell := range []func(string) string{
		func(c string) string { return " " + c }, func(c string) string { return c + "\n" }, func(c string) string { return c[:3] + " " + c[3:] },
		func(c string) string { return "0" + c }, func(c string) string { return shift(c, '０') }, func(c string) string { return c[:5] },
	} {
		before := w.compared.Load()
		r := w.check(w.begin(user).text("id"), spell(a.at(0))).want(400, "INVALID_OTP")
		if r.at("details.0.innerError.attemptsRemaining") != 2.0 || w.compared.Load() != before {
			t.Errorf("%s", r.Raw)
		}
		w.api("POST device.unlock", "users/"+user+"/devices/"+device, nil).want(200, "")
	}
	w.check(w.begin(user).text("id"), a.at(0)).want(200, "")
}
