package embedded_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fido2Body is a FIDO2 policy that is accepted; change alters it.
func fido2Body(change func(p obj)) obj {
	p := obj{
		"name": "Keys", "deviceDisplayName": "Security key", "relyingPartyId": "example.com", "discoverableCredentials": "REQUIRED",
		"authenticatorAttachment": "CROSS_PLATFORM", "attestationRequirements": "DIRECT",
		"userVerification":              obj{"option": "REQUIRED", "enforceDuringAuthentication": true},
		"backupEligibility":             obj{"allow": false, "enforceDuringAuthentication": true},
		"mdsAuthenticatorsRequirements": obj{"option": "GLOBAL", "enforceDuringAuthentication": false},
		"userDisplayNameAttributes": obj{"attributes": []any{obj{"name": "username"},
			obj{"name": "name", "subAttributes": []any{obj{"name": "given"}}}}},
	}
	change(p)
	return p
}

// The default FIDO2 policy is any passkey of the service's own site.
func TestDefaultFIDO2Policy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := w.api("GET", "fido2Policies", nil).want(200, "")
	if list.at("count") != 1.0 {
		t.Fatalf("%s", list.Raw)
	}
	id := list.text("_embedded.fido2Policies.0.id")
	env := base + "/v1/environments/" + envID
	want := obj{
		"_links": obj{"self": obj{"href": env + "/fido2Policies/" + id}, "environment": obj{"href": env}},
		"id":     id, "environment": obj{"id": envID}, "name": "Passkeys", "default": true, "deviceDisplayName": "Passkey",
		"relyingPartyId": "pingone.test", "discoverableCredentials": "PREFERRED", "authenticatorAttachment": "BOTH",
		"attestationRequirements":       "NONE",
		"userVerification":              obj{"option": "PREFERRED", "enforceDuringAuthentication": false},
		"backupEligibility":             obj{"allow": true, "enforceDuringAuthentication": false},
		"mdsAuthenticatorsRequirements": obj{"option": "NONE", "enforceDuringAuthentication": false},
		"userDisplayNameAttributes":     obj{"attributes": []any{obj{"name": "username"}}},
		"userPresenceTimeout":           duration(2, "MINUTES"), "aggregateDevices": false,
		"createdAt": "2026-11-22T09:00:00.123Z", "updatedAt": "2026-11-22T09:00:00.123Z",
	}
	if d := cmp.Diff(want, w.api("GET", "fido2Policies/"+id, nil).want(200, "").Body); d != "" {
		t.Error(d)
	}
	w.service() // a second start changes nothing
	if d := cmp.Diff(want, w.api("GET", "fido2Policies/"+id, nil).Body); d != "" {
		t.Error(d)
	}
}

func TestFIDO2Policies(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		first := w.api("GET", "fido2Policies", nil).text("_embedded.fido2Policies.0.id")
		made := w.api("POST", "fido2Policies", fido2Body(func(obj) {})).want(201, "")
		second := made.text("id")
		one := func(id string) result { return w.api("GET", "fido2Policies/"+id, nil).want(200, "") }
		if d := cmp.Diff(made.Body, one(second).Body); d != "" || made.at("default") != false {
			t.Error(d)
		}
		w.api("POST", "fido2Policies", fido2Body(func(p obj) { p["name"] = "KEYS" })).want(400, "INVALID_VALUE")
		w.api("PUT", "fido2Policies/"+second, fido2Body(func(p obj) { p["default"], p["aggregateDevices"] = true, true })).want(200, "")
		if one(first).at("default") != false || one(second).at("default") != true || one(second).at("aggregateDevices") != true {
			t.Error("the default did not move")
		}
		if made.text("createdAt") != one(second).text("createdAt") {
			t.Error("the time of creation changed")
		}
		w.api("PUT", "fido2Policies/"+second, fido2Body(func(p obj) { p["default"] = false })).want(200, "")
		r := w.api("DELETE", "fido2Policies/"+second, nil).want(400, "CONSTRAINT_VIOLATION")
		if !strings.Contains(r.text("details.0.message"), "cannot delete the default policy") {
			t.Errorf("%s", r.Raw)
		}
		w.api("DELETE", "fido2Policies/"+first, nil).want(204, "")
		w.api("GET", "fido2Policies/"+first, nil).want(404, "NOT_FOUND")
		w.api("PUT", "fido2Policies/"+first, fido2Body(func(obj) {})).want(404, "NOT_FOUND")
		w.api("DELETE", "fido2Policies/nonsense", nil).want(404, "NOT_FOUND")
		var told []string
		for _, a := range w.activities("", 100) {
			if action, _ := a["action"].(obj); action["type"] != nil {
				told = append(told, action["type"].(string))
			}
		}
		for _, want := range []string{"FIDO_POLICY.CREATED", "FIDO_POLICY.UPDATED", "FIDO_POLICY.DELETED"} {
			if !slices.Contains(told, want) {
				t.Errorf("no %s in %v", want, told)
			}
		}
	})
}

