package embedded_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/phone"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store/memory"
)

// phone is a phone with the app that every environment has.
func (w *world) phone(settings ...func(*phone.Options)) *phone.Phone {
	w.t.Helper()
	o := phone.Options{Base: base, Environment: envID, Application: embedded.NativeApplication(envID), Handler: w.svc, Now: w.clock.Now}
	for _, set := range settings {
		set(&o)
	}
	p, err := phone.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// key makes a pairing key.
func (w *world) key(user string, body any) result {
	w.t.Helper()
	r := w.api("POST", "users/"+user+"/pairingKeys", body)
	return r.want(201, r.text("code"))
}

// keyNow reads a pairing key.
func (w *world) keyNow(user string, key result) result {
	w.t.Helper()
	r := w.api("GET", "users/"+user+"/pairingKeys/"+key.text("id"), nil)
	return r.want(200, r.text("code"))
}

// claim pairs a phone.
func (w *world) claim(user string, p *phone.Phone) {
	w.t.Helper()
	if err := p.Pair(w.t.Context(), w.key(user, nil).text("code")); err != nil {
		w.t.Fatal(err)
	}
}

// refused fails unless err is a refusal with a first code.
func (w *world) refused(err error, status int, code string) {
	w.t.Helper()
	var e *pingone.Error
	if !errors.As(err, &e) || e.Status != status || e.FirstCode() != code {
		w.t.Fatalf("%v, want %d %s", err, status, code)
	}
}

// properties are what a phone may tell about itself.
func properties() obj {
	return obj{
		"apiVersion": "1", "application": obj{"nativeName": "Bank", "version": "3.1", "pushSandbox": true, "id": user0, "name": "forged"},
		"locale": "en-GB", "lockEnabled": true, "manufacturer": "Acme", "model": obj{"name": "A-1", "marketingName": "Acme One"},
		"name": "Ben's phone", "notificationProvider": "FCM_HTTP_V1", "os": obj{"type": "Android", "version": "16"},
		"pushToken": "push-token-0123456789", "sdkVersion": "2.0", "logs": obj{"status": "RECEIVED"},
		"deviceIntegrityState": obj{"compromised": "FALSE", "reason": "CTS", "timestamp": "2001-01-01T00:00:00Z"},
	}
}

// A claimed key makes an ACTIVE device that shows what the phone has told, but never the
// whole push token or the secret; the app's codes sign on.
func TestPairPhone(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		for name, kind := range map[string]phone.KeyKind{"ben": phone.P256, "ann": phone.Ed25519} {
			user := w.user(name)
			p := w.phone(func(o *phone.Options) { o.Key, o.Properties = kind, properties() })
			key := w.key(user, nil)
			if err := p.Pair(t.Context(), key.text("uri")); err != nil {
				t.Fatal(err)
			}
			self := base + "/v1/environments/" + envID
			d := w.api("GET", "users/"+user+"/devices/"+p.Device(), nil).want(200, "")
			want := obj{
				"_links": obj{"self": obj{"href": self + "/users/" + user + "/devices/" + p.Device()}, "environment": obj{"href": self},
					"user": obj{"href": self + "/users/" + user}},
				"id": p.Device(), "environment": obj{"id": envID}, "user": obj{"id": user}, "type": "MOBILE", "status": "ACTIVE",
				"lock": obj{"status": "UNLOCKED"}, "block": obj{"status": "UNBLOCKED"},
				"createdAt": d.text("createdAt"), "updatedAt": d.text("updatedAt"), "apiVersion": "1",
				"application": obj{"id": embedded.NativeApplication(envID), "name": "mfaflow", "nativeName": "Bank", "version": "3.1", "pushSandbox": true},
				"locale":      "en-GB", "lockEnabled": true, "manufacturer": "Acme", "model": obj{"name": "A-1", "marketingName": "Acme One"},
				"name": "Ben's phone", "notificationProvider": "FCM_HTTP_V1", "os": obj{"type": "Android", "version": "16"},
				"otpEnabled": true, "pushEnabled": true, "pushToken": "****6789", "rooted": false, "sdkVersion": "2.0",
				"deviceIntegrityState": obj{"compromised": "FALSE", "reason": "CTS", "timestamp": "2026-11-22T09:00:00.123Z"},
			}
			if d := cmp.Diff(want, d.Body); d != "" {
				t.Error(d)
			}
			if now := w.keyNow(user, key); now.text("status") != "CLAIMED" || now.text("code") != "" || now.text("uri") != "" {
				t.Errorf("%s", now.Raw)
			}
			if got := w.events(user); !slices.Contains(got, "DEVICE.CREATED SUCCESS ") {
				t.Error(got)
			}
			da := w.begin(user).text("id")
			done := w.check(da, p.Code()).want(200, "")
			if d := cmp.Diff(any([]any{"mfa", "otp"}), done.at("authenticators")); d != "" {
				t.Error(d)
			}
			w.check(w.begin(user).text("id"), p.Code()).want(400, "INVALID_OTP")
		}
	})
}

