package device

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// create answers POST devices. A device to which no code is sent always waits for its
// activation.
func (s *Devices) create(c *rest.Call) (rest.Reply, error) {
	var b draft
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	a, err := s.latched(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := s.sweep(c, a.ID); err != nil {
		return rest.Reply{}, err
	}
	r, p, err := s.accept(c, b)
	if err != nil {
		return rest.Reply{}, err
	}
	k, _ := KindOf(r.Type)
	pending := b.Status == ActivationRequired || !k.Sent()
	if err := s.room(c, a, r, pending); err != nil {
		return rest.Reply{}, err
	}
	a.Add(account.Device{ID: r.ID, Pending: pending})
	code := ""
	switch {
	case k.Way == Signs:
		err = s.newPasskey(c, a, r, p, b)
	case k.Way == Makes:
		err = s.newSecret(c, a, r, p)
	case pending:
		if err = s.checkWaiting(c, a, r); err == nil {
			code, err = s.sendPairing(c, a, r, p)
		}
	}
	if err != nil {
		return rest.Reply{}, err
	}
	if err := s.saveBoth(c, a, r); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "DEVICE.CREATED", a.ID, r.ID, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	d, err := withPasskey(c, withSecret(c, withTest(show(c, a, r), code), r), r)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(d)
}

func withTest(d Device, code string) Device {
	if d.TestMode && code != "" {
		d.Test = &Test{OTP: code}
	}
	return d
}

func (s *Devices) saveBoth(c *rest.Call, a *account.Account, r *Record) error {
	if err := r.save(c, a.ID); err != nil {
		return err
	}
	return a.Save(c.Tx, c.Env)
}

// room refuses a device beyond the limits, or one that the user already has.
func (s *Devices) room(c *rest.Call, a *account.Account, r *Record, pending bool) error {
	if err := full(c, a); err != nil {
		return err
	}
	if pending && s.MaxPending > 0 && len(a.Pending()) >= s.MaxPending {
		return tooMany(s.MaxPending)
	}
	return unique(c, a, r)
}

// full refuses one more device than the settings allow.
func full(c *rest.Call, a *account.Account) error {
	settings, err := policy.LoadSettings(c.Tx, c.Env)
	if err != nil {
		return err
	}
	if most := settings.Pairing.MaxAllowedDevices; len(a.Active()) >= most {
		return tooMany(most)
	}
	return nil
}

func tooMany(most int) error {
	return rest.Refuse(rest.RequestFailed, rest.LimitExceeded, "", "Maximum allowed devices has been reached").
		With("maximumAllowed", most)
}

// unique refuses a second active device of the same type and address, however spelled.
func unique(c *rest.Call, a *account.Account, r *Record) error {
	k, _ := KindOf(r.Type)
	if k.Target == "" {
		return nil
	}
	others, err := Load(c.Tx, c.Env, a.ID, a.Active())
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.Type == r.Type && k.Fold(o.Address) == k.Fold(r.Address) && o.Extension == r.Extension {
			return rest.Refuse(rest.InvalidData, rest.UniquenessViolation, k.Target, "is unique but a non-unique value is provided").
				With("existingId", o.ID)
		}
	}
	return nil
}

// pairing is the purpose of an activation code: such a code signs nobody on.
const pairing = "pairing"

// sendPairing makes a pairing code, keeps its hash in r and sends it. The caller saves r.
func (s *Devices) sendPairing(c *rest.Call, a *account.Account, r *Record, p *policy.Policy) (string, error) {
	k, _ := KindOf(r.Type)
	o := p.Method(r.Type).OTP
	life := o.LifeTime.Value()
	code := otp.New(c.Tx.Random, o.OTPLength)
	r.Pairing = s.Checker.Keep(code, pairing, a.Device(r.ID), c.Tx.Now().Add(life))
	if r.Test {
		return code, nil
	}
	return code, s.Notify.Send(c, notify.Code{Template: notify.DevicePairing, User: a.ID, Channel: k.Channel, To: r.To(),
		Group: pairing + "/" + r.ID, OTP: code, LifeTime: life})
}
