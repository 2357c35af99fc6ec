package policy

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
	"github.com/mfaflow/mfaflow/store"
)

// Settings are the MFA settings of an environment (reference pingone-mfa-api 6.1).
type Settings struct {
	Links           rest.LinkSet    `json:"_links,omitempty"`
	Environment     *rest.Ref       `json:"environment,omitempty"`
	Pairing         *Pairing        `json:"pairing"`
	Lockout         *Lockout        `json:"lockout,omitempty"`
	PhoneExtensions *Switch         `json:"phoneExtensions,omitempty"`
	Users           *Users          `json:"users,omitempty"`
	Authentication  *Authentication `json:"authentication,omitempty"` // deprecated, kept
	UpdatedAt       *rest.Time      `json:"updatedAt,omitempty"`
}

// Pairing limits devices and pairing keys.
type Pairing struct {
	MaxAllowedDevices int    `json:"maxAllowedDevices"`
	PairingKeyFormat  string `json:"pairingKeyFormat"`
}

// Lockout locks the account after wrong attempts.
type Lockout struct {
	FailureCount    int `json:"failureCount"`
	DurationSeconds int `json:"durationSeconds"`
}

// Switch is a thing that is on or off.
type Switch struct {
	Enabled bool `json:"enabled"`
}

// Users says how new users begin.
type Users struct {
	MFAEnabled bool `json:"mfaEnabled"`
}

func settingsKey(env string) store.Key { return store.K(env, "mfasettings") }

// LoadSettings returns the settings in force: five devices, numeric pairing keys, MFA
// off for new users, unless they were changed.
func LoadSettings(tx *store.Tx, env string) (*Settings, error) {
	s, err := shelf.Get[Settings](tx, settingsKey(env))
	if err != nil {
		return nil, err
	}
	if s == nil {
		s = &Settings{}
	}
	if s.Pairing == nil {
		s.Pairing = &Pairing{MaxAllowedDevices: 5, PairingKeyFormat: "NUMERIC"}
	}
	if s.PhoneExtensions == nil {
		s.PhoneExtensions = &Switch{}
	}
	if s.Users == nil {
		s.Users = &Users{}
	}
	return s, nil
}

func showSettings(c *rest.Call, s *Settings) *Settings {
	s.Links = rest.LinkSet{"self": c.Links.API("mfaSettings"), "environment": c.Links.API()}
	s.Environment = &rest.Ref{ID: c.Env}
	return s
}

func readSettings(c *rest.Call) (rest.Reply, error) {
	s, err := LoadSettings(c.Tx, c.Env)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(showSettings(c, s))
}

func updateSettings(c *rest.Call) (rest.Reply, error) {
	s := &Settings{}
	if err := c.Decode(s); err != nil {
		return rest.Reply{}, err
	}
	if err := s.validate(); err != nil {
		return rest.Reply{}, err
	}
	now := rest.Time{Time: c.Tx.Now()}
	s.Links, s.Environment, s.UpdatedAt = nil, nil, &now
	if err := c.Put(settingsKey(c.Env), s); err != nil {
		return rest.Reply{}, err
	}
	if err := c.Audit(rest.Event{Type: "MFA_SETTINGS.UPDATED", ResourceType: "MFA_SETTINGS"}); err != nil {
		return rest.Reply{}, err
	}
	return readSettings(c)
}

func (s *Settings) validate() error {
	switch {
	case s.Pairing == nil:
		return rest.Required("pairing")
	case s.Pairing.MaxAllowedDevices < 1 || s.Pairing.MaxAllowedDevices > 15:
		return rest.Outside("pairing.maxAllowedDevices", 1, 15)
	case s.Lockout != nil && s.Lockout.FailureCount < 1:
		return rest.Outside("lockout.failureCount", 1, 1000)
	case s.Lockout != nil && s.Lockout.DurationSeconds < 1:
		return rest.Outside("lockout.durationSeconds", 1, 86400)
	}
	if a := s.Authentication; a != nil && a.DeviceSelection != "" {
		if err := rest.OneOf("authentication.deviceSelection", a.DeviceSelection, DefaultToFirst, PromptToSelect); err != nil {
			return err
		}
	}
	if s.Pairing.PairingKeyFormat == "" {
		return rest.Required("pairing.pairingKeyFormat")
	}
	return rest.OneOf("pairing.pairingKeyFormat", s.Pairing.PairingKeyFormat, "NUMERIC", "ALPHANUMERIC")
}

func resetSettings(c *rest.Call) (rest.Reply, error) {
	c.Tx.Delete(settingsKey(c.Env))
	if err := c.Audit(rest.Event{Type: "MFA_SETTINGS.UPDATED", ResourceType: "MFA_SETTINGS"}); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}
