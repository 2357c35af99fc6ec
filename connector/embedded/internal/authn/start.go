package authn

import (
	"encoding/base64"
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// start is the body of an initialization.
type start struct {
	User           *rest.Ref      `json:"user"`
	Policy         *rest.Ref      `json:"policy"`
	SelectedDevice *selection     `json:"selectedDevice"`
	Notification   *notify.Choice `json:"notification"`
	Compatibility  string         `json:"compatibility"`
	MobilePayload  string         `json:"mobilePayload"`
	WebAuthn       *struct {
		Challenge string `json:"challenge"`
	} `json:"webAuthn"`
}

// selection is the device that a request wants: one of the user's, an address to be used
// once, or the one whose code is given.
type selection struct {
	ID      string  `json:"id"`
	OTP     *string `json:"otp"`
	OneTime *struct {
		Type     string  `json:"type"`
		Email    *string `json:"email"`
		Phone    *string `json:"phone"`
		TestMode bool    `json:"testMode"`
	} `json:"oneTime"`
}

// minChallenge is how many bytes a challenge of one's own must have.
const minChallenge = 32

// validate checks what can be checked without the store. A challenge and compatibility
// concern passkeys, a mobilePayload the native app; no type that is served has any, so
// the first two select nothing, and the third cannot be honoured.
func (b *start) validate() error {
	switch {
	case b.User == nil || b.User.ID == "":
		return rest.Required("user.id")
	case !rest.IsID(b.User.ID):
		return rest.Missing()
	case b.MobilePayload != "":
		return rest.Invalid("mobilePayload", "is of no native application that is known here")
	}
	if b.WebAuthn != nil && b.WebAuthn.Challenge != "" {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(b.WebAuthn.Challenge, "="))
		if err != nil || len(raw) < minChallenge {
			return rest.Invalid("webAuthn.challenge", "must be base64url of at least 32 bytes")
		}
	}
	if err := compatible(b.Compatibility); err != nil {
		return err
	}
	if b.SelectedDevice == nil {
		return nil
	}
	return b.SelectedDevice.validate()
}

func (d *selection) validate() error {
	switch {
	case d.OneTime != nil && d.ID != "":
		return rest.Invalid("selectedDevice", "must have either id or oneTime")
	case d.OneTime != nil && d.OTP != nil:
		return rest.Invalid("selectedDevice.otp", "cannot be known before it is sent to a one-time device")
	case d.OTP != nil && *d.OTP == "":
		return rest.Empty("selectedDevice.otp")
	}
	return nil
}

// compatible checks what a browser is said to be able to do with passkeys.
func compatible(s string) error {
	switch s {
	case "", "FULL", "SECURITY_KEY_ONLY", "NONE":
		return nil
	}
	allowed := []string{"FULL", "SECURITY_KEY_ONLY", "NONE"}
	return rest.Invalid("compatibility", "must be one of "+strings.Join(allowed, ", ")).With("allowedValues", allowed)
}
