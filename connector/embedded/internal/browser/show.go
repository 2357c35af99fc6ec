package browser

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// resource is a BROWSER device on the wire.
type resource struct {
	device.Device
	Session          *rest.Ref  `json:"session,omitempty"`
	Locale           string     `json:"locale,omitempty"`
	OperatingSystem  *system    `json:"operatingSystem,omitempty"`
	Name             string     `json:"name,omitempty"`
	Version          string     `json:"version,omitempty"`
	UserAgent        string     `json:"userAgent,omitempty"`
	Fingerprint      string     `json:"jsFingerprint,omitempty"`
	Push             *bool      `json:"pushNotificationSupport,omitempty"`
	Cookies          *bool      `json:"cookiesEnabled,omitempty"`
	Screen           *screen    `json:"screenResolution,omitempty"`
	LastRememberedAt *rest.Time `json:"lastRememberedAt"`
}

type system struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

func show(c *rest.Call, user string, r *record) resource {
	out := resource{
		Device: device.Device{
			Links: rest.LinkSet{"self": c.Links.API("users", user, "devices", r.ID), "environment": c.Links.API(), "user": c.Links.API("users", user)},
			ID:    r.ID, Environment: rest.Ref{ID: c.Env}, User: rest.Ref{ID: user}, Type: Type, Nickname: r.Nickname,
			Lock: device.Lock{Status: "UNLOCKED"}, Block: device.Block{Status: "UNBLOCKED"}, Status: device.Active,
			CreatedAt: rest.At(time.UnixMilli(r.Created)), UpdatedAt: rest.At(time.UnixMilli(r.Updated)),
		},
		Locale: r.Facts.Locale, OperatingSystem: systemOf(r.Agent), UserAgent: r.Agent, Fingerprint: r.Facts.Fingerprint,
		Push: r.Facts.Push, Cookies: r.Facts.Cookies, Screen: r.Facts.Screen, LastRememberedAt: rest.At(time.UnixMilli(r.Used)),
	}
	out.Name, out.Version = nameOf(r.Agent)
	if r.Session != "" {
		out.Session = &rest.Ref{ID: r.Session}
	}
	if r.Blocked != 0 {
		out.Block = device.Block{Status: "BLOCKED", BlockedAt: rest.At(time.UnixMilli(r.Blocked))}
	}
	return out
}

// verdict is the answer to a check: a deviceAuthentication that is over. It is kept
// nowhere, so nothing can be done with its id.
func verdict(c *rest.Call, user, policy string, r *record) map[string]any {
	now := rest.At(c.Tx.Now())
	body := map[string]any{
		"_links": rest.LinkSet{"environment": c.Links.API()}, "id": c.Tx.NewID(), "environment": rest.Ref{ID: c.Env},
		"user": rest.Ref{ID: user}, "policy": rest.Ref{ID: policy}, "payload": map[string]string{"type": Type},
		"createdAt": now, "updatedAt": now,
	}
	if r == nil {
		body["status"], body["_embedded"] = "FAILED", map[string]any{"devices": []any{}}
		body["error"] = map[string]string{"code": "BROWSER_NOT_REMEMBERED", "message": "The browser is not remembered"}
		return body
	}
	body["status"], body["authenticators"] = "COMPLETED", []string{"swk", "mfa", "rm"}
	body["_embedded"] = map[string]any{"devices": []any{}, "accessingDevices": []resource{show(c, user, r)}}
	if r.Session != "" {
		body["deviceSession"] = rest.Ref{ID: r.Session}
	}
	return body
}
