package authn

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/span"
)

// number is what the sign-on page shows, for the person to find it on the phone.
type number struct {
	Number int `json:"number"`
}

// phone is what the entry of a MOBILE device has beside the others' (reference
// pingone-mfa-api 3.4).
type phone struct {
	OS                   device.OS         `json:"os,omitzero"`
	APIVersion           string            `json:"apiVersion,omitempty"`
	Locale               string            `json:"locale,omitempty"`
	Model                device.Model      `json:"model,omitzero"`
	Manufacturer         string            `json:"manufacturer,omitempty"`
	SDKVersion           string            `json:"sdkVersion,omitempty"`
	Rooted               bool              `json:"rooted"`
	LockEnabled          bool              `json:"lockEnabled"`
	NotificationProvider string            `json:"notificationProvider,omitempty"`
	Application          installed         `json:"application"`
	PushEnabled          bool              `json:"pushEnabled"`
	PushStatus           means             `json:"pushStatus"`
	OTPEnabled           bool              `json:"otpEnabled"`
	OTPStatus            means             `json:"otpStatus"`
	Integrity            *device.Integrity `json:"deviceIntegrityState,omitempty"`
	Lock                 *device.Lock      `json:"lock,omitempty"` // while there is one
}

// installed is the app, and how long one of its codes is shown.
type installed struct {
	device.MobileApp
	PasscodeRefreshDuration span.Duration `json:"passcodeRefreshDuration"`
}

// means says whether one of a device's ways works now, and if not, why.
type means struct {
	Status string `json:"status"` // ENABLED, DISABLED
	Reason string `json:"reason,omitempty"`
}

func (s *Authentications) phone(c *rest.Call, x *session, d *device.Record) *phone {
	m := d.Mobile
	if m == nil {
		return nil
	}
	p := &phone{
		OS: m.OS, APIVersion: m.APIVersion, Locale: m.Locale, Model: m.Model, Manufacturer: m.Manufacturer,
		SDKVersion: m.SDKVersion, Rooted: m.Rooted, LockEnabled: m.LockEnabled, NotificationProvider: m.NotificationProvider,
		Application: installed{m.Application, span.Duration{Duration: d.Period, TimeUnit: "SECONDS"}},
		PushEnabled: m.PushEnabled, PushStatus: s.pushStatus(c, x, d),
		OTPEnabled: m.OTPEnabled, OTPStatus: x.otpStatus(d), Integrity: m.Integrity,
	}
	if lock := device.LockOf(x.account.Device(d.ID), c.Tx.Now()); lock.Status == "LOCKED" {
		p.Lock = &lock
	}
	return p
}

func (s *Authentications) pushStatus(c *rest.Call, x *session, d *device.Record) means {
	r, known := x.appRules(d)
	switch {
	case !known || !r.Push || !s.pushes(x, d) && d.Mobile.PushEnabled:
		return means{"DISABLED", "PUSH_NOT_ALLOWED"}
	case !d.Mobile.PushEnabled:
		return means{"DISABLED", "PUSH_NOT_SUPPORTED"}
	case !s.pushable(c, x, d):
		return means{"DISABLED", "PUSH_LOCKED"}
	}
	return means{Status: "ENABLED"}
}

func (x *session) otpStatus(d *device.Record) means {
	switch {
	case !d.Mobile.OTPEnabled:
		return means{"DISABLED", "OTP_NOT_SUPPORTED"}
	case !x.takesCode(d):
		return means{"DISABLED", "OTP_NOT_ALLOWED"}
	}
	return means{Status: "ENABLED"}
}

// offers reports whether an action that the status has is one of the session too: nobody
// chooses a device before it is known whose, and not every device has codes.
func (x *session) offers(action string) bool {
	switch action {
	case "device.select":
		return x.account != nil
	case "otp.check":
		d, _ := x.selected()
		return d == nil || x.takesCode(d)
	}
	return true
}

// showPush adds what the sign-on page needs of a push, and the app that was named.
func (x *session) showPush(r *Resource) {
	if x.App != "" {
		r.Application = &rest.Ref{ID: x.App}
	}
	if x.Push != nil && x.Push.Number != 0 {
		r.NumberMatching = &number{x.Push.Number}
	}
}
