package embedded_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
)

// A new environment has one native app, so that a phone can be paired with nothing
// configured. A second start makes no other, also when it was deleted.
func TestDefaultApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, env := embedded.NativeApplication(envID), base+"/v1/environments/"+envID
	want := obj{
		"_links": obj{"self": obj{"href": env + "/applications/" + id}, "environment": obj{"href": env}},
		"id":     id, "environment": obj{"id": envID}, "name": "mfaflow", "enabled": true, "type": "NATIVE_APP", "protocol": "OPENID_CONNECT",
		"mobile": obj{"bundleId": "org.mfaflow.app", "packageName": "org.mfaflow.app", "passcodeGracePeriod": 1.0,
			"passcodeRefreshDuration": duration(30, "SECONDS")},
		"createdAt": "2026-11-22T09:00:00.123Z", "updatedAt": "2026-11-22T09:00:00.123Z",
	}
	list := w.api("GET", "applications", nil).want(200, "")
	if d := cmp.Diff(any([]any{want}), list.at("_embedded.applications")); d != "" || list.at("count") != 1.0 {
		t.Error(d)
	}
	w.api("DELETE", "applications/"+id, nil).want(204, "")
	w.service()
	if list := w.api("GET", "applications", nil).want(200, ""); list.at("size") != 0.0 {
		t.Errorf("%s", list.Raw)
	}
	w.api("GET", "applications/"+id, nil).want(404, "NOT_FOUND")
	w.api("POST", "users/"+w.user("ben")+"/pairingKeys", nil).want(400, "INVALID_VALUE")
}

func native(name string, mobile obj) obj {
	return obj{"name": name, "enabled": true, "type": "NATIVE_APP", "mobile": mobile}
}

func TestApplications(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		made := w.api("POST", "applications", native("Bank", obj{
			"bundleId": "com.bank", "packageName": "com.bank", "huaweiAppId": "77", "uriPrefix": "https://bank.example/app",
			"passcodeRefreshDuration": duration(45, "SECONDS"), "passcodeGracePeriod": 3,
			"push":               obj{"numberMatching": obj{"type": "ENTER_MANUALLY"}},
			"integrityDetection": obj{"mode": "ENABLED", "excludedPlatforms": []any{"IOS"}, "cacheDuration": obj{"amount": 1, "units": "HOURS"}},
		})).want(201, "")
		path := "applications/" + made.text("id")
		if d := cmp.Diff(made.Body, w.api("GET", path, nil).want(200, "").Body); d != "" {
			t.Error(d)
		}
		if made.at("mobile.integrityDetection.cacheDuration.amount") != 1.0 || made.text("mobile.push.numberMatching.type") != "ENTER_MANUALLY" {
			t.Errorf("%s", made.Raw)
		}
		// Identities stay; what a PUT leaves out goes back to its default.
		w.api("PUT", path, native("Bank", obj{"bundleId": "com.other", "packageName": "com.bank", "huaweiAppId": "77"})).want(400, "INVALID_VALUE")
		w.api("PUT", path, obj{"name": "Bank", "type": "NATIVE_APP"}).want(400, "INVALID_VALUE")
		put := w.api("PUT", path, obj{"name": "Bank 2", "type": "NATIVE_APP", "mobile": obj{"bundleId": "com.bank", "packageName": "com.bank",
			"huaweiAppId": "77", "huaweiPackageName": "com.bank.hw"}}).want(200, "")
		if put.at("enabled") != false || put.at("mobile.passcodeGracePeriod") != 1.0 || put.at("mobile.uriPrefix") != nil ||
			put.text("createdAt") != made.text("createdAt") || put.text("id") != made.text("id") {
			t.Errorf("%s", put.Raw)
		}
		w.api("POST", "applications", native("BANK 2", nil)).want(400, "UNIQUENESS_VIOLATION")
		w.api("POST", "applications", native("Other", obj{"bundleId": "com.bank"})).want(400, "UNIQUENESS_VIOLATION")
		w.api("DELETE", path, nil).want(204, "")
		w.api("PUT", path, native("Bank", nil)).want(404, "NOT_FOUND")
		w.api("DELETE", path, nil).want(404, "NOT_FOUND")
		w.api("GET", "applications/x", nil).want(404, "NOT_FOUND")
		if d := cmp.Diff([]string{"APPLICATION.CREATED", "APPLICATION.UPDATED", "APPLICATION.DELETED"}, w.eventsOf("APPLICATION.")); d != "" {
			t.Error(d)
		}
	})
}

