package application

import (
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// The ways to answer a push with a number.
const (
	SelectNumber  = "SELECT_NUMBER"
	EnterManually = "ENTER_MANUALLY"
)

const (
	enabled  = "ENABLED"
	disabled = "DISABLED"
)

// maxText is the longest name, description or prefix, in characters.
const maxText = 256

// validate checks an app from outside.
func (a *Application) validate() error {
	switch {
	case strings.TrimSpace(a.Name) == "":
		return rest.Required("name")
	case a.Type == "":
		return rest.Required("type")
	case a.Type != Native:
		return rest.Invalid("type", "must be NATIVE_APP: no other type is served here")
	case a.Protocol != "" && a.Protocol != "OPENID_CONNECT":
		return rest.Invalid("protocol", "must be OPENID_CONNECT")
	}
	texts := map[string]string{"name": a.Name, "description": a.Description}
	if m := a.Mobile; m != nil {
		for _, id := range m.identities() {
			texts["mobile."+id.name] = *id.value
		}
		texts["mobile.uriPrefix"] = m.URIPrefix
	}
	for at, text := range texts {
		if err := rest.AtMost(at, text, maxText); err != nil {
			return err
		}
	}
	return a.Mobile.validate()
}

func (m *Mobile) validate() error {
	if m == nil {
		return nil
	}
	if d := m.PasscodeRefreshDuration; d != nil {
		if err := d.Check("mobile.passcodeRefreshDuration", 30*time.Second, time.Minute, "SECONDS"); err != nil {
			return err
		}
	}
	if g := m.PasscodeGracePeriod; g != 0 && (g < 1 || g > 10) {
		return rest.Outside("mobile.passcodeGracePeriod", 1, 10)
	}
	if m.Push != nil && m.Push.NumberMatching != nil {
		if err := rest.OneOf("mobile.push.numberMatching.type", m.Push.NumberMatching.Type, SelectNumber, EnterManually); err != nil {
			return err
		}
	}
	if d := m.IntegrityDetection; d != nil {
		for _, p := range d.ExcludedPlatforms {
			if err := rest.OneOf("mobile.integrityDetection.excludedPlatforms", p, "GOOGLE", "IOS"); err != nil {
				return err
			}
		}
		return rest.OneOf("mobile.integrityDetection.mode", d.Mode, enabled, disabled)
	}
	return nil
}

// identity is a name under which an app is known to a platform.
type identity struct {
	name  string
	value *string
}

func (m *Mobile) identities() []identity {
	return []identity{{"bundleId", &m.BundleID}, {"packageName", &m.PackageName}, {"huaweiAppId", &m.HuaweiAppID},
		{"huaweiPackageName", &m.HuaweiPackageName}}
}

// alone refuses a name or an identity that another app has.
func (a *Application) alone(all []*Application) error {
	taken := func(at string) error {
		return rest.Refuse(rest.InvalidData, rest.UniquenessViolation, at, "is unique but a non-unique value is provided")
	}
	for _, o := range all {
		switch {
		case o.ID == a.ID:
			continue
		case strings.EqualFold(o.Name, a.Name):
			return taken("name")
		case o.Mobile == nil || a.Mobile == nil:
			continue
		}
		theirs := o.Mobile.identities()
		for i, id := range a.Mobile.identities() {
			if *id.value != "" && *id.value == *theirs[i].value {
				return taken("mobile." + id.name)
			}
		}
	}
	return nil
}

// keepsIdentity refuses another identity where the app had one: phones are paired with it.
func (a *Application) keepsIdentity(old *Application) error {
	if old.Mobile == nil {
		return nil
	}
	if a.Mobile == nil {
		a.Mobile = &Mobile{}
	}
	now := a.Mobile.identities()
	for i, was := range old.Mobile.identities() {
		if *was.value != "" && *now[i].value != *was.value {
			return rest.Invalid("mobile."+was.name, "cannot be changed once it is set")
		}
	}
	return nil
}
