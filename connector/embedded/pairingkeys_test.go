package embedded_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/phone"
)

func TestPairingKey(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		made := w.key(user, nil)
		self := base + "/v1/environments/" + envID + "/users/" + user
		code := made.text("code")
		want := obj{
			"_links": obj{"self": obj{"href": self + "/pairingKeys/" + made.text("id")}, "user": obj{"href": self},
				"environment": obj{"href": base + "/v1/environments/" + envID}},
			"id": made.text("id"), "environment": obj{"id": envID}, "user": obj{"id": user}, "status": "UNCLAIMED", "code": code,
			"uri": base + "/" + envID + "/app#pairing_key=" + code, "applications": refs(embedded.NativeApplication(envID)),
			"createdAt": "2026-11-22T09:00:00.123Z", "updatedAt": "2026-11-22T09:00:00.123Z", "expiresAt": "2026-11-22T09:10:00.123Z",
		}
		if d := cmp.Diff(want, made.Body); d != "" || !regexp.MustCompile(`^\d{12}$`).MatchString(code) {
			t.Error(d, code)
		}
		if d := cmp.Diff(want, w.keyNow(user, made).Body); d != "" {
			t.Error(d)
		}
		w.api("PUT", "mfaSettings", obj{"pairing": obj{"maxAllowedDevices": 5, "pairingKeyFormat": "ALPHANUMERIC"}}).want(200, "")
		if code := w.key(user, nil).text("code"); !regexp.MustCompile(`^[2-9A-HJ-NP-Z]{16}$`).MatchString(code) {
			t.Error(code)
		}
		path := "users/" + user + "/pairingKeys/" + made.text("id")
		w.api("DELETE", path, nil).want(204, "")
		w.api("GET", path, nil).want(404, "NOT_FOUND")
		w.api("DELETE", path, nil).want(404, "NOT_FOUND")
		w.refused(w.phone().Pair(t.Context(), code), 400, "INVALID_VALUE")
		w.api("POST", "users/"+user0+"/pairingKeys", nil).want(404, "NOT_FOUND")
		w.api("POST", "users/"+user+"/pairingKeys", obj{"policy": obj{"id": user0}}).want(400, "INVALID_VALUE")
		w.api("POST", "users/"+user+"/pairingKeys", obj{"applications": "x"}).want(400, "INVALID_VALUE")
		w.api("POST", "users/"+user+"/pairingKeys", obj{"applications": refs(user0)}).want(400, "INVALID_VALUE")
	})
}

// Twenty keys of a user can be claimed at a time.
func TestPairingKeyLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	first := w.key(user, nil)
	made := []string{first.text("id")}
	more := func(n int) {
		for range n {
			made = append(made, w.key(user, nil).text("id"))
		}
	}
	more(19)
	r := w.api("POST", "users/"+user+"/pairingKeys", nil).want(400, "LIMIT_EXCEEDED")
	if r.at("details.0.innerError.maximumAllowed") != 20.0 {
		t.Errorf("%s", r.Raw)
	}
	if err := w.phone().Pair(t.Context(), first.text("code")); err != nil {
		t.Fatal(err)
	}
	more(1)
	for range 3 { // expired ones count no more, and are forgotten from the oldest
		w.clock.Move(10 * time.Minute)
		more(20)
	}
	for i, id := range made {
		r := w.api("GET", "users/"+user+"/pairingKeys/"+id, nil)
		if want := i >= len(made)-40; (r.Status == 200) != want {
			t.Errorf("key %d of %d: %d, want found: %t", i+1, len(made), r.Status, want)
		}
	}
	w.clock.Move(24*time.Hour + 10*time.Minute)
	more(1)
	w.api("GET", "users/"+user+"/pairingKeys/"+made[len(made)-2], nil).want(404, "NOT_FOUND")
}

