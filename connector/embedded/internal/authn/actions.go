package authn

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// selectDevice answers device.select. The same device again is how a code is sent anew:
// the old one is dead, the failures count on.
func (s *Authentications) selectDevice(c *rest.Call) (rest.Reply, error) {
	var b struct {
		Device *rest.Ref `json:"device"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if b.Device == nil || b.Device.ID == "" {
		return rest.Reply{}, rest.Required("device.id")
	}
	x, err := s.latched(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if _, ok := next(x.Status, SelectedCode); !ok {
		return rest.Reply{}, x.move(SelectedCode)
	}
	if err := x.fits(); err != nil {
		return rest.Reply{}, err
	}
	if err := s.again(x, x.device(b.Device.ID)); err != nil {
		return rest.Reply{}, err
	}
	code, err := s.challenge(c, x, b.Device.ID, "device.id")
	if err != nil {
		return rest.Reply{}, err
	}
	if err := s.update(c, x, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(withTest(s.show(c, x), x, code))
}

// again counts a code that is sent to a device anew, and refuses one too many. A device
// that was never challenged here begins at zero; one that makes its codes itself is sent
// none.
func (s *Authentications) again(x *session, d *device.Record) error {
	if d == nil {
		return nil
	}
	if k, _ := device.KindOf(d.Type); !k.Sent() {
		return nil
	}
	id := d.ID
	n, before := x.Resent[id]
	if !before && x.Device != id {
		if x.Resent == nil {
			x.Resent = map[string]int{}
		}
		x.Resent[id] = 0
		return nil
	}
	if s.Resends > 0 && n >= s.Resends {
		return rest.Refuse(rest.RequestFailed, rest.LimitExceeded, "", "Maximum allowed resends has been reached").
			With("maximumAllowed", s.Resends)
	}
	if x.Resent == nil {
		x.Resent = map[string]int{}
	}
	x.Resent[id] = n + 1
	return nil
}

func (s *Authentications) update(c *rest.Call, x *session, result string) error {
	if err := x.save(c); err != nil {
		return err
	}
	return audited(c, "AUTHENTICATION.UPDATED", x, result)
}

// checkOTP answers otp.check: lock check, attempt counted, comparison, verdict, all
// under the user's latch and in one commit. The counters are the user's and device's,
// whichever authentication the code was sent for.
func (s *Authentications) checkOTP(c *rest.Call) (rest.Reply, error) {
	guess, err := otp.Guess(c)
	if err != nil {
		return rest.Reply{}, err
	}
	x, err := s.latched(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := s.checkable(c, x); err != nil {
		return rest.Reply{}, err
	}
	d, hot := x.device(x.Device), x.account.Device(x.Device)
	res := d.Verify(s.Checker, s.try(c, x, d, hot, guess))
	if res.Changed {
		if err := x.account.Save(c.Tx, c.Env); err != nil {
			return rest.Reply{}, err
		}
	}
	if res.Verdict == otp.Expired && x.Code != nil && x.Code.Kill() {
		if err := x.save(c); err != nil {
			return rest.Reply{}, err
		}
	}
	if res.Verdict != otp.Right {
		return rest.Reply{}, s.refused(c, x, res)
	}
	if err := s.complete(c, x, d); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(s.show(c, x))
}

// try is a guess at the code of a device.
func (s *Authentications) try(c *rest.Call, x *session, d *device.Record, hot *account.Device, guess string) device.Try {
	return device.Try{Device: hot, Rule: x.policy.Rule(d.Type, s.Row), Grace: x.policy.Grace(), Code: x.Code, Purpose: x.ID,
		Guess: guess, Now: c.Tx.Now()}
}

// checkable refuses a code where none can be checked: in a state without one, for a
// device that is gone, for a user who may not authenticate. While the selected device
// cools down it says so, whatever the state.
func (s *Authentications) checkable(c *rest.Call, x *session) error {
	hot := x.account.Device(x.Device)
	if _, ok := next(x.Status, CodeRight); !ok {
		if hot != nil && x.Status != Completed && out(hot, c.Tx.Now()) {
			return otp.Refusal(otp.Result{Verdict: otp.TooMany})
		}
		return x.move(CodeRight)
	}
	if x.device(x.Device) == nil {
		return otp.Refusal(otp.Result{Verdict: otp.Expired})
	}
	return x.fits()
}

// out reports whether a device is locked or blocked.
func out(d *account.Device, now time.Time) bool {
	_, locked := d.Locked(now)
	return locked || d.Blocked()
}

// complete ends the session with success. The code is forgotten: it cannot be used
// again.
func (s *Authentications) complete(c *rest.Call, x *session, d *device.Record) error {
	if err := x.move(CodeRight); err != nil {
		return err
	}
	k, _ := device.KindOf(d.Type)
	x.Code, x.AMR = nil, append([]string{"mfa"}, k.AMR...)
	if err := audited(c, "OTP.CHECK_SUCCESS", x, rest.Success); err != nil {
		return err
	}
	return s.update(c, x, rest.Success)
}

// refused writes what a code that was not accepted leads to, and gives the refusal. A
// guess that counted is an event; one that was turned away uncompared is not.
func (s *Authentications) refused(c *rest.Call, x *session, res otp.Result) error {
	event := "OTP.CHECK_INVALID"
	if res.Verdict == otp.TooMany {
		event = "OTP.CHECK_FAILED"
	}
	if res.Changed {
		if err := audited(c, event, x, rest.Failed); err != nil {
			return err
		}
	}
	if err := device.Consequences(c, x.User, x.Device, res.Failure); err != nil {
		return err
	}
	if res.Locked || res.Blocked {
		if err := s.lost(c, x); err != nil {
			return err
		}
	}
	return otp.Refusal(res).Keep()
}

// lost moves a session whose device has just been locked: to the choice of another, or
// to FAILED when there is none.
func (s *Authentications) lost(c *rest.Call, x *session) error {
	x.Code = nil
	for _, d := range x.devices {
		if s.usable(c, x, d) {
			if err := x.move(DeviceLocked); err != nil {
				return err
			}
			return s.update(c, x, rest.Success)
		}
	}
	if err := s.noDevice(c, x); err != nil {
		return err
	}
	return s.update(c, x, rest.Failed)
}

// cancel answers cancel.push.authentication, in every open state: to choose or add
// another device, or for good.
func (s *Authentications) cancel(c *rest.Call) (rest.Reply, error) {
	var b struct {
		Reason string `json:"reason"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	x, err := s.latched(c)
	if err != nil {
		return rest.Reply{}, err
	}
	event, result := Canceled, rest.Failed
	if b.Reason == "CHANGE_DEVICE" || b.Reason == "ADD_DEVICE" {
		event, result = ChangeDevice, rest.Success
	}
	if err := x.move(event); err != nil {
		return rest.Reply{}, err
	}
	x.Code = nil
	if event == Canceled {
		x.Error = &failure{Code: "AUTHENTICATION_CANCELED", Message: "The authentication was canceled"}
	}
	if err := s.update(c, x, result); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(s.show(c, x))
}
