package authn

import (
	"net/http"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// checkOTP answers otp.check: lock check, attempt counted, comparison, verdict, all
// under the user's latch and in one commit. The counters are the user's and device's,
// whichever authentication the code was sent for; those of a one-time device are the
// authentication's own.
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
	d, hot := x.selected()
	res, err := s.verify(c, x, d, hot, guess)
	if err != nil {
		return rest.Reply{}, err
	}
	if res.Verdict != otp.Right {
		return rest.Reply{}, s.refused(c, x, res)
	}
	if forgiven := x.account.CodeRight(); forgiven || res.Changed && x.Once == nil {
		if err := x.saveAccount(c); err != nil {
			return rest.Reply{}, err
		}
	}
	if err := s.done(c, x, d); err != nil {
		return rest.Reply{}, err
	}
	if err := s.update(c, x, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return s.reply(c, x)
}

// try is a guess at the code of a device.
func (s *Authentications) try(c *rest.Call, x *session, d *device.Record, hot *account.Device, guess string) device.Try {
	return device.Try{Device: hot, Rule: s.rule(x, d), Grace: x.policy.Grace(), Code: x.Code, Purpose: x.ID,
		Guess: guess, Now: c.Tx.Now()}
}

// checkable refuses a code where none can be checked: in a state without one, for a
// device that is gone, for a user who may not authenticate. While the selected device
// cools down it says so, whatever the state.
func (s *Authentications) checkable(c *rest.Call, x *session) error {
	d, hot := x.selected()
	if _, ok := next(x.Status, CodeRight); !ok {
		if d != nil && x.Status != Completed && (unusable(hot, c.Tx.Now()) || x.takesCode(d) && x.mustWait(c, d)) {
			return otp.Refusal(otp.Result{Verdict: otp.TooMany})
		}
		return x.move(CodeRight)
	}
	if d == nil {
		return otp.Refusal(otp.Result{Verdict: otp.Expired})
	}
	if err := x.checkMayAuthenticate(c.Tx.Now()); err != nil {
		return err
	}
	if x.Once == nil && !s.served(x, d) || x.Once != nil && !s.standsBehind(x) {
		return s.leaveMethod(c, x)
	}
	if !x.takesCode(d) {
		return x.refuse()
	}
	return nil
}

// leaveMethod moves a session whose method the policy allows no more, and gives the refusal:
// the session is to be read anew.
func (s *Authentications) leaveMethod(c *rest.Call, x *session) error {
	refusal := rest.Plain(http.StatusBadRequest, rest.InvalidRequest,
		"The request could not be completed. The policy does not allow this device any more.")
	if x.Once == nil {
		if err := s.lost(c, x); err != nil {
			return err
		}
		return refusal.Keep()
	}
	if err := x.move(UsedUp); err != nil {
		return err
	}
	x.Code, x.Error = nil, &failure{Code: "NO_USABLE_DEVICES", Message: "The policy does not allow the method any more"}
	if err := s.update(c, x, rest.Failed); err != nil {
		return err
	}
	return refusal.Keep()
}

// unusable reports whether a device is locked or blocked.
func unusable(d *account.Device, now time.Time) bool {
	_, locked := d.Locked(now)
	return locked || d.Blocked()
}

// done ends the session with success; the caller saves it. The code is forgotten: it
// cannot be used again.
func (s *Authentications) done(c *rest.Call, x *session, d *device.Record) error {
	if err := x.move(CodeRight); err != nil {
		return err
	}
	k, _ := device.KindOf(d.Type)
	if k.Sent() {
		if err := s.Notify.Prove(c, x.User, k.Channel, d.Address); err != nil {
			return err
		}
	}
	x.Code, x.AMR = nil, append([]string{"mfa"}, k.AMR...)
	return audited(c, "OTP.CHECK_SUCCESS", x, rest.Success)
}

// refused writes what a code that was not accepted leads to, and gives the refusal. A
// guess that counted is an event; one that was turned away uncompared is not.
func (s *Authentications) refused(c *rest.Call, x *session, res otp.Result) error {
	if res.Verdict == otp.Expired && x.Code != nil && x.Code.Kill() {
		if err := x.save(c); err != nil {
			return err
		}
	}
	if !res.Changed {
		return otp.Refusal(res).Keep()
	}
	event := "OTP.CHECK_INVALID"
	if res.Verdict == otp.TooMany {
		event = "OTP.CHECK_FAILED"
	}
	if err := audited(c, event, x, rest.Failed); err != nil {
		return err
	}
	if err := s.counted(c, x, res); err != nil {
		return err
	}
	return otp.Refusal(res).Keep()
}

// counted saves the count of a wrong code, and what follows from it: a device that is
// locked or blocked, an account that is, the end of a one-time device.
func (s *Authentications) counted(c *rest.Call, x *session, res otp.Result) error {
	struck, err := policy.Strike(c, x.account)
	if err != nil {
		return err
	}
	if struck || x.Once == nil {
		if err := x.saveAccount(c); err != nil {
			return err
		}
	}
	if x.Once != nil {
		return s.countedOnce(c, x, res)
	}
	return s.consequences(c, x, res)
}

// consequences tells of a device that a failure has locked or blocked, and looks for
// another.
func (s *Authentications) consequences(c *rest.Call, x *session, res otp.Result) error {
	if err := device.Consequences(c, x.User, x.Device, res.Failure); err != nil {
		return err
	}
	if res.Locked || res.Blocked || res.Waits {
		return s.lost(c, x)
	}
	return nil
}

// countedOnce ends an authentication whose one-time device has no try left.
func (s *Authentications) countedOnce(c *rest.Call, x *session, res otp.Result) error {
	if res.Left > 0 {
		return x.save(c)
	}
	if err := x.move(UsedUp); err != nil {
		return err
	}
	x.Code = nil
	x.Error = &failure{Code: rest.TooManyOTPRetries, Message: "Too many wrong OTPs were provided"}
	return s.update(c, x, rest.Failed)
}

// lost moves a session whose device has just been locked: to the choice of another, or
// to FAILED when there is none.
func (s *Authentications) lost(c *rest.Call, x *session) error {
	x.Code, x.Ask = nil, nil
	for _, d := range x.devices {
		if s.usable(c, x, d) && !x.mute(d) {
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
