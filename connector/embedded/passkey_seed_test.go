package embedded_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
)

// What the passkey of the documents' Read All MFA User Devices answered when it was made,
// to this challenge and from this site.
const (
	documentedChallenge   = "XzIZDn2iu7zFkEM8jV7YRdDtKNcWVcrG9ouKvq8xg_c"
	documentedSite        = "https://apps.pingone.eu"
	documentedAttestation = `{"id":"eyinrLcvUJRv0IXwPciFWA","type":"public-key","rawId":"eyinrLcvUJRv0IXwPciFWA==","authenticatorAttachment":"platform","clientExtensionResults":{"credProps":{"rk":true},"hmacCreateSecret":false},"response":{"clientDataJSON":"eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiWHpJWkRuMml1N3pGa0VNOGpWN1lSZER0S05jV1Zjckc5b3VLdnE4eGdfYyIsIm9yaWdpbiI6Imh0dHBzOi8vYXBwcy5waW5nb25lLmV1IiwiY3Jvc3NPcmlnaW4iOmZhbHNlfQ==","attestationObject":"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YViU07Nim5zkTbGqg2RDZSPjc131ooiLJq+cojav4bK9k+VdAAAAAOqbjWZNAR0hPOS2tIy1ddQAEHsop6y3L1CUb9CF8D3IhVilAQIDJiABIVggAk+zus4pkW2/Z83qu11hxMR2txh8KoRNxdSE/MCVwrwiWCCBAGUiv7b7y7JQzOHeeYS70Vd7QfuL2y2vNkIa6QJYvA==","transports":["hybrid","internal"]}}`
)

// The documents' passkeys in a list, one active and one that waits: registered with what
// the document shows of it, the first is shown as there, member by member. Two members
// more are of the documents' data model.
func TestReadPasskeysAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys, func(o *embedded.Options) { o.Origins = []string{documentedSite} })
	user := w.user("joe")
	policy := "fido2Policies/" + w.api("GET", "fido2Policies", nil).text("_embedded.fido2Policies.0.id")
	rules := w.api("GET", policy, nil).Body
	rules["deviceDisplayName"] = "testAPILabelDisplayName"
	w.api("PUT", policy, rules).want(200, "")
	made := w.register(user, obj{"rp": obj{"id": "pingone.eu", "name": "pingone.eu"}, "webAuthn": obj{"challenge": documentedChallenge}})
	active := made.text("id")
	w.api("POST device.activate", "users/"+user+"/devices/"+active,
		obj{"attestation": documentedAttestation, "origin": documentedSite}).want(200, "")
	waiting := w.register(user, obj{"rp": obj{"id": "pingone.com", "name": "PingOne"}}).text("id")

	env := base + "/v1/environments/" + envID
	device := func(id, status string, more obj) obj {
		d := obj{
			"_links": obj{"self": obj{"href": env + "/users/" + user + "/devices/" + id}, "environment": obj{"href": env},
				"user": obj{"href": env + "/users/" + user}},
			"id": id, "environment": obj{"id": envID}, "user": obj{"id": user}, "type": "FIDO2",
			"lock": obj{"status": "UNLOCKED"}, "block": obj{"status": "UNBLOCKED"}, "status": status,
			"createdAt": "2026-11-22T09:00:00.123Z", "updatedAt": "2026-11-22T09:00:00.123Z",
			"displayName": "testAPILabelDisplayName",
		}
		for k, v := range more {
			d[k] = v
		}
		return d
	}
	first := device(active, "ACTIVE", obj{
		"attributes":               obj{"transports": []any{"hybrid", "internal"}, "isCrossPlatform": false, "isResidentKey": true},
		"rp":                       obj{"id": "pingone.eu", "name": "pingone.eu"},
		"backup":                   obj{"backupEligibility": true, "backupState": true},
		"fidoRegistrationResponse": documentedAttestation,
		"fidoDeviceMetadata":       obj{"mdsIdentifier": "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"},

		"credentialId":              "eyinrLcvUJRv0IXwPciFWA",
		"fidoRegistrationArtifacts": obj{"attestationType": "none"},
	})
	second := device(waiting, "ACTIVATION_REQUIRED", obj{"rp": obj{"id": "pingone.com", "name": "PingOne"}})
	second["_links"].(obj)["device.activate"] = obj{"href": env + "/users/" + user + "/devices/" + waiting}
	got := w.api("GET", "users/"+user+"/devices", nil).want(200, "").at("_embedded.devices")
	if d := cmp.Diff(any([]any{first, second}), got); d != "" {
		t.Error(d)
	}
}