// eventsOf lists the action types of the audit that begin with prefix, oldest first.
func (w *world) eventsOf(prefix string) []string {
	w.t.Helper()
	r := w.api("GET", "activities?limit=1000&filter="+escape(`recordedat ge "2020-01-01T00:00:00Z"`), nil).want(200, "")
	var out []string
	for _, a := range r.at("_embedded.activities").([]any) {
		if typ := a.(obj)["action"].(obj)["type"].(string); strings.HasPrefix(typ, prefix) {
			out = append([]string{typ}, out...)
		}
	}
	return out
}

func TestApplicationRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("x", 257)
	for target, body := range map[string]obj{
		"name REQUIRED_VALUE":                                       {"type": "NATIVE_APP"},
		"type REQUIRED_VALUE":                                       {"name": "A"},
		"type INVALID_VALUE":                                        {"name": "A", "type": "WORKER"},
		"protocol INVALID_VALUE":                                    {"name": "A", "type": "NATIVE_APP", "protocol": "SAML"},
		"name SIZE_LIMIT_EXCEEDED":                                  native(long, nil),
		"mobile.bundleId SIZE_LIMIT_EXCEEDED":                       native("A", obj{"bundleId": long}),
		"mobile.passcodeGracePeriod OUT_OF_RANGE":                   native("A", obj{"passcodeGracePeriod": 11}),
		"mobile.passcodeRefreshDuration.duration OUT_OF_RANGE":      native("A", obj{"passcodeRefreshDuration": duration(61, "SECONDS")}),
		"mobile.passcodeRefreshDuration.timeUnit INVALID_VALUE":     native("A", obj{"passcodeRefreshDuration": duration(1, "MINUTES")}),
		"mobile.push.numberMatching.type INVALID_VALUE":             native("A", obj{"push": obj{"numberMatching": obj{"type": "GUESS"}}}),
		"mobile.integrityDetection.mode INVALID_VALUE":              native("A", obj{"integrityDetection": obj{"mode": "MAYBE"}}),
		"mobile.integrityDetection.excludedPlatforms INVALID_VALUE": native("A", obj{"integrityDetection": obj{"mode": "ENABLED", "excludedPlatforms": []any{"PALM"}}}),
		"mobile INVALID_VALUE":                                      {"name": "A", "type": "NATIVE_APP", "mobile": "x"},
	} {
		target, code, _ := strings.Cut(target, " ")
		r := w.api("POST", "applications", body).want(400, code)
		if r.text("details.0.target") != target {
			t.Errorf("%s: %s", target, r.Raw)
		}
	}
	for i := range 49 {
		w.api("POST", "applications", native(fmt.Sprint("App ", i), nil)).want(201, "")
	}
	w.api("POST", "applications", native("One more", nil)).want(400, "LIMIT_EXCEEDED")
}

// The secrets of push services are kept and shown to nobody.
func TestPushCredentials(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		all := "applications/" + embedded.NativeApplication(envID) + "/pushCredentials"
		bodies := []obj{
			{"type": "APNS", "key": "S3CRET-key", "teamId": "S3CRET-team", "token": "S3CRET-token"},
			{"type": "FCM", "key": "S3CRET-key"},
			{"type": "FCM_HTTP_V1", "googleServiceAccountCredentials": "S3CRET-google"},
			{"type": "HMS", "clientId": "S3CRET-id", "clientSecret": "S3CRET-secret"},
		}
		hidden := func(r result) result {
			t.Helper()
			if strings.Contains(string(r.Raw), "S3CRET") {
				t.Errorf("shown: %s", r.Raw)
			}
			return r
		}
		for _, b := range bodies {
			r := hidden(w.api("POST", all, b).want(201, ""))
			one := all + "/" + r.text("id")
			if r.text("type") != b["type"] || r.text("_links.self.href") != base+"/v1/environments/"+envID+"/"+one {
				t.Errorf("%s", r.Raw)
			}
			if d := cmp.Diff(r.Body, hidden(w.api("GET", one, nil).want(200, "")).Body); d != "" {
				t.Error(d)
			}
			hidden(w.api("PUT", one, b).want(200, ""))
			w.api("POST", all, b).want(400, "UNIQUENESS_VIOLATION")
		}
		list := hidden(w.api("GET", all, nil).want(200, ""))
		if list.at("size") != 4.0 {
			t.Errorf("%s", list.Raw)
		}
		one := all + "/" + list.text("_embedded.pushCredentials.0.id")
		w.api("PUT", one, bodies[1]).want(400, "UNIQUENESS_VIOLATION")
		w.api("DELETE", one, nil).want(204, "")
		w.api("GET", one, nil).want(404, "NOT_FOUND")
		w.api("POST", all, obj{}).want(400, "REQUIRED_VALUE")
		w.api("POST", all, obj{"type": "PIGEON"}).want(400, "INVALID_VALUE")
		w.api("POST", all, obj{"type": "APNS", "key": "k", "teamId": ""}).want(400, "EMPTY_VALUE")
		w.api("POST", all, obj{"type": "APNS"}).want(400, "REQUIRED_VALUE")
		hidden(w.api("GET", "activities?filter="+escape(`recordedat ge "2020-01-01T00:00:00Z"`), nil).want(200, ""))
		if n := len(w.eventsOf("PUSH_CREDENTIALS.")); n != 9 {
			t.Errorf("%d events", n)
		}
		other := w.api("POST", "applications", native("Other", nil)).want(201, "").text("id")
		w.api("GET", "applications/"+other+"/pushCredentials/"+list.text("_embedded.pushCredentials.1.id"), nil).want(404, "NOT_FOUND")
		w.api("GET", "applications/"+user0+"/pushCredentials", nil).want(404, "NOT_FOUND")
	})
}

