package node

import (
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector"
)

// methodsOf maps a device type to the RFC 8176 methods that its use proves. Passkeys
// may be synced, so nothing here claims a hardware key unless the type is one.
var methodsOf = map[string][]string{
	"SMS": {"otp", "sms"}, "VOICE": {"otp", "tel"}, "WHATSAPP": {"otp"}, "EMAIL": {"otp"},
	"TOTP": {"otp"}, "OATH_TOKEN": {"otp"}, "YUBIKEY": {"hwk", "otp"},
	"FIDO2": {"swk"}, "PLATFORM": {"swk"}, "SECURITY_KEY": {"hwk"}, "MOBILE": {"swk"},
	"PINGID_MOBILE": {"swk"}, "PINGID_DESKTOP": {"otp"}, "PINGID_DESKTOP_GEN2": {"swk"},
}

// registered are the RFC 8176 values that `authenticators` may add. "mfa" is not among
// them: it speaks of the whole sign-on, which is the engine's to judge.
var registered = [...]string{"face", "fpt", "geo", "hwk", "iris", "kba", "otp", "pin", "pwd",
	"rba", "retina", "sc", "sms", "swk", "tel", "user", "vbm", "wia"}

// Authenticated adds the proof of a COMPLETED device authentication.
func Authenticated() Shape {
	return func(a Answer, done *connector.Complete) {
		if a.Body["status"] == "COMPLETED" {
			done.Proof = proofOf(a, IDOf(a.Body["selectedDevice"]), usedType(a))
		}
	}
}

// proofOf reads the proof from a resource with user, id, createdAt and updatedAt. It is
// nil without a user: nobody was authenticated then.
func proofOf(a Answer, device, deviceType string) *connector.Proof {
	user := IDOf(a.Body["user"])
	if user == "" {
		return nil
	}
	return &connector.Proof{
		UserID: user, Methods: methods(a.Body["authenticators"], deviceType),
		At: timeIn(a.Body["updatedAt"]), Since: timeIn(a.Body["createdAt"]), Resource: IDOf(a.Body),
		Device: device, DeviceType: deviceType, Policy: IDOf(a.Body["policy"]), Epoch: a.epoch,
	}
}

// methods joins what the service says with what the device's type means, sorted. A
// service that says which kind of key it was is believed over the type.
func methods(authenticators any, deviceType string) []string {
	said, _ := authenticators.([]any)
	out := []string{}
	for _, v := range said {
		if s, ok := v.(string); ok && slices.Contains(registered[:], s) {
			out = append(out, s)
		}
	}
	saidKey := slices.Contains(out, "hwk") || slices.Contains(out, "swk")
	for _, m := range methodsOf[deviceType] {
		if saidKey && (m == "hwk" || m == "swk") {
			continue
		}
		// An app on a phone answers by push or by code; `authenticators` says which.
		if m == "swk" && deviceType == "MOBILE" && slices.Contains(out, "otp") {
			continue
		}
		out = append(out, m)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// usedType finds the type of the device that a device authentication used.
func usedType(a Answer) string {
	selected, _ := a.Body["selectedDevice"].(map[string]any)
	if once, ok := selected["oneTime"].(map[string]any); ok {
		t, _ := once["type"].(string)
		return t
	}
	for _, d := range a.Objects("devices") {
		if id := IDOf(d); id != "" && id == IDOf(selected) {
			t, _ := d["type"].(string)
			return t
		}
	}
	return ""
}

// IDOf is the id of a reference; "" if it is none.
func IDOf(v any) string {
	o, _ := v.(map[string]any)
	id, _ := o["id"].(string)
	return id
}

// timeIn reads an RFC 3339 time; zero if there is none.
func timeIn(v any) time.Time {
	s, _ := v.(string)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// AuthenticatedByApp adds the proof of a COMPLETED authentication code: the app on a
// paired phone vouched for its user.
func AuthenticatedByApp() Shape {
	return func(a Answer, done *connector.Complete) {
		if a.Body["status"] == "COMPLETED" {
			done.Proof = proofOf(a, IDOf(a.Embedded("device")), "MOBILE")
		}
	}
}

// ProvedByPassword adds the proof of a password, whose check carries no time.
func (c Client) ProvedByPassword(userID string) Shape {
	return func(a Answer, done *connector.Complete) {
		done.Proof = &connector.Proof{UserID: userID, Methods: []string{"pwd"}, At: c.Now().UTC(), Epoch: a.passwordEpoch()}
	}
}
