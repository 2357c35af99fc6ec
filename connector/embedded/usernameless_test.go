package embedded_test

import (
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
)

// Whoever holds a discoverable passkey signs on without a name. Nothing is told of users
// before that, and nothing else can be done with such an authentication.
func TestUsernameless(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, key := w.user("cat"), softkey.New(softkey.Options{})
		device := w.passkey(user, key)
		da, options := w.challenge(anyone())
		if !strings.Contains(options, `"allowCredentials":[]`) || !strings.Contains(options, `"userVerification":"required"`) {
			t.Errorf("%s", options)
		}
		r := w.auth("GET", "deviceAuthentications/"+da, nil).want(200, "")
		if r.at("user") != nil || r.at("_links.device.select") != nil || len(r.at("_embedded.devices").([]any)) != 0 {
			t.Errorf("%s", r.Raw)
		}
		w.choose(da, device).want(400, "INVALID_REQUEST")
		w.check(da, "123456").want(400, "INVALID_REQUEST")
		assertion := w.sign(key, options)
		done := w.assert(da, assertion).want(200, "")
		if done.text("user.id") != user || done.text("selectedDevice.id") != device || done.text("status") != "COMPLETED" {
			t.Errorf("%s", done.Raw)
		}
		w.assert(da, assertion).want(400, "INVALID_REQUEST")
		da, options = w.challenge(anyone())
		w.auth("POST cancel.push.authentication", "deviceAuthentications/"+da, obj{"reason": "CHANGE_DEVICE"}).want(200, "")
		w.assert(da, w.sign(key, options)).want(400, "INVALID_REQUEST")

		w.api("PATCH", "users/"+user, obj{"enabled": false})
		w.api("PUT", "users/"+user+"/enabled", obj{"enabled": false}).want(200, "")
		w.signOn(anyone(), key).want(400, "ACCOUNT_NOT_USABLE")
		w.api("DELETE", "users/"+user, nil).want(204, "")
		w.signOn(anyone(), key).want(400, "CONSTRAINT_VIOLATION")
	}, withPasskeys)
}

// A policy without passkeys has nobody to ask.
func TestUsernamelessOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withP0)
	if r := w.auth("POST", "deviceAuthentications", anyone()).want(201, ""); r.text("status") != "FAILED" {
		t.Errorf("%s", r.Raw)
	}
	w.api("POST", "users/"+w.user("cat")+"/devices", obj{"type": "FIDO2"}).want(400, "INVALID_VALUE")
}