// The app decides how its passcodes are timed: as it was when the phone was paired.
func TestAppPasscodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withP0)
	user := w.user("ben")
	slow := w.api("POST", "applications", native("Slow", obj{"passcodeRefreshDuration": duration(60, "SECONDS"), "passcodeGracePeriod": 2})).want(201, "").text("id")
	p := w.phone(func(o *phone.Options) { o.Application = slow })
	w.claim(user, p)
	code := p.Code()
	w.clock.Move(2 * time.Minute)
	w.check(w.begin(user).text("id"), code).want(200, "")
	code = p.Code()
	w.clock.Move(3 * time.Minute)
	w.check(w.begin(user).text("id"), code).want(400, "INVALID_OTP")

	// Without codes, by the phone or by the policy, there is nothing to ask for.
	none := func() {
		t.Helper()
		if r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, ""); r.text("error.code") != "NO_USABLE_DEVICES" {
			t.Errorf("%s", r.Raw)
		}
	}
	if err := p.Update(t.Context(), obj{"otpEnabled": false}); err != nil {
		t.Fatal(err)
	}
	none()
	if err := p.Update(t.Context(), obj{"otpEnabled": true}); err != nil {
		t.Fatal(err)
	}
	w.begin(user)
	w.api("POST", "deviceAuthenticationPolicies", policyBody(func(p obj) {
		p["name"] = "No codes"
		p["mobile"] = obj{"enabled": true, "applications": []any{obj{"id": slow, "otp": obj{"enabled": false}}}}
	})).want(201, "")
	none()
}

// A phone whose app is disabled or deleted signs nobody on, and its type is offered while
// one app may be paired.
func TestAppGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withP0)
	user := w.user("ben")
	app := w.api("POST", "applications", native("Bank", nil)).want(201, "").text("id")
	p := w.phone(func(o *phone.Options) { o.Application = app })
	w.claim(user, p)
	da := w.begin(user).text("id")
	w.api("PUT", "applications/"+app, obj{"name": "Bank", "type": "NATIVE_APP"}).want(200, "")
	none := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, "")
	if none.text("error.code") != "NO_USABLE_DEVICES" {
		t.Errorf("%s", none.Raw)
	}
	w.check(da, p.Code()).want(400, "OTP_SESSION_EXPIRED")
	w.api("PUT", "applications/"+app, native("Bank", nil)).want(200, "")
	w.begin(user)
	w.api("DELETE", "applications/"+app, nil).want(204, "")
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"id": p.Device()}}).want(400, "INVALID_VALUE")

	first := embedded.NativeApplication(envID)
	for _, c := range []struct {
		mobile obj
		want   bool
	}{
		{obj{"enabled": true}, true}, {obj{"enabled": false}, false}, {obj{"enabled": true, "pairingDisabled": true}, false},
		{obj{"enabled": true, "applications": []any{obj{"id": first, "pairingDisabled": true}}}, false},
		{obj{"enabled": true, "applications": []any{obj{"id": first}}}, true},
	} {
		id := w.api("GET", "deviceAuthenticationPolicies", nil).text("_embedded.deviceAuthenticationPolicies.0.id")
		w.api("PUT", "deviceAuthenticationPolicies/"+id, policyBody(func(p obj) { p["mobile"] = c.mobile })).want(200, "")
		types := w.api("GET", "users/"+user+"/devices?expand=allowedTypes", nil).at("_embedded.allowedtypes").([]any)
		if slices.Contains(types, any("MOBILE")) != c.want {
			t.Errorf("%v: %v", c.mobile, types)
		}
	}
}