// A key is for the apps that it names, or all that the policy lets pair; the shortest of
// their lifetimes is its own.
func TestPairingKeyApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, first := w.user("ben"), embedded.NativeApplication(envID)
	second := w.api("POST", "applications", native("Second", obj{"uriPrefix": "bank:/"})).want(201, "").text("id")
	third := w.api("POST", "applications", native("Third", nil)).want(201, "").text("id")
	off := w.api("POST", "applications", obj{"name": "Off", "type": "NATIVE_APP"}).want(201, "").text("id")
	policy := w.api("POST", "deviceAuthenticationPolicies", policyBody(func(p obj) {
		p["name"], p["default"] = "Apps", false
		p["mobile"] = obj{"enabled": true, "applications": []any{
			obj{"id": first, "pairingKeyLifetime": duration(2, "HOURS")}, obj{"id": second, "pairingKeyLifetime": duration(5, "MINUTES")},
			obj{"id": third, "pairingDisabled": true}, obj{"id": off}}}
	})).want(201, "").text("id")
	under := func(apps ...string) obj {
		b := obj{"policy": obj{"id": policy}}
		if len(apps) > 0 {
			b["applications"] = refs(apps...)
		}
		return b
	}
	all := w.key(user, under())
	if d := cmp.Diff(refs(first, second), all.at("applications")); d != "" || all.text("expiresAt") != "2026-11-22T09:05:00.123Z" {
		t.Errorf("%s %s", d, all.Raw)
	}
	if d := cmp.Diff(refs(first, second), w.keyNow(user, all).at("applications")); d != "" {
		t.Error(d)
	}
	if k := w.key(user, under(first)); k.text("expiresAt") != "2026-11-22T11:00:00.123Z" {
		t.Errorf("%s", k.Raw)
	}
	w.api("POST", "users/"+user+"/pairingKeys", under(third)).want(400, "INVALID_VALUE")
	w.api("POST", "users/"+user+"/pairingKeys", under(off)).want(400, "INVALID_VALUE")
	w.api("POST", "users/"+user+"/pairingKeys", under(first, third)).want(400, "INVALID_VALUE")
	w.api("POST", "users/"+user+"/pairingKeys", under(first, user)).want(400, "INVALID_VALUE")
	one := w.key(user, under(second))
	if one.text("uri") != "bank:/pingonesdk?pairing_key="+one.text("code") {
		t.Errorf("%s", one.Raw)
	}
	w.refused(w.phone().Pair(t.Context(), one.text("code")), 400, "INVALID_VALUE")
	if now := w.keyNow(user, one); now.text("status") != "UNCLAIMED" {
		t.Errorf("%s", now.Raw)
	}
	p := w.phone(func(o *phone.Options) { o.Application = second })
	if err := p.Pair(t.Context(), one.text("uri")); err != nil {
		t.Fatal(err)
	}
	// What the policy takes away between key and claim cannot be claimed.
	late := w.key(user, under(first))
	w.api("PUT", "deviceAuthenticationPolicies/"+policy, policyBody(func(p obj) {
		p["name"], p["default"], p["mobile"] = "Apps", false, obj{"enabled": true, "pairingDisabled": true}
	})).want(200, "")
	w.refused(w.phone().Pair(t.Context(), late.text("code")), 400, "INVALID_VALUE")
	w.api("POST", "users/"+user+"/pairingKeys", under()).want(400, "INVALID_VALUE")
}

// A claim that the settings do not allow fails the key, and says why.
func TestPairingTooManyDevices(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		w.api("PUT", "mfaSettings", obj{"pairing": obj{"maxAllowedDevices": 1, "pairingKeyFormat": "NUMERIC"}}).want(200, "")
		user, first := w.ben()
		key := w.key(user, nil)
		w.refused(w.phone().Pair(t.Context(), key.text("code")), 400, "LIMIT_EXCEEDED")
		now := w.keyNow(user, key)
		if now.text("status") != "FAILED" || now.text("error.code") != "LIMIT_EXCEEDED" || now.text("error.message") == "" || now.at("code") != nil {
			t.Errorf("%s", now.Raw)
		}
		w.api("DELETE", "users/"+user+"/devices/"+first, nil).want(204, "")
		w.refused(w.phone().Pair(t.Context(), key.text("code")), 400, "INVALID_VALUE")
		w.claim(user, w.phone())
		if got := w.events(user); !slices.Contains(got, "DEVICE.ACTIVATION_FAILED FAILED ") {
			t.Error(got)
		}
	})
}

