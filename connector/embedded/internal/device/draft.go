package device

import (
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// draft is the body of a creation.
type draft struct {
	Type         string         `json:"type"`
	Status       string         `json:"status"`
	Email        *string        `json:"email"`
	Phone        *string        `json:"phone"`
	Extension    string         `json:"extension"`
	Nickname     string         `json:"nickname"`
	Policy       *rest.Ref      `json:"policy"`
	TestMode     bool           `json:"testMode"`
	Notification *notify.Choice `json:"notification"`
	RP           *relyingParty  `json:"rp"`
	WebAuthn     *WebAuthn      `json:"webAuthn"`
}

// maxNickname is PingOne's limit, in characters.
const maxNickname = 100

// accept validates a draft and makes it a record.
func (s *Devices) accept(c *rest.Call, b draft) (*Record, *policy.Policy, error) {
	if b.Type == "" {
		return nil, nil, rest.Required("type")
	}
	k, known := KindOf(b.Type)
	if !known || k.Way == Asks {
		return nil, nil, rest.Invalid("type", "is not a device type that can be created here")
	}
	p, err := s.permits(c, k, b)
	if err != nil {
		return nil, nil, err
	}
	if b.Status != "" && b.Status != Active && b.Status != ActivationRequired {
		return nil, nil, rest.Invalid("status", "must be one of ACTIVE, ACTIVATION_REQUIRED").
			With("allowedValues", []string{Active, ActivationRequired})
	}
	r := &Record{ID: c.Tx.NewID(), Type: k.Type, Nickname: b.Nickname, Test: b.TestMode, Created: c.Tx.Now().UnixMilli()}
	if b.Policy != nil {
		r.Policy = b.Policy.ID
	}
	if r.Address, err = k.Address("", b.Email, b.Phone); err != nil {
		return nil, nil, err
	}
	if r.Extension, err = k.extension(c, b.Extension); err != nil {
		return nil, nil, err
	}
	if _, err := b.Notification.Pick(notify.DevicePairing); err != nil {
		return nil, nil, err
	}
	return r, p, rest.AtMost("nickname", b.Nickname, maxNickname)
}

// permits finds the policy of a draft, and refuses what it, the environment or the lack
// of a sender does not allow.
func (s *Devices) permits(c *rest.Call, k Kind, b draft) (*policy.Policy, error) {
	id := ""
	if b.Policy != nil {
		id = b.Policy.ID
	}
	p, err := s.Policies.Load(c.Tx, c.Env, id)
	if err != nil {
		return nil, err
	}
	switch {
	case b.TestMode && !k.Sent():
		return nil, rest.Invalid("testMode", "is for types whose codes are sent")
	case b.TestMode && !s.Notify.Test:
		return nil, rest.Invalid("testMode", "is not permitted in this environment")
	}
	if _, pair := p.Enabled(k.Type); !pair || !s.Notify.Reaches(k.Channel, b.TestMode) {
		return nil, rest.Invalid("type", "is not allowed by the device authentication policy, or has no sender")
	}
	return p, nil
}

// Address is the address in the attribute that the kind wants. Refusals name it below
// prefix.
func (k Kind) Address(prefix string, email, phone *string) (string, error) {
	if k.Target == "" {
		return "", nil
	}
	v := map[string]*string{"email": email, "phone": phone}[k.Target]
	at := prefix + k.Target
	switch {
	case v == nil:
		return "", rest.Required(at)
	case strings.TrimSpace(*v) == "":
		return "", rest.Empty(at)
	case !k.Valid(*v):
		return "", rest.Invalid(at, k.Syntax)
	}
	return *v, nil
}

// extension is what to dial behind the number of a VOICE device: only where the
// environment has phone extensions on. Other types have none, whatever is given.
func (k Kind) extension(c *rest.Call, v string) (string, error) {
	if v == "" || k.Type != "VOICE" {
		return "", nil
	}
	settings, err := policy.LoadSettings(c.Tx, c.Env)
	if err != nil {
		return "", err
	}
	switch {
	case !settings.PhoneExtensions.Enabled:
		return "", rest.Invalid("extension", "is not enabled in the MFA settings")
	case !address.ValidExtension(v):
		return "", rest.Invalid("extension", "must have digits, commas, # and * only, at most 32")
	}
	return v, nil
}
