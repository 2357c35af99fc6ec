package embedded_test

import (
	"cmp"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// withEverything has every method that people can prove with.
func withEverything(o *embedded.Options) {
	o.Channels = []string{"EMAIL", "PUSH"}
	o.Policy = []byte(strings.Replace(policyWithApp(embedded.NativeApplication(envID), pushRules),
		`"mobile"`, `"fido2":{"enabled":true},"mobile"`, 1))
}

// proving is an authentication that waits for its proof.
type proving struct {
	device string        // that proves; "" for a one-time device
	answer func() result // gives the proof: 2xx, or the refusal
	path   string        // of the resource
}

// ways are the methods by which people prove who they are.
var ways = map[string]func(w *world, user string) proving{
	"code by e-mail": func(w *world, user string) proving {
		device := w.email(user, "ben@example.com")
		da := w.begin(user).text("id")
		otp := w.mail("ben@example.com").Code
		return proving{device, func() result { return w.check(da, otp) }, "deviceAuthentications/" + da}
	},
	"code to a one-time device": func(w *world, user string) proving {
		da := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user},
			"selectedDevice": obj{"oneTime": obj{"type": "EMAIL", "email": "once@example.com"}}}).want(201, "").text("id")
		otp := w.mail("once@example.com").Code
		return proving{"", func() result { return w.check(da, otp) }, "deviceAuthentications/" + da}
	},
	"code of an app": func(w *world, user string) proving {
		device, a := w.totp(user)
		da := w.begin(user).text("id")
		return proving{device, func() result { return w.check(da, a.at(0)) }, "deviceAuthentications/" + da}
	},
	"passkey": func(w *world, user string) proving {
		key := softkey.New(softkey.Options{})
		device := w.passkey(user, key)
		da, options := w.challenge(of(user))
		return proving{device, func() result { return w.assert(da, w.sign(key, options)) }, "deviceAuthentications/" + da}
	},
	"passkey without a user name": func(w *world, user string) proving {
		key := softkey.New(softkey.Options{})
		device := w.passkey(user, key)
		da, options := w.challenge(anyone())
		return proving{device, func() result { return w.assert(da, w.sign(key, options)) }, "deviceAuthentications/" + da}
	},
	"push": func(w *world, user string) proving {
		p := w.phone()
		w.claim(user, p)
		da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
		push := w.only(p).ID
		return proving{p.Device(), func() result { return w.phoneResult(p.Approve(w.t.Context(), push)) }, "deviceAuthentications/" + da}
	},
	"authentication code": func(w *world, user string) proving {
		p := w.phone()
		w.claim(user, p)
		made := w.qr().is(201)
		claimed, err := p.ClaimCode(w.t.Context(), made.text("code"))
		w.must(err)
		return proving{p.Device(), func() result { return w.phoneResult(p.ApproveCode(w.t.Context(), claimed.ID)) },
			"authenticationCodes/" + claimed.ID}
	},
	"authentication code without approval": func(w *world, user string) proving {
		p := w.phone()
		w.claim(user, p)
		made := w.qr(obj{"userApproval": "NOT_REQUIRED"}).is(201)
		return proving{p.Device(), func() result {
			_, err := p.ClaimCode(w.t.Context(), made.text("code"))
			return w.phoneResult(err)
		}, "authenticationCodes/" + made.text("id")}
	},
}

// phoneResult is the outcome of what a phone did.
func (w *world) phoneResult(err error) result {
	if err != nil {
		return result{t: w.t, Status: http.StatusBadRequest}
	}
	return result{t: w.t, Status: http.StatusOK}
}

