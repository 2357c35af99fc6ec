package application

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/span"
	"github.com/mfaflow/mfaflow/store"
)

// Native is the one type that is served.
const Native = "NATIVE_APP"

// Application is a native app. Pointers tell absent members from false.
type Application struct {
	Links       rest.LinkSet `json:"_links,omitempty"`
	ID          string       `json:"id"`
	Environment *rest.Ref    `json:"environment,omitempty"`
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Enabled     bool         `json:"enabled"`
	Type        string       `json:"type"`
	Protocol    string       `json:"protocol,omitempty"`
	Mobile      *Mobile      `json:"mobile,omitempty"`
	CreatedAt   *rest.Time   `json:"createdAt,omitempty"`
	UpdatedAt   *rest.Time   `json:"updatedAt,omitempty"`
}

// Mobile is what makes an app one for phones.
type Mobile struct {
	BundleID                string         `json:"bundleId,omitempty"`
	PackageName             string         `json:"packageName,omitempty"`
	HuaweiAppID             string         `json:"huaweiAppId,omitempty"`
	HuaweiPackageName       string         `json:"huaweiPackageName,omitempty"`
	PasscodeRefreshDuration *span.Duration `json:"passcodeRefreshDuration,omitempty"`
	PasscodeGracePeriod     int            `json:"passcodeGracePeriod,omitempty"` // windows
	URIPrefix               string         `json:"uriPrefix,omitempty"`
	Push                    *Push          `json:"push,omitempty"`
	IntegrityDetection      *Integrity     `json:"integrityDetection,omitempty"`
}

// Push says how pushes look in the app.
type Push struct {
	NumberMatching *NumberMatching `json:"numberMatching,omitempty"`
}

// NumberMatching says how the number of a push is answered.
type NumberMatching struct {
	Type string `json:"type"` // SELECT_NUMBER, ENTER_MANUALLY
}

// Integrity says whether the app reports the state of its phone. What it needs at Google
// or Apple is kept as it was given: this service asks neither.
type Integrity struct {
	Mode              string          `json:"mode"` // ENABLED, DISABLED
	ExcludedPlatforms []string        `json:"excludedPlatforms,omitempty"`
	CacheDuration     json.RawMessage `json:"cacheDuration,omitempty"`
}

// Numbers is how a push of this app is answered, SELECT_NUMBER unless it says otherwise.
func (a *Application) Numbers() string {
	if m := a.Mobile; m != nil && m.Push != nil && m.Push.NumberMatching != nil {
		return m.Push.NumberMatching.Type
	}
	return SelectNumber
}

// DetectsIntegrity reports whether phones on a platform ("GOOGLE", "IOS") must say in
// which state they are.
func (a *Application) DetectsIntegrity(platform string) bool {
	m := a.Mobile
	return m != nil && m.IntegrityDetection != nil && m.IntegrityDetection.Mode == enabled &&
		!slices.Contains(m.IntegrityDetection.ExcludedPlatforms, platform)
}

// The passcodes of an app that says nothing about them.
const (
	period = 30 // seconds
	grace  = 1  // steps before and after now
)

// Passcodes says after how many seconds the app shows another passcode, and how many of
// them before and after now are good.
func (a *Application) Passcodes() (seconds, steps int) {
	if a.Mobile == nil {
		return period, grace
	}
	return a.Mobile.PasscodeRefreshDuration.Duration, a.Mobile.PasscodeGracePeriod
}

// URIPrefix is what links into the app begin with; "" without one.
func (a *Application) URIPrefix() string {
	if a.Mobile == nil {
		return ""
	}
	return a.Mobile.URIPrefix
}

func key(env string) store.Key { return store.K(env, "applications") }

// All returns the native apps in the order of their creation.
func All(tx *store.Tx, env string) ([]*Application, error) {
	recs, err := tx.Get(key(env))
	if err != nil {
		return nil, fmt.Errorf("read applications: %w", err)
	}
	if recs[0].Rev == 0 {
		return nil, nil
	}
	var all []*Application
	if err := json.Unmarshal(recs[0].Value, &all); err != nil {
		return nil, fmt.Errorf("record of applications: %w", err)
	}
	return all, nil
}

// Load returns the app of an id; nil when there is none.
func Load(tx *store.Tx, env, id string) (*Application, error) {
	all, err := All(tx, env)
	if err != nil {
		return nil, err
	}
	return find(all, id), nil
}

func find(all []*Application, id string) *Application {
	i := slices.IndexFunc(all, func(a *Application) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return all[i]
}

func save(tx *store.Tx, env string, all []*Application) error {
	for _, a := range all {
		a.Links, a.Environment = nil, nil
	}
	b, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("encode applications: %w", err)
	}
	tx.Put(key(env), b)
	return nil
}

// Seed writes the native app of an environment that never had any.
func Seed(tx *store.Tx, env string) error {
	recs, err := tx.Get(key(env))
	if err != nil {
		return fmt.Errorf("read applications: %w", err)
	}
	if recs[0].Rev != 0 {
		return nil
	}
	now := rest.Time{Time: tx.Now()}
	a := &Application{ID: rest.FixedID(env, "nativeApplication"), Name: "mfaflow", Enabled: true, Type: Native,
		Protocol: "OPENID_CONNECT", CreatedAt: &now, UpdatedAt: &now,
		Mobile: &Mobile{BundleID: "org.mfaflow.app", PackageName: "org.mfaflow.app"}}
	a.complete()
	return save(tx, env, []*Application{a})
}

// complete fills what is absent with PingOne's defaults.
func (a *Application) complete() {
	m := a.Mobile
	if m == nil {
		return
	}
	if m.PasscodeRefreshDuration == nil {
		m.PasscodeRefreshDuration = &span.Duration{Duration: period, TimeUnit: "SECONDS"}
	}
	if m.PasscodeGracePeriod == 0 {
		m.PasscodeGracePeriod = grace
	}
}
