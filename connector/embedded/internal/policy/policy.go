package policy

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/span"
)

// Policy is a device authentication policy. Pointers tell absent members from false.
type Policy struct {
	Links                     rest.LinkSet    `json:"_links,omitempty"`
	ID                        string          `json:"id"`
	Environment               *rest.Ref       `json:"environment,omitempty"`
	Name                      string          `json:"name"`
	Default                   bool            `json:"default"`
	ForSignOnPolicy           bool            `json:"forSignOnPolicy"`
	NewDeviceNotification     string          `json:"newDeviceNotification,omitempty"`
	Authentication            *Authentication `json:"authentication,omitempty"`
	IgnoreUserLock            bool            `json:"ignoreUserLock"`
	BlockDisabledUsers        *bool           `json:"blockDisabledUsers,omitempty"`
	BlockUsersWithDisabledMFA bool            `json:"blockUsersWithDisabledMfa"`
	NotificationsPolicy       *rest.Ref       `json:"notificationsPolicy,omitempty"`
	RememberMe                *RememberMe     `json:"rememberMe,omitempty"`
	SMS                       *Method         `json:"sms"`
	Voice                     *Method         `json:"voice"`
	Email                     *Method         `json:"email"`
	WhatsApp                  *Method         `json:"whatsApp,omitempty"`
	Mobile                    *Mobile         `json:"mobile"`
	TOTP                      *Method         `json:"totp"`
	FIDO2                     *FIDO2          `json:"fido2,omitempty"`
	OATHToken                 *Method         `json:"oathToken,omitempty"`
	CreatedAt                 *rest.Time      `json:"createdAt,omitempty"`
	UpdatedAt                 *rest.Time      `json:"updatedAt,omitempty"`
}

// Authentication says how a device is chosen.
type Authentication struct {
	DeviceSelection string `json:"deviceSelection"`
}

// The ways to choose a device.
const (
	DefaultToFirst   = "DEFAULT_TO_FIRST"
	PromptToSelect   = "PROMPT_TO_SELECT"
	AlwaysDisplayAll = "ALWAYS_DISPLAY_DEVICES"
)

// Method is one authentication method with passcodes.
type Method struct {
	Enabled                    bool              `json:"enabled"`
	PairingDisabled            bool              `json:"pairingDisabled,omitempty"`
	PromptForNicknameOnPairing bool              `json:"promptForNicknameOnPairing,omitempty"`
	OTP                        *OTP              `json:"otp,omitempty"`
	PasscodeGracePeriod        int               `json:"passcodeGracePeriod,omitempty"` // TOTP: windows either side
	URIParameters              map[string]string `json:"uriParameters,omitempty"`       // TOTP
}

// OTP is the passcode part of a method.
type OTP struct {
	Failure   *Failure       `json:"failure,omitempty"`
	LifeTime  *span.Duration `json:"lifeTime,omitempty"`
	OTPLength int            `json:"otpLength,omitempty"`
	Window    *Window        `json:"window,omitempty"` // MOBILE
}

// Window is the step of passcodes that an app makes.
type Window struct {
	StepSize *span.Duration `json:"stepSize"`
}

// Failure says what wrong codes lead to.
type Failure struct {
	Count    int            `json:"count"`
	CoolDown *span.Duration `json:"coolDown"`
}

// Mobile is the method of native apps.
type Mobile struct {
	Enabled                    bool  `json:"enabled"`
	PairingDisabled            bool  `json:"pairingDisabled,omitempty"`
	PromptForNicknameOnPairing bool  `json:"promptForNicknameOnPairing,omitempty"`
	OTP                        *OTP  `json:"otp,omitempty"`
	Applications               []App `json:"applications,omitempty"`
}

// FIDO2 is the passkey method.
type FIDO2 struct {
	Enabled                    bool     `json:"enabled"`
	PairingDisabled            bool     `json:"pairingDisabled,omitempty"`
	PromptForNicknameOnPairing bool     `json:"promptForNicknameOnPairing,omitempty"`
	FIDO2PolicyID              string   `json:"fido2PolicyId,omitempty"`
	Failure                    *Failure `json:"failure,omitempty"`
}

func lasting(n int, unit string) *span.Duration {
	return &span.Duration{Duration: n, TimeUnit: unit}
}

// Method returns the passcode method of a device type, or nil.
func (p *Policy) Method(deviceType string) *Method {
	return map[string]*Method{
		"SMS": p.SMS, "VOICE": p.Voice, "EMAIL": p.Email, "WHATSAPP": p.WhatsApp,
		"TOTP": p.TOTP, "OATH_TOKEN": p.OATHToken,
	}[deviceType]
}

// Enabled reports whether a device type may authenticate, and whether it may be paired.
func (p *Policy) Enabled(deviceType string) (use, pair bool) {
	switch deviceType {
	case "FIDO2", "PLATFORM", "SECURITY_KEY":
		return p.FIDO2 != nil && p.FIDO2.Enabled, p.FIDO2 != nil && p.FIDO2.Enabled && !p.FIDO2.PairingDisabled
	case "MOBILE":
		return p.Mobile.use()
	}
	m := p.Method(deviceType)
	return m != nil && m.Enabled, m != nil && m.Enabled && !m.PairingDisabled
}

// Rule is what the policy says about wrong codes of a device type. row is the number of
// failures in a row that block a device, a limit beyond the policy.
func (p *Policy) Rule(deviceType string, row int) account.Rule {
	f := p.failure(deviceType)
	return account.Rule{Count: f.Count, CoolDown: f.CoolDown.Value(), Row: row}
}

// failure is the default for a method that the policy had when a device was asked, and has
// no more.
func (p *Policy) failure(deviceType string) *Failure {
	switch deviceType {
	case "MOBILE":
		return p.Mobile.OTP.Failure
	case "FIDO2", "PLATFORM", "SECURITY_KEY":
		if p.FIDO2 != nil {
			return p.FIDO2.Failure
		}
	default:
		if m := p.Method(deviceType); m != nil {
			return m.OTP.Failure
		}
	}
	return completeFailure(nil, 2).Failure
}

// Grace is how many steps before and after now a code of an authenticator app is good.
func (p *Policy) Grace() int { return p.TOTP.PasscodeGracePeriod }

// Selection is the way a device is chosen.
func (p *Policy) Selection() string { return p.Authentication.DeviceSelection }

// RefusesDisabled reports whether disabled users may not authenticate. True unless the
// policy says otherwise.
func (p *Policy) RefusesDisabled() bool { return p.BlockDisabledUsers == nil || *p.BlockDisabledUsers }
