package device

import (
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/guess"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Target is what wrong codes of the device are counted for: its address, which other
// devices may share, or itself.
func (r *Record) Target() guess.Target {
	switch k, _ := KindOf(r.Type); k.Target {
	case "email":
		return guess.Email(r.Address)
	case "phone":
		return guess.Phone(r.Address)
	}
	return guess.Device(r.ID)
}

// ProfileOf is what is known of a user, as JSON has it.
type ProfileOf func(c *rest.Call, user string) (map[string]any, error)

// Targets are those of a device that is not one of the user's active ones: its address
// alone if the account or an active device has it too.
func (r *Record) Targets(c *rest.Call, profile ProfileOf, user string, active []*Record) ([]guess.Target, error) {
	t := r.Target()
	if k, _ := KindOf(r.Type); k.Target == "" || slices.ContainsFunc(active, func(o *Record) bool { return o.Target() == t }) {
		return []guess.Target{t}, nil
	}
	in, err := profile(c, user)
	if err != nil {
		return nil, err
	}
	email, _ := in["email"].(string)
	phone, _ := in["mobilePhone"].(string)
	if t == guess.Email(email) || t == guess.Phone(phone) {
		return []guess.Target{t}, nil
	}
	return guess.ForeignTargets(t), nil
}

// guesses reads the counts of a device that waits for its activation.
func (s *Devices) guesses(c *rest.Call, user string, r *Record, active []string) (*guess.Counts, []guess.Target, error) {
	others, err := Load(c.Tx, c.Env, user, active)
	if err != nil {
		return nil, nil, err
	}
	targets, err := r.Targets(c, s.Profile, user, others)
	if err != nil {
		return nil, nil, err
	}
	counts, err := s.Guesses.Load(c, user, targets...)
	return counts, targets, err
}

// checkWaiting refuses to send a code to a device whose codes are not compared now.
func (s *Devices) checkWaiting(c *rest.Call, a *account.Account, r *Record) error {
	counts, targets, err := s.guesses(c, a.ID, r, a.Active())
	if err == nil && counts.MustWait(c.Tx.Now(), targets...) {
		err = otp.Refusal(otp.Result{Verdict: otp.TooMany})
	}
	return err
}