// The deprecated name serves the same policies.
func TestFIDOPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.api("POST", "fidoPolicies", fido2Body(func(obj) {})).want(201, "").text("id")
	old, now := w.api("GET", "fidoPolicies", nil).want(200, ""), w.api("GET", "fido2Policies", nil).want(200, "")
	if old.text("_embedded.fidoPolicies.1.id") != id || now.text("_embedded.fido2Policies.1.id") != id {
		t.Errorf("%s", old.Raw)
	}
	if href := w.api("GET", "fidoPolicies/"+id, nil).text("_links.self.href"); !strings.HasSuffix(href, "/fidoPolicies/"+id) {
		t.Errorf("href %s", href)
	}
	w.api("PUT", "fidoPolicies/"+id, fido2Body(func(p obj) { p["name"] = "K2" })).want(200, "")
	w.api("DELETE", "fidoPolicies/"+id, nil).want(204, "")
	w.api("GET", "fido2Policies/"+id, nil).want(404, "NOT_FOUND")
}

// A policy tells which device authentication policies use it, and stays while any does.
func TestFIDO2PolicyUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.api("GET", "fido2Policies", nil).text("_embedded.fido2Policies.0.id")
	theirs := w.api("GET", "deviceAuthenticationPolicies", nil).text("_embedded.deviceAuthenticationPolicies.0.id")
	users := func(id string) any {
		return w.api("GET", "fido2Policies/"+id+"?expand=deviceAuthenticationPolicies", nil).want(200, "").at("deviceAuthenticationPolicies")
	}
	if d := cmp.Diff([]any{theirs}, users(first)); d != "" {
		t.Error(d)
	}
	if w.api("GET", "fido2Policies/"+first, nil).at("deviceAuthenticationPolicies") != nil {
		t.Error("expanded without being asked")
	}
	second := w.api("POST", "fido2Policies", fido2Body(func(obj) {})).want(201, "").text("id")
	mine := w.api("POST", "deviceAuthenticationPolicies", policyBody(func(p obj) {
		p["default"], p["fido2"] = false, obj{"enabled": true, "fido2PolicyId": second}
	})).want(201, "").text("id")
	if d := cmp.Diff([]any{mine}, users(second)); d != "" {
		t.Error(d)
	}
	w.api("DELETE", "fido2Policies/"+second, nil).want(400, "CONSTRAINT_VIOLATION")
	w.api("DELETE", "deviceAuthenticationPolicies/"+mine, nil).want(204, "")
	w.api("DELETE", "fido2Policies/"+second, nil).want(204, "")
}