// A-01 for apps: wrong codes lock the device as the policy says.
func TestAppPasscodesLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	p := w.phone()
	w.claim(user, p)
	da := w.begin(user).text("id")
	for range 2 {
		w.check(da, wrong(p.Code())).want(400, "INVALID_OTP")
	}
	w.check(da, wrong(p.Code())).want(400, "TOO_MANY_OTP_RETRIES")
	v, err := p.Read(t.Context())
	if err != nil || v.Device.Lock.Status != "LOCKED" {
		t.Errorf("%+v, %v", v, err)
	}
	w.clock.Move(2 * time.Minute)
	w.check(w.begin(user).text("id"), p.Code()).want(200, "")
}

// MOBILE devices come from phones alone.
func TestMobileByPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	r := w.api("POST", "users/"+user+"/devices", obj{"type": "MOBILE"}).want(400, "INVALID_VALUE")
	if r.text("details.0.target") != "type" {
		t.Errorf("%s", r.Raw)
	}
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"oneTime": obj{"type": "MOBILE"}}}).want(400, "INVALID_VALUE")
}

// A phone whose state is bad is not paired, nor one that hides it from a strict policy.
func TestPairingIntegrity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withP0)
	user := w.user("ben")
	app := w.api("POST", "applications", native("Strict", obj{"integrityDetection": obj{"mode": "ENABLED", "excludedPlatforms": []any{"IOS"}}})).want(201, "").text("id")
	policy := w.api("POST", "deviceAuthenticationPolicies", policyBody(func(p obj) {
		p["name"], p["default"] = "Strict", false
		p["mobile"] = obj{"enabled": true, "applications": []any{obj{"id": app, "integrityDetection": "restrictive"}}}
	})).want(201, "").text("id")
	for i, c := range []struct {
		policy string
		state  any
		os     string
		ok     bool
	}{
		{"", nil, "Android", true}, {"", obj{"compromised": "TRUE"}, "Android", false}, {"", obj{"compromised": "TRUE"}, "iOS", true},
		{policy, nil, "Android", false}, {policy, nil, "iOS", true}, {policy, obj{"compromised": "FALSE"}, "Android", true},
	} {
		body := obj{"applications": refs(app)}
		if c.policy != "" {
			body["policy"] = obj{"id": c.policy}
		}
		key := w.key(user, body)
		p := w.phone(func(o *phone.Options) {
			o.Application, o.Properties = app, obj{"deviceIntegrityState": c.state, "os": obj{"type": c.os}}
		})
		err := p.Pair(t.Context(), key.text("code"))
		if c.ok {
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
			continue
		}
		w.refused(err, 400, "CONSTRAINT_VIOLATION")
		if now := w.keyNow(user, key); now.text("status") != "FAILED" || now.text("error.code") != "CONSTRAINT_VIOLATION" {
			t.Errorf("%d: %s", i, now.Raw)
		}
	}
	if got := w.events(user); !slices.Contains(got, "DEVICE.PAIRING_FAILED_COMPROMISED FAILED ") {
		t.Error(got)
	}
}