// changes are what an administrator does to a user, device or policy.
var changes = map[string]struct {
	do   func(w *world, user, device string)
	code string // of a proof that was made before; "" where the user is gone

	// later says that a proof given after the change is one: only older ones are ended.
	later bool
	// device says that the change is of the device, so that a one-time device has none of it.
	device bool
}{
	"user deleted": {do: func(w *world, user, _ string) { w.api("DELETE", "users/"+user, nil).want(204, "") }},
	"user disabled": {do: func(w *world, user, _ string) {
		w.api("PUT", "users/"+user+"/enabled", obj{"enabled": false}).want(200, "")
	}, code: "ACCOUNT_NOT_USABLE"},
	"user disabled and enabled": {do: func(w *world, user, _ string) {
		w.api("PUT", "users/"+user+"/enabled", obj{"enabled": false}).want(200, "")
		w.api("PUT", "users/"+user+"/enabled", obj{"enabled": true}).want(200, "")
	}, code: "CREDENTIALS_CHANGED", later: true},
	"user locked": {do: func(w *world, user, _ string) { w.api("POST account.lock", "users/"+user, nil).want(200, "") },
		code: "ACCOUNT_NOT_USABLE"},
	"user locked and unlocked": {do: func(w *world, user, _ string) {
		w.api("POST account.lock", "users/"+user, nil).want(200, "")
		w.api("POST account.unlock", "users/"+user, nil).want(200, "")
	}, code: "CREDENTIALS_CHANGED", later: true},
	"password set": {do: func(w *world, user, _ string) {
		w.api("PUT password.setValue", "users/"+user+"/password", obj{"value": "another horse 7"}).want(200, "")
	}, code: "CREDENTIALS_CHANGED", later: true},
	"password taken away": {do: func(w *world, user, _ string) {
		w.api("PUT password.setValue", "users/"+user+"/password", obj{}).want(200, "")
	}, code: "CREDENTIALS_CHANGED", later: true},
	"password reset": {do: func(w *world, user, _ string) {
		w.api("POST password.reset", "users/"+user+"/password", obj{"newPassword": "another horse 7"}).want(200, "")
	}, code: "CREDENTIALS_CHANGED", later: true},
	"password to be changed": {do: func(w *world, user, _ string) {
		w.api("POST password.forceChange", "users/"+user+"/password", nil).want(200, "")
	}, code: "CREDENTIALS_CHANGED", later: true},
	"password recovered": {do: func(w *world, user, _ string) {
		w.api("POST password.sendRecoveryCode", "users/"+user+"/password", nil).want(200, "")
		w.api("POST password.recover", "users/"+user+"/password",
			obj{"recoveryCode": w.mail("ben@example.com").Code, "newPassword": "another horse 7"}).want(200, "")
	}, code: "CREDENTIALS_CHANGED", later: true},
	"MFA off": {do: func(w *world, user, _ string) {
		w.api("PUT", "users/"+user+"/mfaEnabled", obj{"mfaEnabled": false}).want(200, "")
	}, code: "CREDENTIALS_CHANGED", later: true},
	"device removed": {do: func(w *world, user, device string) {
		w.api("DELETE", "users/"+user+"/devices/"+device, nil).want(204, "")
	}, code: "NO_USABLE_DEVICES", device: true},
	"device blocked": {do: func(w *world, user, device string) {
		w.api("POST device.block", "users/"+user+"/devices/"+device, nil).want(200, "")
	}, code: "NO_USABLE_DEVICES", device: true},
	"another device removed": {do: func(w *world, user, _ string) {
		w.api("DELETE", "users/"+user+"/devices/"+w.email(user, "other@example.com"), nil).want(204, "")
	}, code: "CREDENTIALS_CHANGED", later: true},
	"methods switched off": {do: func(w *world, _, _ string) {
		w.changePolicy(func(p obj) {
			for _, name := range []string{"email", "totp", "fido2", "mobile"} {
				p[name].(obj)["enabled"] = false
			}
		})
	}, code: "NO_USABLE_DEVICES"},
	"policy replaced": {do: func(w *world, _, _ string) {
		w.changePolicy(func(p obj) {
			off := obj{"enabled": false}
			id := p["id"]
			clear(p)
			maps.Copy(p, obj{"id": id, "name": "Texts only", "default": true, "sms": obj{"enabled": true},
				"voice": off, "email": off, "totp": off, "mobile": off})
		})
	}, code: "NO_USABLE_DEVICES"},
}

func (w *world) changePolicy(change func(p obj)) {
	w.t.Helper()
	p := w.api("GET", "deviceAuthenticationPolicies", nil).at("_embedded.deviceAuthenticationPolicies.0").(obj)
	change(p)
	w.api("PUT", "deviceAuthenticationPolicies/"+p["id"].(string), p).want(200, "")
}

// What was proven is COMPLETED only as long as user, device, policy and credentials are
// what they were.
func TestAProofEndsWithWhatItRestsOn(t *testing.T) {
	t.Parallel()
	for way, prove := range ways {
		for what, change := range changes {
			if way == "code to a one-time device" && change.device {
				continue // it has no device that could go
			}
			t.Run(way+"/"+what, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, withEverything)
				user := w.user("ben")
				p := prove(w, user)
				if r := p.answer(); r.Status != http.StatusOK {
					t.Fatalf("the proof was refused: %d %s", r.Status, r.Raw)
				}
				if r := w.auth("GET", p.path, nil).in("COMPLETED"); r.Header.Get(pingone.CredentialEpoch) == "" {
					t.Errorf("the proof does not say under which credentials it was made")
				}
				change.do(w, user, p.device)
				r := w.auth("GET", p.path, nil)
				if gone := r.Status == http.StatusNotFound; gone && change.code == "" {
					return
				}
				want := cmp.Or(change.code, "ACCOUNT_NOT_USABLE")
				if got := r.text("error.code"); r.text("status") != "FAILED" || got != want {
					t.Errorf("%d %s with %q, want FAILED with %q", r.Status, r.text("status"), got, want)
				}
			})
		}
	}
}

// An open challenge is not completed once user, device or policy no longer allow it.
func TestAnOpenChallengeEndsWithWhatItRestsOn(t *testing.T) {
	t.Parallel()
	for way, prove := range ways {
		for what, change := range changes {
			if change.later || way == "code to a one-time device" && change.device {
				continue // then the proof is newer than the change
			}
			t.Run(way+"/"+what, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, withEverything)
				user := w.user("ben")
				p := prove(w, user)
				change.do(w, user, p.device)
				if r := p.answer(); r.Status < 400 {
					t.Errorf("answered with %d, want a refusal: %s", r.Status, r.Raw)
				}
			})
		}
	}
}
