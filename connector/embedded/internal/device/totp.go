package device

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/totp"
)

// secretLife is how long secret and key URI are shown, and can be activated (PingOne's
// device model).
const secretLife = 30 * time.Minute

// newSecret gives a device that makes its codes itself its secret.
func (s *Devices) newSecret(c *rest.Call, a *account.Account, r *Record, p *policy.Policy) error {
	profile, err := s.Profile(c, a.ID)
	if err != nil {
		return err
	}
	name, _ := profile["username"].(string)
	r.Secret = c.Tx.Random(totp.SecretSize)
	r.KeyURI = totp.URI(r.Secret, name, p.Method(r.Type).URIParameters)
	return nil
}

// secretAlive reports whether a device that waits may still be activated with its secret.
func (r *Record) secretAlive(now time.Time) bool {
	return r.Secret != nil && now.Sub(time.UnixMilli(r.Created)) < secretLife
}

// withSecret shows the secret of a device that waits for its activation.
func withSecret(c *rest.Call, d Device, r *Record) Device {
	if d.Status == ActivationRequired && r.secretAlive(c.Tx.Now()) {
		d.Secret, d.KeyURI = totp.Text(r.Secret), r.KeyURI
	}
	return d
}

// Try is one guess at a code of a device.
type Try struct {
	Device  *account.Device
	Rule    account.Rule
	Grace   int       // TOTP: steps before and after now
	Code    *otp.Code // what was sent, if anything was
	Purpose string    // what it was sent for
	Guess   string
	Now     time.Time
}

// Verify checks a guess as the device's type wants it.
func (r *Record) Verify(ck otp.Checker, t Try) otp.Result {
	if k, _ := KindOf(r.Type); k.Sent() {
		return ck.Check(t.Code, t.Device, t.Rule, t.Purpose, t.Guess, t.Now)
	}
	made := otp.Made{Secret: r.Secret, Period: totp.Period, Grace: t.Grace}
	if r.Mobile != nil {
		made.Period, made.Grace = time.Duration(r.Period)*time.Second, r.Grace
	}
	return ck.CheckTOTP(made, t.Device, t.Rule, t.Guess, t.Now)
}

// verifyPairing checks the guess that shall activate a device, and counts it. A secret that
// has expired is forgotten.
func (s *Devices) verifyPairing(c *rest.Call, a *account.Account, r *Record, p *policy.Policy, guess string) (otp.Result, error) {
	now := c.Tx.Now()
	if k, _ := KindOf(r.Type); !k.Sent() && !r.secretAlive(now) {
		return otp.Result{Verdict: otp.Expired}, nil
	}
	counts, targets, err := s.guesses(c, a.ID, r, a.Active())
	if err != nil || counts.MustWait(now, targets...) {
		return otp.Result{Verdict: otp.TooMany}, err
	}
	res := r.Verify(s.Checker, Try{Device: a.Device(r.ID), Rule: p.Rule(r.Type, s.Row), Grace: p.Grace(), Code: r.Pairing,
		Purpose: pairing, Guess: guess, Now: now})
	return counts.Record(c, res, targets...)
}

// expire forgets a code or secret that is too old for good, also should the clock go
// back. It reports whether that was news.
func (r *Record) expire() bool {
	if r.Pairing != nil {
		return r.Pairing.Kill()
	}
	news := r.Secret != nil
	r.Secret, r.KeyURI = nil, ""
	return news
}
