package device

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/mask"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
)

// Way is how a device proves that its user is there.
type Way int

// The ways.
const (
	Sends Way = iota + 1 // a code is sent to it
	Makes                // it makes codes itself
	Signs                // it signs a challenge: a passkey
	Asks                 // its app asks its user, or makes codes itself
)

// Kind is what the service must know of a device type. A new type is a new entry of
// kinds; routes, tables and records stay.
type Kind struct {
	Type    string
	Label   string // for typeDisplayNames
	Way     Way
	Channel string // the channel that reaches it; "" when nothing is sent to it
	Target  string // the attribute that holds the address; "" without one
	Syntax  string // what a valid address is
	Valid   func(address string) bool
	Mask    func(address string) string
	Fold    func(address string) string // equal for all spellings of an address
	AMR     []string                    // what it adds to authenticators (RFC 8176); a passkey says more of itself
	Former  bool                        // deprecated: still served, not offered
}

// The types of passkeys; the last two are deprecated (seed 000).
const (
	fido2Type       = "FIDO2"
	platformType    = "PLATFORM"
	securityKeyType = "SECURITY_KEY"
)

// kinds are the types that this service can pair and challenge, in the order in which
// they are offered. Nothing changes them.
var kinds = makeKinds()

func makeKinds() []Kind {
	kinds := []Kind{
		{Type: fido2Type, Label: "Passkey", Way: Signs},
		{Type: "EMAIL", Label: "Email", Way: Sends, Channel: "EMAIL", Target: "email", AMR: []string{"otp"}},
		{Type: "SMS", Label: "SMS", Way: Sends, Channel: "SMS", Target: "phone", AMR: []string{"otp", "sms"}},
		{Type: "VOICE", Label: "Voice", Way: Sends, Channel: "VOICE", Target: "phone", AMR: []string{"otp", "tel"}},
		{Type: "WHATSAPP", Label: "WhatsApp", Way: Sends, Channel: "WHATSAPP", Target: "phone", AMR: []string{"otp"}},
		{Type: "TOTP", Label: "Authenticator App", Way: Makes, AMR: []string{"otp"}},
		{Type: securityKeyType, Label: "Security Key", Way: Signs, Former: true},
		{Type: platformType, Label: "Biometrics", Way: Signs, Former: true},
		{Type: Phone, Label: "Mobile App", Way: Asks, Channel: "PUSH", AMR: []string{"otp"}},
	}
	for i := range kinds {
		switch k := &kinds[i]; k.Target {
		case "email":
			k.Syntax, k.Valid, k.Mask, k.Fold = "must be a valid e-mail address", address.ValidEmail, mask.Email, address.Fold
		case "phone":
			k.Syntax = "must be well formed: a leading plus sign, a valid country code and the number"
			k.Valid, k.Mask, k.Fold = address.ValidPhone, mask.Phone, address.Digits
		}
	}
	return kinds
}

// KindOf finds a type.
func KindOf(deviceType string) (Kind, bool) {
	for i := range kinds {
		if kinds[i].Type == deviceType {
			return kinds[i], true
		}
	}
	return Kind{}, false
}

// Phone is the type of a native app on a phone, which is paired from there alone.
const Phone = "MOBILE"

// reaches reports whether a device of the kind can be of use: its channel has a sender, or
// it also works without.
func (k Kind) reaches(n notify.Notifier, test bool) bool {
	return k.Way == Asks && !test || n.Reaches(k.Channel, test)
}

// Sent reports whether codes are sent to the device.
func (k Kind) Sent() bool { return k.Way == Sends }
