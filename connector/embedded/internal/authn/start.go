package authn

import (
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
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
	Application    *rest.Ref      `json:"application"`

	// RP overrides the relying party of the FIDO2 policy. With it and without a user,
	// whoever holds a passkey of it signs on.
	RP       *rest.Ref        `json:"rp"`
	WebAuthn *device.WebAuthn `json:"webAuthn"`
}

// usernameless reports whether the passkey shall say who the user is.
func (b *start) usernameless() bool { return b.User == nil && b.RP != nil }

// selection is the device that a request wants: one of the user's, an address to be used
// once, or the one whose code is given. Account and Passkey are ours, for strangers: an
// address of the account, for a code that was sent elsewhere would prove nothing, and
// whichever passkey the user has.
type selection struct {
	ID      string   `json:"id"`
	OTP     *string  `json:"otp"`
	OneTime *oneTime `json:"oneTime"`
	Account *oneTime `json:"account"`
	Passkey bool     `json:"passkey"`
}

type oneTime struct {
	Type     string  `json:"type"`
	Email    *string `json:"email"`
	Phone    *string `json:"phone"`
	TestMode bool    `json:"testMode"`
}

// oneTimeAddress is the address that is chosen, and the member that it is in.
func (d *selection) oneTimeAddress() (*oneTime, string) {
	switch {
	case d == nil:
		return nil, ""
	case d.Account != nil:
		return d.Account, "selectedDevice.account."
	}
	return d.OneTime, "selectedDevice.oneTime."
}

// validate checks what can be checked without the store.
func (b *start) validate() error {
	switch {
	case b.usernameless() && b.SelectedDevice != nil:
		return rest.Invalid("selectedDevice", "cannot be given without a user")
	case b.usernameless():
	case b.User == nil || b.User.ID == "":
		return rest.Required("user.id")
	case !rest.IsID(b.User.ID):
		return rest.Missing()
	case b.MobilePayload != "" && (b.Application == nil || b.Application.ID == ""):
		return rest.Required("application.id")
	}
	if b.RP != nil && b.RP.ID != "" {
		if err := device.ValidRPID("rp.id", b.RP.ID); err != nil {
			return err
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
	case (d.Account != nil || d.Passkey) && (d.ID != "" || d.OTP != nil || d.OneTime != nil || d.Account != nil && d.Passkey):
		return rest.Invalid("selectedDevice", "must have account or passkey alone")
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
