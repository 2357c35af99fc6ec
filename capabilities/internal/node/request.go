package node

import (
	"net/http"
	"slices"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// User is the path of a user's resource, or of what rest names below it.
func User(id string, rest ...string) pingone.Path {
	return append(pingone.Path{"users", id}, rest...)
}

// Action is a POST of one of the operations of a deviceAuthentication.
func Action(id, operation string, body Object) pingone.Request {
	return pingone.Request{
		Host: pingone.HostAuth, Method: http.MethodPost, Path: pingone.Path{"deviceAuthentications", id},
		MediaType: pingone.MediaType(operation), Body: body,
	}
}

// UserAgent is the header that decides the platform of a device; nil for none.
func UserAgent(s string) http.Header {
	if s == "" {
		return nil
	}
	return http.Header{"User-Agent": {s}}
}

// Notification are the inputs that choose a message (reference pingone-mfa-api 12.2).
type Notification struct {
	PolicyID       string           `json:"notificationPolicyId"`
	CustomPolicyID any              `json:"customNotificationPolicyId"`
	Variant        string           `json:"templateVariant"`
	CustomVariant  any              `json:"customTemplateVariant"`
	Locale         string           `json:"templateLocale"`
	Variables      []map[string]any `json:"templateVariables"`
}

// Body is the request's `notification`; empty if no input is set. Template names go
// out in lower case, as the templates are called.
func (n Notification) Body(template string) Object {
	return Object{}.
		PutRef("policy", Choose(n.PolicyID, n.CustomPolicyID)).
		Put("template", Object{}.
			Put("name", lower(template)).
			Put("variant", Choose(n.Variant, n.CustomVariant)).
			Put("locale", n.Locale).
			Put("variables", Pairs(n.Variables)))
}

// Selected are the inputs that choose the device of an authentication (reference
// pingone-mfa-api 12.3).
type Selected struct {
	Device      string `json:"selectedDevice"` // id, oneTime, account, passkey; else the default device
	ID          string `json:"selectedDeviceId"`
	OneTimeType string `json:"oneTimeDeviceType"`
	SMS         string `json:"oneTimeSmsDevice"`
	Voice       string `json:"oneTimeVoiceDevice"`
	Email       string `json:"oneTimeEmailDevice"`
	OneTimeTest string `json:"oneTimeDeviceTestMode"`
	CreateTest  string `json:"createDeviceTestMode"`
	OTP         string `json:"otp"`
}

// Misses names a selectedDevice that says none of the ways.
func (s Selected) Misses() bool {
	return !slices.Contains([]string{"", "id", "oneTime", "account", "passkey"}, s.Device)
}

// Body is the request's `selectedDevice`. A passcode without a device is checked
// against all that apply.
func (s Selected) Body() Object {
	body := Object{}.Put("otp", s.OTP)
	switch s.Device {
	case "oneTime":
		return body.Put("oneTime", s.oneTime())
	case "account":
		return body.Put("account", s.oneTime())
	case "passkey":
		return body.Put("passkey", true)
	case "", "id":
		return body.Put("id", s.ID)
	}
	return body
}

func (s Selected) oneTime() Object {
	o := Object{}.Put("type", s.OneTimeType).Put("testMode", True(s.OneTimeTest) || True(s.CreateTest))
	switch s.OneTimeType {
	case "EMAIL":
		return o.Put("email", s.Email)
	case "VOICE":
		return o.Put("phone", s.Voice)
	}
	return o.Put("phone", s.SMS)
}

// PutRelyingParty sets the `rp` of a new authentication. Without a user it is always
// there, be it empty: it says that a passkey tells who it is.
func (o Object) PutRelyingParty(id string, usernameLess bool) Object {
	if id == "" && usernameLess {
		o["rp"] = Object{}
		return o
	}
	return o.PutRef("rp", id)
}

// AuthenticatedUser is the user that a new authentication names: none with
// usernameLess, where the passkey tells.
func AuthenticatedUser(id string, usernameLess bool) (string, connector.Outcome) {
	switch {
	case usernameLess:
		return "", nil
	case id == "":
		return "", Missing("userId")
	}
	return id, nil
}