// user0 is an id of nothing.
const user0 = "00000000-0000-0000-0000-000000000000"

// What a policy says about native apps is checked, completed, and kept.
func TestPolicyApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := embedded.NativeApplication(envID)
	with := func(apps ...any) obj {
		return policyBody(func(p obj) {
			p["name"], p["default"] = "Apps", false
			p["mobile"] = obj{"enabled": true, "applications": apps}
		})
	}
	made := w.api("POST", "deviceAuthenticationPolicies", with(obj{"id": app, "otp": obj{"enabled": true}, "push": obj{"enabled": true},
		"biometricsEnabled": true, "ipPairingConfiguration": obj{"anyIPAdress": true},
		"deviceAuthorization": obj{"enabled": true, "extraVerification": "restrictive"}, "autoEnrollment": obj{"enabled": true}})).want(201, "")
	want := obj{
		"id": app, "otp": obj{"enabled": true}, "push": obj{"enabled": true}, "biometricsEnabled": true, "ipPairingConfiguration": obj{"anyIPAdress": true},
		"deviceAuthorization": obj{"enabled": true, "extraVerification": "restrictive"}, "autoEnrollment": obj{"enabled": true},
		"pushTimeout": duration(40, "SECONDS"), "pairingKeyLifetime": duration(10, "MINUTES"), "integrityDetection": "permissive",
		"pushLimit": obj{"count": 5.0, "timePeriod": duration(10, "MINUTES"), "lockDuration": duration(30, "MINUTES")},
	}
	path := "deviceAuthenticationPolicies/" + made.text("id")
	if d := cmp.Diff(any(want), w.api("GET", path, nil).at("mobile.applications.0")); d != "" {
		t.Error(d)
	}
	for target, bad := range map[string]obj{
		"id REQUIRED_VALUE":                                   {},
		"id INVALID_VALUE":                                    {"id": user0},
		"pushTimeout.duration OUT_OF_RANGE":                   {"id": app, "pushTimeout": duration(39, "SECONDS")},
		"pushTimeout.timeUnit INVALID_VALUE":                  {"id": app, "pushTimeout": duration(1, "DAYS")},
		"pairingKeyLifetime.duration OUT_OF_RANGE":            {"id": app, "pairingKeyLifetime": duration(49, "HOURS")},
		"pushLimit.count OUT_OF_RANGE":                        {"id": app, "pushLimit": obj{"count": 51}},
		"pushLimit.timePeriod.duration OUT_OF_RANGE":          {"id": app, "pushLimit": obj{"count": 1, "timePeriod": duration(121, "MINUTES")}},
		"pushLimit.lockDuration.duration OUT_OF_RANGE":        {"id": app, "pushLimit": obj{"count": 1, "lockDuration": duration(0, "MINUTES")}},
		"deviceAuthorization.extraVerification INVALID_VALUE": {"id": app, "deviceAuthorization": obj{"enabled": true, "extraVerification": "x"}},
		"integrityDetection INVALID_VALUE":                    {"id": app, "integrityDetection": "x"},
	} {
		target, code, _ := strings.Cut(target, " ")
		r := w.api("PUT", path, with(bad)).want(400, code)
		if r.text("details.0.target") != "mobile.applications[0]."+target {
			t.Errorf("%s: %s", target, r.Raw)
		}
	}
	w.api("PUT", path, with(obj{"id": app}, obj{"id": app})).want(400, "INVALID_VALUE")
	// An app that is deleted stays listed, and a policy that is put back is accepted.
	w.api("DELETE", "applications/"+app, nil).want(204, "")
	w.api("PUT", path, with(obj{"id": app})).want(200, "")
}
