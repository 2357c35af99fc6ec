package device

import (
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// activate answers device.activate: the code that was sent, or that the app shows, or the
// attestation of a passkey, makes the device ACTIVE and puts it at the end of the order.
func (s *Devices) activate(c *rest.Call) (rest.Reply, error) {
	a, r, p, err := s.waiting(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if _, pair := p.Enabled(r.Type); !pair {
		return rest.Reply{}, rest.Invalid("type", "is not allowed by the device authentication policy any more")
	}
	if k, _ := KindOf(r.Type); k.Way == Signs {
		return s.activatePasskey(c, a, r)
	}
	guess, err := otp.Guess(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if a.CodesLocked(c.Tx.Now()) {
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.PasswordLockedOut, "user.id", "The account is locked")
	}
	res, err := s.verifyPairing(c, a, r, p, guess)
	if err != nil {
		return rest.Reply{}, err
	}
	if res.Verdict != otp.Right {
		return rest.Reply{}, s.refused(c, a, r, res)
	}
	if k, _ := KindOf(r.Type); k.Sent() {
		if err := s.Notify.Prove(c, a.ID, k.Channel, r.Address); err != nil {
			return rest.Reply{}, err
		}
	}
	r.Pairing, r.Resent, r.KeyURI = nil, 0, ""
	return s.activated(c, a, r, nil)
}

// activated makes a device that was proven ACTIVE. counters sets what its hot record
// begins with.
func (s *Devices) activated(c *rest.Call, a *account.Account, r *Record, counters func(*account.Device)) (rest.Reply, error) {
	settings, err := policy.LoadSettings(c.Tx, c.Env)
	if err != nil {
		return rest.Reply{}, err
	}
	if most := settings.Pairing.MaxAllowedDevices; len(a.Active()) >= most {
		return rest.Reply{}, tooMany(most)
	}
	if err := unique(c, a, r); err != nil {
		return rest.Reply{}, err
	}
	a.Activate(r.ID)
	if counters != nil {
		counters(a.Device(r.ID))
	}
	if err := s.saveBoth(c, a, r); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "DEVICE.ACTIVATED", a.ID, r.ID, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	d, err := withPasskey(c, show(c, a, r), r)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(d)
}

// refused writes what a code that was not accepted leads to, and gives the refusal.
func (s *Devices) refused(c *rest.Call, a *account.Account, r *Record, res otp.Result) error {
	if res.Changed {
		if _, err := policy.Strike(c, a); err != nil {
			return err
		}
		if err := a.Save(c.Tx, c.Env); err != nil {
			return err
		}
	}
	event := "DEVICE.ACTIVATION_OTP_INVALID"
	if res.Verdict == otp.TooMany {
		event = "DEVICE.ACTIVATION_OTP_FAILED"
	}
	if res.Verdict == otp.Expired && r.expire() {
		if err := r.save(c, a.ID); err != nil {
			return err
		}
	}
	if !res.Changed {
		return otp.Refusal(res).Keep()
	}
	if err := audited(c, event, a.ID, r.ID, rest.Failed); err != nil {
		return err
	}
	if err := Consequences(c, a.ID, r.ID, res.Failure); err != nil {
		return err
	}
	return otp.Refusal(res).Keep()
}

// Consequences writes the events of a device that wrong codes have locked or blocked.
func Consequences(c *rest.Call, user, id string, f account.Failure) error {
	if f.Locked {
		if err := audited(c, "DEVICE.LOCKED", user, id, rest.Success); err != nil {
			return err
		}
	}
	if f.Blocked {
		return audited(c, "DEVICE.BLOCKED", user, id, rest.Success)
	}
	return nil
}

// waiting reads user, device and policy for something that only a device which waits
// for activation can do, and refuses users that the policy lets pair nothing.
func (s *Devices) waiting(c *rest.Call) (*account.Account, *Record, *policy.Policy, error) {
	a, r, hot, err := s.device(c, s.latched)
	if err != nil {
		return nil, nil, nil, err
	}
	if !hot.Pending {
		return nil, nil, nil, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "The device is already active")
	}
	p, err := s.Policies.Effective(c.Tx, c.Env, r.Policy)
	if err == nil {
		err = p.AdmitsPairing(a)
	}
	return a, r, p, err
}

// sendActivationCode answers device.sendActivationCode: a new code; the old one is dead.
func (s *Devices) sendActivationCode(c *rest.Call) (rest.Reply, error) {
	a, r, p, err := s.waiting(c)
	if err != nil {
		return rest.Reply{}, err
	}
	k, _ := KindOf(r.Type)
	if !k.Sent() {
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "No code is sent to a device of this type")
	}
	hot := a.Device(r.ID)
	if _, locked := hot.Locked(c.Tx.Now()); locked || hot.Blocked() {
		return rest.Reply{}, otp.Refusal(otp.Result{Verdict: otp.TooMany})
	}
	if err := s.checkWaiting(c, a, r); err != nil {
		return rest.Reply{}, err
	}
	if s.Resends > 0 && r.Resent >= s.Resends {
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.LimitExceeded, "", "Maximum allowed resends has been reached").
			With("maximumAllowed", s.Resends)
	}
	if _, pair := p.Enabled(r.Type); !pair || !s.Notify.Reaches(k.Channel, r.Test) {
		return rest.Reply{}, rest.Invalid("type", "is not allowed by the device authentication policy, or has no sender")
	}
	r.Resent++
	code, err := s.sendPairing(c, a, r, p)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := r.save(c, a.ID); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "DEVICE.UPDATED", a.ID, r.ID, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return rest.Reply{Status: http.StatusOK, Body: withTest(show(c, a, r), code)}, nil
}
