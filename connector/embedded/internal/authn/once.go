package authn

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// once is a one-time device: an address that is the user's for this authentication only.
// It is paired with nobody, so its failures are counted here, and nothing is locked.
type once struct {
	Type    string         `json:"t"`
	Address string         `json:"a"`
	Test    bool           `json:"x,omitempty"`
	Count   account.Device `json:"c"` // of this authentication
}

// useOnce challenges the one-time device of a request.
func (s *Authentications) useOnce(c *rest.Call, x *session, want *selection) (string, error) {
	o, at := want.oneTimeAddress()
	if o.Type == "" {
		return "", rest.Required(at + "type")
	}
	k, known := device.KindOf(o.Type)
	if !known || !k.Sent() {
		return "", rest.Invalid(at+"type", "is not a type that can be used once here")
	}
	if o.TestMode && !s.Notify.Test {
		return "", rest.Invalid(at+"testMode", "is not permitted in this environment")
	}
	if use, _ := x.policy.Enabled(k.Type); !use || !s.Notify.Reaches(k.Channel, o.TestMode) {
		return "", rest.Invalid(at+"type", "is not allowed by the device authentication policy, or has no sender")
	}
	to, err := k.Address(at, o.Email, o.Phone)
	if err != nil {
		return "", err
	}
	if err := x.move(SelectedCode); err != nil {
		return "", err
	}
	x.Once = &once{Type: k.Type, Address: to, Test: o.TestMode, Count: account.Device{ID: x.ID}}
	if x.Discreet {
		if err := s.useOwnAddress(c, x); err != nil {
			return "", err
		}
	}
	if err := s.loadOnce(c, x); err != nil {
		return "", err
	}
	d, count := x.selected()
	if x.mustWait(c, d) {
		return "", otp.Refusal(otp.Result{Verdict: otp.TooMany})
	}
	return s.code(c, x, d, count)
}

// selected is the device that is challenged and what counts its failures; nil without
// one, or when it is gone.
func (x *session) selected() (*device.Record, *account.Device) {
	if o := x.Once; o != nil {
		return &device.Record{ID: x.ID, Type: o.Type, Address: o.Address, Test: o.Test}, &o.Count
	}
	if d := x.device(x.Device); d != nil {
		return d, x.account.Device(d.ID)
	}
	return nil, nil
}

// rule is what the policy says about wrong codes of the selected device. A one-time
// device is never locked or blocked.
func (s *Authentications) rule(x *session, d *device.Record) account.Rule {
	if x.Once != nil {
		return account.Rule{Count: x.policy.Rule(d.Type, 0).Count}
	}
	return x.policy.Rule(d.Type, s.Row)
}
