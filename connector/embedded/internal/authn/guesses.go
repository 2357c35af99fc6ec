package authn

import (
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/guess"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// loadGuesses reads the wrong codes of the user's devices, and of the one-time device if
// one is selected.
func (s *Authentications) loadGuesses(c *rest.Call, x *session) error {
	targets := make([]guess.Target, len(x.devices))
	for i, d := range x.devices {
		targets[i] = d.Target()
	}
	var err error
	if x.guesses, err = s.Guesses.Load(c, x.User, targets...); err != nil || x.Once == nil {
		return err
	}
	return s.loadOnce(c, x)
}

// loadOnce reads the wrong codes of the one-time device that is selected.
func (s *Authentications) loadOnce(c *rest.Call, x *session) error {
	d, _ := x.selected()
	if x.Discreet { // the account's own address, or none that matters
		x.onceTargets = []guess.Target{d.Target()}
		return x.guesses.Load(c, x.onceTargets...)
	}
	targets, err := d.Targets(c, s.Profile, x.User, x.devices)
	if err != nil {
		return err
	}
	x.onceTargets = targets
	return x.guesses.Load(c, targets...)
}

// targets are what wrong codes of a device are counted for.
func (x *session) targets(d *device.Record) []guess.Target {
	if x.Once != nil {
		return x.onceTargets
	}
	return []guess.Target{d.Target()}
}

// mustWait reports whether codes of a device are neither sent nor compared now.
func (x *session) mustWait(c *rest.Call, d *device.Record) bool {
	return x.guesses.MustWait(c.Tx.Now(), x.targets(d)...)
}

// verify checks a guess and counts it. While its targets wait nothing is compared.
func (s *Authentications) verify(c *rest.Call, x *session, d *device.Record, hot *account.Device, guess string) (otp.Result, error) {
	if x.mustWait(c, d) {
		return otp.Result{Verdict: otp.TooMany}, nil
	}
	if x.isSilent(c.Tx.Now()) {
		blindCode(c, x.Code)
	}
	return x.guesses.Record(c, d.Verify(s.Checker, s.try(c, x, d, hot, guess)), x.targets(d)...)
}

// onlyWaits reports whether waiting is what keeps some device from being used.
func (s *Authentications) onlyWaits(c *rest.Call, x *session) bool {
	return slices.ContainsFunc(x.devices, func(d *device.Record) bool {
		return !unusable(x.account.Device(d.ID), c.Tx.Now()) && s.served(x, d) && x.takesCode(d) && x.mustWait(c, d)
	})
}
