package device

import (
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Mobile is what a native app has told about itself and its phone, as on the wire
// (seed 000, native device properties).
type Mobile struct {
	APIVersion           string     `json:"apiVersion,omitempty"`
	Application          MobileApp  `json:"application"`
	Integrity            *Integrity `json:"deviceIntegrityState,omitempty"`
	Locale               string     `json:"locale,omitempty"`
	LockEnabled          bool       `json:"lockEnabled"`
	Logs                 *logs      `json:"logs,omitempty"`
	Manufacturer         string     `json:"manufacturer,omitempty"`
	Model                Model      `json:"model,omitzero"`
	Name                 string     `json:"name,omitempty"`
	NotificationProvider string     `json:"notificationProvider,omitempty"`
	OS                   OS         `json:"os,omitzero"`
	OTPEnabled           bool       `json:"otpEnabled"`
	PushEnabled          bool       `json:"pushEnabled"`
	PushToken            string     `json:"pushToken,omitempty"` // shown as its last four characters
	Rooted               bool       `json:"rooted"`
	SDKVersion           string     `json:"sdkVersion,omitempty"`
}

// MobileApp is the app as it runs on the phone. ID and Name are the environment's.
type MobileApp struct {
	ID          string `json:"id"`
	Name        string `json:"name,omitempty"`
	NativeName  string `json:"nativeName,omitempty"`
	Version     string `json:"version,omitempty"`
	PushSandbox bool   `json:"pushSandbox"`
}

// Integrity is what the app says of the state of its phone.
type Integrity struct {
	Compromised string     `json:"compromised"` // TRUE, FALSE
	Reason      string     `json:"reason,omitempty"`
	Advice      string     `json:"advice,omitempty"`
	Timestamp   *rest.Time `json:"timestamp,omitempty"` // when it said so
}

// Model is the phone's model.
type Model struct {
	Name          string `json:"name,omitempty"`
	MarketingName string `json:"marketingName,omitempty"`
}

// OS is the phone's operating system.
type OS struct {
	Type    string `json:"type,omitempty"`
	Version string `json:"version,omitempty"`
}

// AppKey is the record of the key with which the app of a device signs. It is written by
// internal/app.
func AppKey(env, id string) store.Key { return store.K(env, "app", id) }

const (
	maxProperty  = 256  // characters
	maxPushToken = 4096 // characters
)

// Check refuses what an app cannot say, and stamps what it says about its integrity.
func (m *Mobile) Check(prefix string, now time.Time) error {
	texts := []struct {
		at, text string
		most     int
	}{
		{"apiVersion", m.APIVersion, maxProperty}, {"application.nativeName", m.Application.NativeName, maxProperty},
		{"application.version", m.Application.Version, maxProperty}, {"locale", m.Locale, maxProperty},
		{"manufacturer", m.Manufacturer, maxProperty}, {"model.name", m.Model.Name, maxProperty},
		{"model.marketingName", m.Model.MarketingName, maxProperty}, {"name", m.Name, maxProperty},
		{"os.type", m.OS.Type, maxProperty}, {"os.version", m.OS.Version, maxProperty},
		{"sdkVersion", m.SDKVersion, maxProperty}, {"pushToken", m.PushToken, maxPushToken},
	}
	for _, t := range texts {
		if err := rest.AtMost(prefix+t.at, t.text, t.most); err != nil {
			return err
		}
	}
	if p := m.NotificationProvider; p != "" {
		if err := rest.OneOf(prefix+"notificationProvider", p, "APNS", "FCM", "FCM_HTTP_V1", "HMS"); err != nil {
			return err
		}
	}
	return m.Integrity.check(prefix+"deviceIntegrityState.", now)
}

func (i *Integrity) check(prefix string, now time.Time) error {
	if i == nil {
		return nil
	}
	for at, text := range map[string]string{"reason": i.Reason, "advice": i.Advice} {
		if err := rest.AtMost(prefix+at, text, maxProperty); err != nil {
			return err
		}
	}
	i.Timestamp = rest.At(now)
	return rest.OneOf(prefix+"compromised", i.Compromised, "TRUE", "FALSE")
}

// Keep takes back what an app cannot change about a phone once it is paired.
func (m *Mobile) Keep(was *Mobile) {
	app := was.Application
	app.NativeName, app.Version = m.Application.NativeName, m.Application.Version
	m.Application, m.Manufacturer, m.Model, m.Name, m.Logs = app, was.Manufacturer, was.Model, was.Name, was.Logs
	m.OS.Type = was.OS.Type
}

// shown is what others may see.
func (m *Mobile) shown(now time.Time) *Mobile {
	if m == nil {
		return nil
	}
	out := *m
	out.Logs = m.Logs.at(now)
	if n := len(m.PushToken); n > 0 {
		out.PushToken = "****" + m.PushToken[max(n-4, n/2):]
	}
	return &out
}

// Installed leaves out devices whose native app was deleted or disabled since.
func Installed(c *rest.Call, all []*Record) ([]*Record, error) {
	if !slices.ContainsFunc(all, func(r *Record) bool { return r.Mobile != nil }) {
		return all, nil
	}
	apps, err := application.All(c.Tx, c.Env)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(r *Record) bool {
		return r.Mobile != nil && !slices.ContainsFunc(apps, func(a *application.Application) bool {
			return a.ID == r.Mobile.Application.ID && a.Enabled
		})
	}), nil
}

// MakesCodes reports whether codes of a MOBILE device sign on under a policy.
func (r *Record) MakesCodes(p *policy.Policy) bool {
	if r.Mobile == nil || !r.Mobile.OTPEnabled {
		return false
	}
	rules, ok := p.App(r.Mobile.Application.ID)
	return ok && rules.OTP
}

// Enrol adds a device that was paired from the outside, active at once. One that the
// settings do not allow is LIMIT_EXCEEDED. The caller has the user's latch.
func Enrol(c *rest.Call, a *account.Account, r *Record) error {
	if err := full(c, a); err != nil {
		return err
	}
	a.Add(account.Device{ID: r.ID})
	if err := r.save(c, a.ID); err != nil {
		return err
	}
	if err := a.Save(c.Tx, c.Env); err != nil {
		return err
	}
	return audited(c, "DEVICE.CREATED", a.ID, r.ID, rest.Success)
}

// Update saves what an app has changed about its device.
func Update(c *rest.Call, user string, r *Record) error {
	if err := r.save(c, user); err != nil {
		return err
	}
	return audited(c, "DEVICE.UPDATED", user, r.ID, rest.Success)
}
