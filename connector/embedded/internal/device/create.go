package device

import (
	"strings"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// draft is the body of a creation.
type draft struct {
	Type     string    `json:"type"`
	Status   string    `json:"status"`
	Email    *string   `json:"email"`
	Phone    *string   `json:"phone"`
	Nickname string    `json:"nickname"`
	Policy   *rest.Ref `json:"policy"`
	TestMode bool      `json:"testMode"`
}

// maxNickname is PingOne's limit, in characters.
const maxNickname = 100

// create answers POST devices.
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
	pending := b.Status == ActivationRequired
	if err := s.room(c, a, r, pending); err != nil {
		return rest.Reply{}, err
	}
	a.Add(account.Device{ID: r.ID, Pending: pending})
	code := ""
	if pending {
		if code, err = s.sendPairing(c, a, r, p); err != nil {
			return rest.Reply{}, err
		}
	}
	if err := s.saveBoth(c, a, r); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "DEVICE.CREATED", a.ID, r.ID, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(withTest(show(c, a, r), code))
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

// accept validates a draft and makes it a record.
func (s *Devices) accept(c *rest.Call, b draft) (*Record, *policy.Policy, error) {
	if b.Type == "" {
		return nil, nil, rest.Required("type")
	}
	k, known := KindOf(b.Type)
	if !known {
		return nil, nil, rest.Invalid("type", "is not a device type that can be created here")
	}
	id := ""
	if b.Policy != nil {
		id = b.Policy.ID
	}
	p, err := s.Policies.Load(c.Tx, c.Env, id)
	if err != nil {
		return nil, nil, err
	}
	if _, pair := p.Enabled(k.Type); !pair || !s.Notify.Has(k.Channel) && !b.TestMode {
		return nil, nil, rest.Invalid("type", "is not allowed by the device authentication policy, or has no sender")
	}
	if b.Status != "" && b.Status != Active && b.Status != ActivationRequired {
		return nil, nil, rest.Invalid("status", "must be one of ACTIVE, ACTIVATION_REQUIRED").
			With("allowedValues", []string{Active, ActivationRequired})
	}
	target, err := b.target(k)
	if err != nil {
		return nil, nil, err
	}
	if err := checkNickname(b.Nickname); err != nil {
		return nil, nil, err
	}
	return &Record{ID: c.Tx.NewID(), Type: k.Type, Address: target, Nickname: b.Nickname, Policy: id, Test: b.TestMode,
		Created: c.Tx.Now().UnixMilli()}, p, nil
}

func checkNickname(s string) error {
	if utf8.RuneCountInString(s) > maxNickname {
		return rest.Refuse(rest.InvalidData, rest.SizeLimitExceeded, "nickname", "must have at most 100 characters")
	}
	return nil
}

// target is the address in the attribute that the kind wants.
func (b draft) target(k Kind) (string, error) {
	v := map[string]*string{"email": b.Email, "phone": b.Phone}[k.Target]
	switch {
	case v == nil:
		return "", rest.Required(k.Target)
	case strings.TrimSpace(*v) == "":
		return "", rest.Empty(k.Target)
	case !k.Valid(*v):
		return "", rest.Invalid(k.Target, "must be a valid address")
	}
	return *v, nil
}

// room refuses a device beyond the limits, or one that the user already has.
func (s *Devices) room(c *rest.Call, a *account.Account, r *Record, pending bool) error {
	settings, err := policy.LoadSettings(c.Tx, c.Env)
	if err != nil {
		return err
	}
	active := a.Active()
	if most := settings.Pairing.MaxAllowedDevices; len(active) >= most {
		return tooMany(most)
	}
	if pending && s.MaxPending > 0 && len(a.Pending()) >= s.MaxPending {
		return tooMany(s.MaxPending)
	}
	return unique(c, a, r)
}

func tooMany(most int) error {
	return rest.Refuse(rest.RequestFailed, rest.LimitExceeded, "", "Maximum allowed devices has been reached").
		With("maximumAllowed", most)
}

// unique refuses a second active device of the same type and address.
func unique(c *rest.Call, a *account.Account, r *Record) error {
	others, err := Load(c.Tx, c.Env, a.ID, a.Active())
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.Type == r.Type && address.Fold(o.Address) == address.Fold(r.Address) {
			k, _ := KindOf(r.Type)
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
	return code, s.Notify.Send(c, notify.Code{Template: notify.DevicePairing, Channel: k.Channel, To: r.Address,
		Group: pairing + "/" + r.ID, OTP: code, LifeTime: life})
}