// the code of a key is in no record, no list, no event; nor is the key in what a
// claim leaves behind.
func TestA53NotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	key, second := w.key(user, nil), w.key(user, nil)
	p := w.phone()
	if err := p.Pair(t.Context(), key.text("code")); err != nil {
		t.Fatal(err)
	}
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/")) {
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{key.text("code"), second.text("code")} {
			if strings.Contains(string(rec.Value), secret) || strings.Contains(string(rec.Key), secret) {
				t.Errorf("a code is kept at %s", rec.Key)
			}
		}
	}
	left := 0
	for range w.db.Scan(t.Context(), storeUnder(envID+"/pairingcode/")) {
		left++
	}
	if left != 1 {
		t.Errorf("%d codes can be found, want the one that was not claimed", left)
	}
	for _, path := range []string{"users/" + user, "users/" + user + "/devices?expand=applications", "applications"} {
		if r := w.api("GET", path, nil).want(200, ""); strings.Contains(string(r.Raw), second.text("code")) {
			t.Errorf("%s shows a code", path)
		}
	}
}

// Keys are swept the day after they expire.
func TestSweepPairingKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	key := w.key(user, nil)
	w.clock.Move(24*time.Hour + 9*time.Minute)
	if n, err := w.svc.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("%d swept, %v", n, err)
	}
	w.keyNow(user, key)
	w.clock.Move(time.Minute)
	if n, err := w.svc.Sweep(t.Context()); n != 2 || err != nil {
		t.Errorf("%d swept, %v", n, err)
	}
	w.api("GET", "users/"+user+"/pairingKeys/"+key.text("id"), nil).want(404, "NOT_FOUND")
}

// The shortest lifetime of a key's apps is its own, wherever it stands. An app that is gone
// can pair nothing, and a policy may say that a lock by an administrator is no bar.
func TestPairingKeyFollowsItsPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, first := w.user("ben"), embedded.NativeApplication(envID)
	second := w.api("POST", "applications", native("Second", obj{"uriPrefix": "bank:/app"})).want(201, "").text("id")
	policy := w.api("POST", "deviceAuthenticationPolicies", policyBody(func(p obj) {
		p["name"], p["default"], p["ignoreUserLock"] = "Apps", false, true
		p["mobile"] = obj{"enabled": true, "applications": []any{
			obj{"id": first, "pairingKeyLifetime": duration(5, "MINUTES")}, obj{"id": second, "pairingKeyLifetime": duration(2, "HOURS")}}}
	})).want(201, "").text("id")
	key := w.key(user, obj{"policy": obj{"id": policy}})
	if got := key.text("expiresAt"); got != "2026-11-22T09:05:00.123Z" {
		t.Errorf("expiresAt %s, want five minutes from now", got)
	}
	one := w.key(user, obj{"policy": obj{"id": policy}, "applications": refs(second)})
	if got, want := one.text("uri"), "bank:/app/pingonesdk?pairing_key="+one.text("code"); got != want {
		t.Errorf("uri %s, want %s", got, want)
	}
	w.api("DELETE", "applications/"+second, nil).want(204, "")
	gone := w.phone(func(o *phone.Options) { o.Application = second })
	w.refused(gone.Pair(t.Context(), key.text("code")), 400, "INVALID_VALUE")
	w.api("POST account.lock", "users/"+user, nil).want(200, "")
	w.must(w.phone().Pair(t.Context(), key.text("code")))
}

// A key that was held out too late stays over, also should the clock go back.
func TestAPairingKeyThatWasLateStaysOver(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		key := w.key(user, nil)
		w.clock.Move(time.Hour)
		w.refused(w.phone().Pair(t.Context(), key.text("code")), 400, "INVALID_VALUE")
		w.clock.Move(-59 * time.Minute)
		w.refused(w.phone().Pair(t.Context(), key.text("code")), 400, "INVALID_VALUE")
	})
}
