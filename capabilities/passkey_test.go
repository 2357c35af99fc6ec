package capabilities

import (
	"slices"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
)

// origin is where pages of the relying party pingone.test are.
const origin = "https://pingone.test"

// A passkey through the capabilities: registered, used with a name and without, refused.
func TestPasskeyThroughTheService(t *testing.T) {
	t.Parallel()
	for _, joined := range []bool{true, false} {
		w := newWorld(t, joined)
		user, _ := w.ben()
		key := softkey.New(softkey.Options{})
		made := w.run("mfa/create-device", obj{"userId": user, "deviceType": "FIDO2", "status": "ACTIVATION_REQUIRED", "rpId": "pingone.test", "rpName": "Ping"}).Output
		attestation, err := key.Create(origin, text(made, "device", "publicKeyCredentialCreationOptions"))
		if err != nil {
			t.Fatal(err)
		}
		device := obj{"userId": user, "deviceId": text(made, "device", "id"), "origin": origin}
		w.fails("mfa/activate-device", with(device, "attestation", "{}"), "CONSTRAINT_VIOLATION")
		w.fails("mfa/activate-device", device, "REQUIRED_VALUE")
		active := w.run("mfa/activate-device", with(device, "attestation", attestation)).Output
		if text(active, "device", "status") != "ACTIVE" || text(active, "device", "rp", "name") != "Ping" {
			t.Errorf("%v", active["device"])
		}
		for _, in := range []obj{
			{"userId": user, "selectedDevice": "id", "selectedDeviceId": device["deviceId"], "compatibility": "FULL"},
			{"usernameLess": true, "userId": "", "deviceAuthenRpId": "pingone.test"},
			{"usernameLess": true, "userId": ""},
		} {
			begun := w.run("mfa/create-device-authentication", in).Output
			check := obj{"deviceAuthenticationId": text(begun, "rawResponse", "id"), "origin": origin}
			assertion, err := key.Get(origin, text(begun, "rawResponse", "publicKeyCredentialRequestOptions"))
			if err != nil {
				t.Fatal(err)
			}
			fail := w.fails("mfa/fido-assertion", with(check, "assertion", "{}"), "CONSTRAINT_VIOLATION")
			if fail.Details["step"] != "7.2.1" {
				t.Errorf("details %v", fail.Details)
			}
			done := w.run("mfa/fido-assertion", with(check, "assertion", assertion))
			if p := done.Proof; p == nil || p.UserID != user || !slices.Equal(p.Methods, []string{"hwk", "user"}) || p.Since.IsZero() {
				t.Errorf("%v: proof %+v", in, p)
			}
			w.fails("mfa/fido-assertion", with(check, "assertion", assertion), "INVALID_REQUEST")
		}
		w.fails("mfa/create-device-authentication", obj{"userId": ""}, "REQUIRED_VALUE")
	}
}
