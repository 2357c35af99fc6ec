package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/totp"
)

// Validate checks a policy from outside before Complete. Members that an older SDK
// drops may be absent.
func (p *Policy) Validate() error {
	switch {
	case strings.TrimSpace(p.Name) == "":
		return rest.Required("name")
	case len(p.Name) > 256:
		return rest.TooLong("name", 256)
	}
	required := []struct {
		name string
		ok   bool
	}{{"sms", p.SMS != nil}, {"voice", p.Voice != nil}, {"email", p.Email != nil},
		{"mobile", p.Mobile != nil}, {"totp", p.TOTP != nil}}
	for _, m := range required {
		if !m.ok {
			return rest.Required(m.name)
		}
	}
	if a := p.Authentication; a != nil && a.DeviceSelection != "" {
		if err := rest.OneOf("authentication.deviceSelection", a.DeviceSelection, DefaultToFirst, PromptToSelect, AlwaysDisplayAll); err != nil {
			return err
		}
	}
	if n := p.NewDeviceNotification; n != "" {
		if err := rest.OneOf("newDeviceNotification", n, "NONE", "EMAIL_THEN_SMS", "SMS_THEN_EMAIL"); err != nil {
			return err
		}
	}
	if err := p.RememberMe.validate(); err != nil {
		return err
	}
	return p.validateMethods()
}

// limits are the ranges of a method's numbers.
type limits struct {
	coolMin, coolMax time.Duration
	sent             bool // has lifeTime and otpLength
}

func (p *Policy) validateMethods() error {
	sent := limits{coolMax: 30 * time.Minute, sent: true}
	made := limits{coolMin: 2 * time.Minute, coolMax: 30 * time.Minute}
	methods := []struct {
		name string
		m    *Method
		l    limits
	}{
		{"sms", p.SMS, sent}, {"voice", p.Voice, sent}, {"email", p.Email, sent}, {"whatsApp", p.WhatsApp, sent},
		{"totp", p.TOTP, made}, {"oathToken", p.OATHToken, limits{coolMin: time.Second, coolMax: 30 * time.Minute}},
	}
	for _, m := range methods {
		if m.m == nil {
			continue
		}
		if err := validateOTP(m.name+".otp", m.m.OTP, m.l); err != nil {
			return err
		}
	}
	if g := p.TOTP.PasscodeGracePeriod; g != 0 && (g < 1 || g > 10) {
		return rest.Outside("totp.passcodeGracePeriod", 1, 10)
	}
	for name := range p.TOTP.URIParameters {
		if name == "" || totp.Reserved(name) {
			return rest.Invalid("totp.uriParameters", fmt.Sprintf("must not set %q", name))
		}
	}
	if err := p.Mobile.validate(made); err != nil {
		return err
	}
	if p.FIDO2 != nil {
		return validateFailure("fido2.failure", p.FIDO2.Failure, made)
	}
	return nil
}

func validateOTP(at string, o *OTP, l limits) error {
	if o == nil {
		return nil
	}
	if err := validateFailure(at+".failure", o.Failure, l); err != nil {
		return err
	}
	if !l.sent {
		return nil
	}
	if n := o.OTPLength; n != 0 && (n < 6 || n > 10) {
		return rest.Outside(at+".otpLength", 6, 10)
	}
	if o.LifeTime == nil {
		return nil
	}
	return o.LifeTime.Check(at+".lifeTime", time.Second, 24*time.Hour, "MINUTES", "SECONDS")
}

func validateFailure(at string, f *Failure, l limits) error {
	if f == nil {
		return nil
	}
	if f.Count < 1 || f.Count > 7 {
		return rest.Outside(at+".count", 1, 7)
	}
	if f.CoolDown == nil {
		return nil
	}
	return f.CoolDown.Check(at+".coolDown", l.coolMin, l.coolMax, "MINUTES", "SECONDS")
}