// a key that is used, expired, deleted, or whose user is gone or disabled pairs
// nothing, with one text for all; and nobody reads the key of another.
func TestA39Pairing(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		ben, ann := w.user("ben"), w.user("ann")
		foreign := w.key(ann, nil)
		w.api("GET", "users/"+ben+"/pairingKeys/"+foreign.text("id"), nil).want(404, "NOT_FOUND")
		w.api("DELETE", "users/"+ben+"/pairingKeys/"+foreign.text("id"), nil).want(404, "NOT_FOUND")

		used, expired, off, gone := w.key(ben, nil), w.key(ben, nil), w.key(ann, nil), w.key(w.user("eve"), nil)
		p := w.phone()
		if err := p.Pair(t.Context(), used.text("code")); err != nil || p.User() != ben {
			t.Fatal(err)
		}
		w.api("PUT", "users/"+ann+"/enabled", obj{"enabled": false}).want(200, "")
		w.api("DELETE", "users/"+gone.text("user.id"), nil).want(204, "")
		refuse := func(code string) {
			t.Helper()
			err := w.phone().Pair(t.Context(), code)
			w.refused(err, 400, "INVALID_VALUE")
			var e *pingone.Error
			if errors.As(err, &e); e.Details[0].Message != "is not a pairing key that this application can claim now" {
				t.Error(e.Details[0].Message)
			}
		}
		for _, k := range []result{used, off, gone} {
			refuse(k.text("code"))
		}
		w.clock.Move(10*time.Minute - time.Millisecond)
		w.clock.Move(time.Millisecond)
		refuse(expired.text("code"))
		if now := w.keyNow(ben, expired); now.text("status") != "UNCLAIMED" || now.at("code") != nil || now.text("expiresAt") != expired.text("expiresAt") {
			t.Errorf("%s", now.Raw)
		}
		w.clock.Move(-time.Hour)
		refuse(expired.text("code"))
		if n := len(w.api("GET", "users/"+ben+"/devices", nil).at("_embedded.devices").([]any)); n != 1 {
			t.Errorf("%d devices", n)
		}
		for _, bad := range []string{"", "  ", strings.Repeat("9", 1000), "é", "%00"} {
			if err := w.phone().Pair(t.Context(), bad); err == nil {
				t.Errorf("%q is claimed", bad)
			}
		}
	}, limits(func(l *embedded.Limits) { l.PairingGuesses = 0 }))
}

// a key that was made before an administrator locked the account adds no phone
// to it meanwhile; afterwards it does.
func TestA10PairingAfterLock(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		code := w.key(user, nil).text("code")
		w.api("POST account.lock", "users/"+user, nil).want(200, "")
		w.refused(w.phone().Pair(t.Context(), code), 400, "INVALID_VALUE")
		w.api("POST account.unlock", "users/"+user, nil).want(200, "")
		w.must(w.phone().Pair(t.Context(), code))
	})
}

// of many phones that claim a key at once one is paired.
func TestA53ClaimOnce(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		code := w.key(user, nil).text("code")
		phones := make([]*phone.Phone, 500)
		for i := range phones {
			phones[i] = w.phone(func(o *phone.Options) { o.Key = phone.Ed25519 })
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		paired := 0
		start := make(chan struct{})
		for _, p := range phones {
			all.Go(func() {
				<-start
				if p.Pair(t.Context(), code) == nil {
					mu.Lock()
					defer mu.Unlock()
					paired++
				}
			})
		}
		close(start)
		all.Wait()
		devices := w.api("GET", "users/"+user+"/devices", nil).want(200, "")
		if paired != 1 || devices.at("size") != 1.0 {
			t.Errorf("%d phones were paired, %v devices", paired, devices.at("size"))
		}
	}, limits(func(l *embedded.Limits) { l.PairingGuesses = 0 }))
}

