package authn

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// checkFirst checks the code that came with the initialization: against the device that
// it names, else against every usable device that makes its codes itself. A wrong one is
// counted once for each of them, and no authentication begins.
func (s *Authentications) checkFirst(c *rest.Call, x *session, want *selection) error {
	devices, err := s.firstOf(c, x, want.ID)
	if err != nil {
		return err
	}
	tried := make([]account.Device, len(devices))
	results := make([]otp.Result, len(devices))
	for i, d := range devices {
		tried[i] = *x.account.Device(d.ID)
		results[i] = s.tryFirst(c, x, d, &tried[i], *want.OTP)
		if results[i].Verdict == otp.Right {
			*x.account.Device(d.ID) = tried[i]
			if _, err := x.guesses.Record(c, results[i], x.targets(d)...); err != nil {
				return err
			}
			return s.completeFirst(c, x, d)
		}
	}
	for i, d := range devices {
		*x.account.Device(d.ID) = tried[i]
	}
	return s.refuseFirst(c, x, devices, results)
}

// firstOf lists the devices that a code may be of before any was sent.
func (s *Authentications) firstOf(c *rest.Call, x *session, id string) ([]*device.Record, error) {
	if id != "" {
		d, err := s.choosable(c, x, id, "selectedDevice.id")
		if err != nil {
			return nil, err
		}
		if !x.takesCode(d) {
			return nil, rest.Invalid("selectedDevice.otp", "is not for this device: it has no codes")
		}
		return []*device.Record{d}, nil
	}
	var out []*device.Record
	lockedOut := false
	for _, d := range x.devices {
		if k, _ := device.KindOf(d.Type); k.Sent() || !s.served(x, d) || !x.takesCode(d) {
			continue
		}
		if unusable(x.account.Device(d.ID), c.Tx.Now()) || x.mustWait(c, d) {
			lockedOut = true
			continue
		}
		out = append(out, d)
	}
	switch {
	case len(out) > 0:
		return out, nil
	case lockedOut:
		return nil, otp.Refusal(otp.Result{Verdict: otp.TooMany})
	}
	return nil, rest.Refuse(rest.InvalidData, rest.InvalidOTP, "otp", "Wrong OTP was provided: no device makes codes")
}

// tryFirst is one guess. To a device whose codes are sent none was sent yet: the guess
// cannot be right, and counts.
func (s *Authentications) tryFirst(c *rest.Call, x *session, d *device.Record, hot *account.Device, guess string) otp.Result {
	t := s.try(c, x, d, hot, guess)
	if k, _ := device.KindOf(d.Type); k.Sent() {
		return otp.Miss(hot, t.Rule, t.Now)
	}
	return d.Verify(s.Checker, t)
}

func (s *Authentications) completeFirst(c *rest.Call, x *session, d *device.Record) error {
	x.Device = d.ID
	if err := x.move(SelectedCode); err != nil {
		return err
	}
	x.account.CodeRight()
	if err := x.saveAccount(c); err != nil {
		return err
	}
	return s.done(c, x, d)
}

// refuseFirst writes what a wrong code leads to, and gives the refusal: INVALID_OTP while
// one of the devices has tries left.
func (s *Authentications) refuseFirst(c *rest.Call, x *session, devices []*device.Record, results []otp.Result) error {
	var worst otp.Result
	for i, d := range devices {
		res, err := x.guesses.Record(c, results[i], x.targets(d)...)
		if err != nil {
			return err
		}
		event := "OTP.CHECK_INVALID"
		if res.Verdict == otp.TooMany {
			event = "OTP.CHECK_FAILED"
		}
		if err := c.Audit(rest.Event{Type: event, User: x.User, ResourceType: "DEVICE", ResourceID: d.ID, Result: rest.Failed}); err != nil {
			return err
		}
		if err := device.Consequences(c, x.User, d.ID, res.Failure); err != nil {
			return err
		}
		if i == 0 || worst.Verdict == otp.TooMany || res.Verdict == otp.Wrong && res.Left < worst.Left {
			worst = res
		}
	}
	if _, err := policy.Strike(c, x.account); err != nil {
		return err
	}
	if err := x.saveAccount(c); err != nil {
		return err
	}
	return otp.Refusal(worst).Keep()
}
