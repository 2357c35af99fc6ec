package policy

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/span"
)

// App is what a policy says about one native app. Members that only PingID knows are
// kept as they were given.
type App struct {
	ID                  string               `json:"id"`
	Type                string               `json:"type,omitempty"` // pingIdAppConfig
	Push                *AppPush             `json:"push,omitempty"`
	PushTimeout         *span.Duration       `json:"pushTimeout,omitempty"`
	PairingKeyLifetime  *span.Duration       `json:"pairingKeyLifetime,omitempty"`
	PushLimit           *PushLimit           `json:"pushLimit,omitempty"`
	OTP                 *Switch              `json:"otp,omitempty"`
	DeviceAuthorization *DeviceAuthorization `json:"deviceAuthorization,omitempty"`
	AutoEnrollment      *Switch              `json:"autoEnrollment,omitempty"`
	IntegrityDetection  string               `json:"integrityDetection,omitempty"`
	PairingDisabled     bool                 `json:"pairingDisabled,omitempty"`
	BiometricsEnabled   *bool                `json:"biometricsEnabled,omitempty"`
	IPPairing           json.RawMessage      `json:"ipPairingConfiguration,omitempty"`
	NewRequestDuration  json.RawMessage      `json:"newRequestDurationConfiguration,omitempty"`
}

// AppPush is the push part of an app.
type AppPush struct {
	Enabled        bool    `json:"enabled"`
	NumberMatching *Switch `json:"numberMatching,omitempty"`
}

// PushLimit is what keeps a user from being asked until they give in.
type PushLimit struct {
	Count        int            `json:"count"`
	TimePeriod   *span.Duration `json:"timePeriod,omitempty"`
	LockDuration *span.Duration `json:"lockDuration,omitempty"`
}

// DeviceAuthorization lets a paired phone sign on without being asked.
type DeviceAuthorization struct {
	Enabled           bool   `json:"enabled"`
	ExtraVerification string `json:"extraVerification,omitempty"`
}

// What integrityDetection and extraVerification may be.
const (
	Permissive  = "permissive"
	Restrictive = "restrictive"
)

// AppRules is an App with every number that rules.
type AppRules struct {
	ID                  string
	Push, OTP           bool
	NumberMatching      bool
	PushTimeout         time.Duration
	PairingKeyLifetime  time.Duration
	PushLimit           int
	PushPeriod          time.Duration
	PushLock            time.Duration
	DeviceAuthorization bool
	ExtraVerification   string // "", Permissive or Restrictive
	AutoEnrollment      bool
	Integrity           string // Permissive or Restrictive
	Pairing             bool
}

// use reports whether apps may authenticate, and whether any of them may be paired.
func (m *Mobile) use() (use, pair bool) {
	if m == nil || !m.Enabled {
		return false, false
	}
	some := len(m.Applications) == 0 || slices.ContainsFunc(m.Applications, func(a App) bool { return !a.PairingDisabled })
	return true, some && !m.PairingDisabled
}

// App returns what rules for a native app; false when the policy lets it do nothing. A
// policy with mobile on that lists no app means every app, with the defaults.
func (p *Policy) App(id string) (AppRules, bool) {
	m := p.Mobile
	if m == nil || !m.Enabled {
		return AppRules{}, false
	}
	if len(m.Applications) == 0 {
		a := App{ID: id}
		a.complete()
		return a.rules(m), true
	}
	for _, a := range m.Applications {
		if a.ID == id {
			a.complete()
			return a.rules(m), true
		}
	}
	return AppRules{}, false
}

// rules needs a completed App.
func (a App) rules(m *Mobile) AppRules {
	r := AppRules{
		ID: a.ID, Push: a.Push.Enabled, OTP: a.OTP.Enabled, PushTimeout: a.PushTimeout.Value(),
		NumberMatching:     a.Push.NumberMatching != nil && a.Push.NumberMatching.Enabled,
		PairingKeyLifetime: a.PairingKeyLifetime.Value(),
		PushLimit:          a.PushLimit.Count, PushPeriod: a.PushLimit.TimePeriod.Value(), PushLock: a.PushLimit.LockDuration.Value(),
		AutoEnrollment: a.AutoEnrollment != nil && a.AutoEnrollment.Enabled,
		Integrity:      a.IntegrityDetection, Pairing: !a.PairingDisabled && !m.PairingDisabled,
	}
	if d := a.DeviceAuthorization; d != nil && d.Enabled {
		r.DeviceAuthorization, r.ExtraVerification = true, d.ExtraVerification
	}
	return r
}

// complete fills what is absent with PingOne's defaults.
func (a *App) complete() {
	if a.Push == nil {
		a.Push = &AppPush{Enabled: true}
	}
	if a.OTP == nil {
		a.OTP = &Switch{Enabled: true}
	}
	if a.PushTimeout == nil {
		a.PushTimeout = lasting(40, "SECONDS")
	}
	if a.PairingKeyLifetime == nil {
		a.PairingKeyLifetime = lasting(10, "MINUTES")
	}
	if a.IntegrityDetection == "" {
		a.IntegrityDetection = Permissive
	}
	limit := PushLimit{Count: 5}
	if a.PushLimit != nil {
		limit = *a.PushLimit
	}
	if limit.TimePeriod == nil {
		limit.TimePeriod = lasting(10, "MINUTES")
	}
	if limit.LockDuration == nil {
		limit.LockDuration = lasting(30, "MINUTES")
	}
	a.PushLimit = &limit
}

// completeMobile fills the numbers of native apps.
func completeMobile(m *Mobile) {
	if m == nil {
		return
	}
	m.OTP = completeFailure(m.OTP, 2)
	if m.OTP.Window == nil {
		m.OTP.Window = &Window{StepSize: lasting(30, "SECONDS")}
	}
	for i := range m.Applications {
		m.Applications[i].complete()
	}
}