func TestFIDO2PolicyRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type edit = func(p obj)
	put := func(name string, v any) edit { return func(p obj) { p[name] = v } }
	drop := func(name string) edit { return func(p obj) { delete(p, name) } }
	within := func(name, part string, v any) edit { return func(p obj) { p[name].(obj)[part] = v } }
	const required, invalid, range_, long = "REQUIRED_VALUE", "INVALID_VALUE", "OUT_OF_RANGE", "SIZE_LIMIT_EXCEEDED"
	const mds = "mdsAuthenticatorsRequirements"
	for name, c := range map[string]struct {
		change       edit
		code, target string
	}{
		"no name":          {drop("name"), required, "name"},
		"blank name":       {put("name", "  "), required, "name"},
		"long name":        {put("name", strings.Repeat("n", 257)), long, "name"},
		"no display name":  {drop("deviceDisplayName"), required, "deviceDisplayName"},
		"long display":     {put("deviceDisplayName", strings.Repeat("n", 101)), long, "deviceDisplayName"},
		"long description": {put("description", strings.Repeat("n", 1025)), long, "description"},
		"no rp":            {drop("relyingPartyId"), required, "relyingPartyId"},
		"rp with scheme":   {put("relyingPartyId", "https://example.com"), invalid, "relyingPartyId"},
		"rp with port":     {put("relyingPartyId", "example.com:443"), invalid, "relyingPartyId"},
		"rp in capitals":   {put("relyingPartyId", "Example.com"), invalid, "relyingPartyId"},
		"rp address":       {put("relyingPartyId", "127.0.0.1"), invalid, "relyingPartyId"},
		"rp with dot":      {put("relyingPartyId", "example.com."), invalid, "relyingPartyId"},
		"no discoverable":  {drop("discoverableCredentials"), required, "discoverableCredentials"},
		"discoverable":     {put("discoverableCredentials", "MAYBE"), invalid, "discoverableCredentials"},
		"attachment":       {put("authenticatorAttachment", "GLUE"), invalid, "authenticatorAttachment"},
		"attestation":      {put("attestationRequirements", "INDIRECT"), invalid, "attestationRequirements"},
		"enterprise":       {put("eaUniqueIdentifierAttribute", obj{"name": "x"}), invalid, "eaUniqueIdentifierAttribute"},
		"no uv":            {drop("userVerification"), required, "userVerification"},
		"no uv option":     {within("userVerification", "option", nil), required, "userVerification.option"},
		"uv option":        {within("userVerification", "option", "NEVER"), invalid, "userVerification.option"},
		"no uv enforce":    {within("userVerification", "enforceDuringAuthentication", nil), required, "userVerification.enforceDuringAuthentication"},
		"pin":              {within("userVerification", "pinRequirement", obj{"option": "REQUIRED"}), invalid, "userVerification.pinRequirement"},
		"no backup":        {drop("backupEligibility"), required, "backupEligibility"},
		"no backup allow":  {within("backupEligibility", "allow", nil), required, "backupEligibility.allow"},
		"no backup rule":   {within("backupEligibility", "enforceDuringAuthentication", nil), required, "backupEligibility.enforceDuringAuthentication"},
		"no mds":           {drop(mds), required, mds},
		"no mds rule":      {within(mds, "enforceDuringAuthentication", nil), required, mds + ".enforceDuringAuthentication"},
		"mds option":       {within(mds, "option", "ALL"), invalid, mds + ".option"},
		"no list":          {within(mds, "option", "SPECIFIC"), required, mds + ".allowedAuthenticators"},
		"no id":            {within(mds, "allowedAuthenticators", []any{obj{"id": "x"}}), invalid, mds + ".allowedAuthenticators[0].id"},
		"unknown id":       {within(mds, "allowedAuthenticators", []any{obj{"id": modelID}}), invalid, mds + ".allowedAuthenticators[0].id"},
		"no names":         {drop("userDisplayNameAttributes"), required, "userDisplayNameAttributes"},
		"empty names":      {put("userDisplayNameAttributes", obj{"attributes": []any{}}), range_, "userDisplayNameAttributes.attributes"},
		"no username":      {put("userDisplayNameAttributes", obj{"attributes": []any{obj{"name": "email"}}}), invalid, "userDisplayNameAttributes.attributes"},
		"seven names": {put("userDisplayNameAttributes", obj{"attributes": slices.Repeat([]any{obj{"name": "username"}}, 7)}), range_,
			"userDisplayNameAttributes.attributes"},
		"no attribute": {put("userDisplayNameAttributes", obj{"attributes": []any{obj{}}}), required, "userDisplayNameAttributes.attributes[0].name"},
		"short":        {put("userPresenceTimeout", duration(59, "SECONDS")), range_, "userPresenceTimeout.duration"},
		"long":         {put("userPresenceTimeout", duration(11, "MINUTES")), range_, "userPresenceTimeout.duration"},
		"unit":         {put("userPresenceTimeout", duration(1, "HOURS")), invalid, "userPresenceTimeout.timeUnit"},
		"hint":         {put("publicKeyCredentialHints", []any{"TAP"}), invalid, "publicKeyCredentialHints[0]"},
		"four hints":   {put("publicKeyCredentialHints", slices.Repeat([]any{"HYBRID"}, 4)), invalid, "publicKeyCredentialHints[3]"},
		"type":         {put("default", "yes"), invalid, "default"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := w.api("POST", "fido2Policies", fido2Body(c.change))
			r.t = t
			r.want(400, c.code)
			if got := r.text("details.0.target"); got != c.target {
				t.Errorf("target %q, want %q", got, c.target)
			}
		})
	}
}
