package device

import (
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/fido2"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/scim"
)

// schema is what devices may be filtered by (reference pingone-mfa-api 2.8).
var schema = scim.Schema{
	Attributes: []string{"status", "type", "mobilePayload", "id"},
	Operators:  []string{"eq"},
}

// list answers GET devices: the active ones in their order, then those that wait.
func (s *Devices) list(c *rest.Call) (rest.Reply, error) {
	a, err := s.user(c)
	if err != nil {
		return rest.Reply{}, err
	}
	f, err := scim.Parse(c.Query.Get("filter"), schema)
	if err != nil {
		return rest.Reply{}, scim.Refusal(err)
	}
	body, err := s.collection(c, a, f)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(body)
}

// collection is the HAL list, with what expand asks for beside it.
func (s *Devices) collection(c *rest.Call, a *account.Account, f scim.Filter) (map[string]any, error) {
	recs, err := Load(c.Tx, c.Env, a.ID, append(a.Active(), a.Pending()...))
	if err != nil {
		return nil, err
	}
	payload, of, err := s.payload(c, f)
	if err != nil {
		return nil, err
	}
	devices := []any{}
	for _, r := range recs {
		d := show(c, a, r)
		if !f.Match(telling(d, payload, of)) {
			continue
		}
		if d, err = s.listed(c, d, r); err != nil {
			return nil, err
		}
		devices = append(devices, d)
	}
	others, err := s.others(c, a.ID, f)
	if err != nil {
		return nil, err
	}
	devices = append(devices, others...)
	embedded := map[string]any{"devices": devices}
	if err := s.expand(c, a, embedded); err != nil {
		return nil, err
	}
	self := c.Links.API("users", a.ID, "devices")
	return map[string]any{
		"_links":    rest.LinkSet{"self": self, "devices.reorder": self},
		"_embedded": embedded,
		"count":     len(devices),
		"size":      len(devices),
	}, nil
}

// listed shows what a list shows more of a passkey than other answers: the name that the
// FIDO2 policy gives it. The options of one that waits are not shown.
func (s *Devices) listed(c *rest.Call, d Device, r *Record) (Device, error) {
	if r.Passkey == nil {
		return d, nil
	}
	p, err := fido2.Effective(c.Tx, c.Env, r.Passkey.Policy)
	if err != nil {
		return d, err
	}
	d, err = withPasskey(c, d, r)
	d.DisplayName, d.CreationOptions = p.DeviceDisplayName, ""
	return d, err
}

// payload finds the payload of an app in a filter, and the device that it is of: "" for
// one that is not good.
func (s *Devices) payload(c *rest.Call, f scim.Filter) (payload, of string, err error) {
	payload, ok := f.Equal("mobilePayload")
	if !ok {
		return "", "", nil
	}
	of, err = s.PayloadOf(c, payload)
	return payload, of, err
}

// telling is attributes, and the payload for the device that it is of.
func telling(d Device, payload, of string) func(string) any {
	return func(name string) any {
		if name == "mobilePayload" && of == d.ID {
			return payload
		}
		return attributes(d)(name)
	}
}

func attributes(d Device) func(string) any {
	return func(name string) any {
		switch name {
		case "status":
			return d.Status
		case "type":
			return d.Type
		case "id":
			return d.ID
		}
		return nil
	}
}

// expand adds members to _embedded. Values that are not known add nothing.
func (s *Devices) expand(c *rest.Call, a *account.Account, out map[string]any) error {
	for _, want := range strings.Split(c.Query.Get("expand"), ",") {
		switch strings.TrimSpace(want) {
		case "order":
			out["order"] = order(a)
		case "typeDisplayNames":
			out["typeDisplayNames"] = labels()
		case "allowedTypes":
			types, err := s.allowed(c)
			if err != nil {
				return err
			}
			out["allowedtypes"] = types
		case "applications":
			apps, err := application.All(c.Tx, c.Env)
			if err != nil {
				return err
			}
			out["applications"] = applications(c, apps)
		case "mfaSettings":
			set, err := policy.LoadSettings(c.Tx, c.Env)
			if err != nil {
				return err
			}
			out["mfaSettings"] = map[string]any{"environment": rest.Ref{ID: c.Env}, "pairing": set.Pairing}
		case "mfaPolicy":
			p, err := s.Policies.Load(c.Tx, c.Env, "")
			if err != nil {
				return err
			}
			out["mfaPolicy"] = map[string]any{"id": p.ID, "authentication": p.Authentication}
		}
	}
	return nil
}

func applications(c *rest.Call, all []*application.Application) []*application.Application {
	out := []*application.Application{}
	for _, a := range all {
		out = append(out, application.Show(c, a))
	}
	return out
}

// order lists the active devices in their order; empty when the order was removed.
func order(a *account.Account) []rest.Ref {
	out := []rest.Ref{}
	if a.Unordered {
		return out
	}
	for _, id := range a.Active() {
		out = append(out, rest.Ref{ID: id})
	}
	return out
}

func labels() map[string]string {
	out := map[string]string{}
	for _, k := range kinds {
		out[k.Type] = k.Label
	}
	return out
}

// allowed lists the types that may be paired: on in the default policy, and with a
// sender.
func (s *Devices) allowed(c *rest.Call) ([]string, error) {
	p, err := s.Policies.Load(c.Tx, c.Env, "")
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, k := range kinds {
		if _, pair := p.Enabled(k.Type); pair && !k.Former && k.reaches(s.Notify, false) {
			out = append(out, k.Type)
		}
	}
	return out, nil
}
