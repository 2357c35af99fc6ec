package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/span"
)

// validate checks an app from outside. at is where it stands.
func (a App) validate(at string) error {
	switch {
	case a.ID == "":
		return rest.Required(at + ".id")
	case !rest.IsID(a.ID):
		return rest.Invalid(at+".id", "is not an application")
	}
	for _, d := range []struct {
		name        string
		d           *span.Duration
		least, most time.Duration
	}{
		{"pushTimeout", a.PushTimeout, 40 * time.Second, 150 * time.Second},
		{"pairingKeyLifetime", a.PairingKeyLifetime, time.Minute, 48 * time.Hour},
	} {
		if err := validateAppDuration(at+"."+d.name, d.d, d.least, d.most); err != nil {
			return err
		}
	}
	if d := a.DeviceAuthorization; d != nil && d.ExtraVerification != "" {
		if err := rest.OneOf(at+".deviceAuthorization.extraVerification", d.ExtraVerification, Permissive, Restrictive); err != nil {
			return err
		}
	}
	if a.IntegrityDetection != "" {
		if err := rest.OneOf(at+".integrityDetection", a.IntegrityDetection, Permissive, Restrictive); err != nil {
			return err
		}
	}
	return a.PushLimit.validate(at + ".pushLimit")
}

func (l *PushLimit) validate(at string) error {
	if l == nil {
		return nil
	}
	if l.Count < 1 || l.Count > 50 {
		return rest.Outside(at+".count", 1, 50)
	}
	if err := validateAppDuration(at+".timePeriod", l.TimePeriod, time.Minute, 2*time.Hour); err != nil {
		return err
	}
	return validateAppDuration(at+".lockDuration", l.LockDuration, time.Minute, 2*time.Hour)
}

// validateAppDuration checks a duration that may be absent, and be hours.
func validateAppDuration(at string, d *span.Duration, least, most time.Duration) error {
	if d == nil {
		return nil
	}
	return d.Check(at, least, most, "MINUTES", "SECONDS", "HOURS")
}

// validate checks the part of native apps.
func (m *Mobile) validate(l limits) error {
	seen := map[string]bool{}
	for i, a := range m.Applications {
		at := fmt.Sprintf("mobile.applications[%d]", i)
		if err := a.validate(at); err != nil {
			return err
		}
		if seen[a.ID] {
			return rest.Invalid(at+".id", "is listed twice")
		}
		seen[a.ID] = true
	}
	return validateOTP("mobile.otp", m.OTP, l)
}

// known refuses native apps that the environment does not have. One that the policy listed
// before may have been deleted since.
func known(c *rest.Call, m *Mobile) error {
	all, err := application.All(c.Tx, c.Env)
	if err != nil {
		return err
	}
	var before []App
	if id, err := c.ID("policyID"); err == nil {
		was, err := kind().Get(c.Tx, c.Env, id)
		if err != nil {
			return err
		}
		if was != nil && was.Mobile != nil {
			before = was.Mobile.Applications
		}
	}
	for i, a := range m.Applications {
		listed := slices.ContainsFunc(before, func(b App) bool { return b.ID == a.ID })
		if !listed && !slices.ContainsFunc(all, func(b *application.Application) bool { return b.ID == a.ID }) {
			return rest.Invalid(fmt.Sprintf("mobile.applications[%d].id", i), "is not an application of this environment")
		}
	}
	return nil
}