// codes are not found by trying: wrong ones are bounded for each signing key and for
// the environment; then right ones are refused too, until the minute is over.
func TestA53Guesses(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		key := w.key(user, nil)
		guess := func(f *forger, code string) result {
			return f.post(w, "devices", obj{"code": code, "application": obj{"id": embedded.NativeApplication(envID)}})
		}
		one := newForger(w)
		for i := range 3 {
			guess(one, fmt.Sprintf("%012d", i)).want(400, "INVALID_VALUE")
		}
		r := guess(one, key.text("code")).want(429, "REQUEST_LIMITED")
		if r.Header.Get("Retry-After") != "60" {
			t.Error(r.Header)
		}
		for i := range 4 {
			guess(newForger(w), fmt.Sprintf("%012d", i)).want(400, "INVALID_VALUE")
		}
		last := newForger(w)
		guess(last, key.text("code")).want(429, "REQUEST_LIMITED")
		w.clock.Move(-time.Hour) // a clock that goes back gives no new guesses
		guess(newForger(w), key.text("code")).want(429, "REQUEST_LIMITED")
		w.clock.Move(time.Hour + time.Minute)
		guess(one, key.text("code")).want(201, "")
	}, limits(func(l *embedded.Limits) { l.PairingGuesses, l.PairingGuessesPerKey = 7, 3 }))
}

// strangers who use up the wrong codes of the environment keep nobody from pairing
// whose code is a long one.
func TestA53Strangers(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		short := w.key(user, nil).text("code")
		w.api("PUT", "mfaSettings", obj{"pairing": obj{"maxAllowedDevices": 5, "pairingKeyFormat": "ALPHANUMERIC"}}).want(200, "")
		long := w.key(user, nil).text("code")
		for i := range 7 {
			w.refused(w.phone().Pair(t.Context(), fmt.Sprintf("%016d", i)), 400, "INVALID_VALUE")
		}
		before := w.db.Stats().Commits
		w.refused(w.phone().Pair(t.Context(), wrong(long)), 429, "REQUEST_LIMITED")
		w.refused(w.phone().Pair(t.Context(), short), 429, "REQUEST_LIMITED")
		if w.db.Stats().Commits != before {
			t.Error("what is over the limit is written down")
		}
		w.must(w.phone().Pair(t.Context(), long))
		w.refused(w.phone().Pair(t.Context(), long), 429, "REQUEST_LIMITED")
	}, limits(func(l *embedded.Limits) { l.PairingGuesses = 7 }))
}

// guesses at once do not overrun the bound.
func TestA53GuessesInParallel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.PairingGuesses = 7 }))
	var all sync.WaitGroup
	var mu sync.Mutex
	wrong := 0
	for i := range 100 {
		all.Go(func() {
			err := w.phone().Pair(t.Context(), fmt.Sprintf("%012d", i))
			var e *pingone.Error
			if errors.As(err, &e) && e.Status == 400 {
				mu.Lock()
				defer mu.Unlock()
				wrong++
			}
		})
	}
	all.Wait()
	if wrong != 7 {
		t.Errorf("%d wrong codes were compared, want 7", wrong)
	}
}

// A phone works over the network, and learns from the code where the service is; what it
// keeps outlives itself and the service.
func TestPhoneOverHTTP(t *testing.T) {
	t.Parallel()
	var svc http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { svc.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	s := memory.New()
	w := worldOn(t, s, func(o *embedded.Options) { o.BaseURL = srv.URL })
	svc = w.svc
	user := w.user("ben")
	o := phone.Options{Application: embedded.NativeApplication(envID), Now: w.clock.Now}
	p, err := phone.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Read(t.Context()); !errors.Is(err, phone.ErrUnpaired) {
		t.Errorf("%v", err)
	}
	if err := p.Pair(t.Context(), w.key(user, nil).text("uri")); err != nil {
		t.Fatal(err)
	}
	saved, err := p.State()
	if err != nil {
		t.Fatal(err)
	}
	svc = w.service()
	if p, err = phone.Restore(saved, o); err != nil {
		t.Fatal(err)
	}
	w.clock.Move(time.Minute)
	v, err := p.Read(t.Context())
	if err != nil || v.Device.ID != p.Device() || !v.ServerTime.Equal(w.clock.Now().Truncate(time.Millisecond)) {
		t.Errorf("%+v, %v", v, err)
	}
	w.check(w.begin(user).text("id"), p.Code()).want(200, "")
}
