package node

import (
	"context"
	"net/http"
	"slices"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// DeviceList asks for a user's devices.
type DeviceList struct {
	UserID string
	Status string   // "" and ALL: any
	Types  []string // empty: any
}

// Expansions of a device list. PingOne documents the first two; the others are how the
// embedded service gives in one answer what DaVinci shows beside the list (reference
// pingone-mfa-api 2.8).
const (
	expandDocumented = "order,typeDisplayNames"
	expandEmbedded   = expandDocumented + ",allowedTypes,applications,mfaSettings,mfaPolicy"
)

func (l DeviceList) request(expand string) pingone.Request {
	var status string
	if l.Status != "" && l.Status != "ALL" {
		status = Equal("status", l.Status)
	}
	types := make([]string, len(l.Types))
	for i, t := range l.Types {
		types[i] = Equal("type", t)
	}
	query := Filter(status, AnyOf(types...))
	query.Set("expand", expand)
	return pingone.Request{Method: http.MethodGet, Path: User(l.UserID, "devices"), Query: query}
}

// Devices reads a user's devices with what is shown beside them.
func (c Client) Devices(ctx context.Context, l DeviceList) connector.Outcome {
	expand := expandDocumented
	if c.Joined {
		expand = expandEmbedded
	}
	list, fail := c.Ask(ctx, l.request(expand))
	if fail != nil {
		return *fail
	}
	policy, fail := c.beside(ctx, list)
	if fail != nil {
		return *fail
	}
	return list.Complete(EmbeddedList("devices", "order"), policy)
}

// beside adds what the list did not carry by reading the policy and the settings. What
// the worker may not read, or the service does not have, stays empty.
func (c Client) beside(ctx context.Context, list Answer) (Shape, *connector.Fail) {
	extra := map[string]any{
		"allowedtypes": list.Embedded("allowedtypes"), "applications": list.Embedded("applications"),
		"mfaPolicy": list.Embedded("mfaPolicy"), "mfaSettings": list.Embedded("mfaSettings"),
	}
	if extra["allowedtypes"] == nil || extra["applications"] == nil || extra["mfaPolicy"] == nil {
		policy, fail := c.Policy(ctx, "")
		if fail = tolerate(fail); fail != nil {
			return nil, fail
		}
		setDefault(extra, "allowedtypes", allowedTypes(policy.Body))
		setDefault(extra, "applications", applicationsOf(policy.Body))
		setDefault(extra, "mfaPolicy", only(policy.Body, "authentication"))
	}
	if extra["mfaSettings"] == nil {
		settings, fail := c.Ask(ctx, pingone.Request{Method: http.MethodGet, Path: pingone.Path{"mfaSettings"}})
		if fail = tolerate(fail); fail != nil {
			return nil, fail
		}
		extra["mfaSettings"] = only(settings.Body, "environment", "pairing")
	}
	return func(_ Answer, done *connector.Complete) {
		for name, v := range extra {
			done.Output[name] = v
		}
	}, nil
}

func tolerate(fail *connector.Fail) *connector.Fail {
	if fail != nil && (fail.Details["status"] == 403.0 || fail.Details["status"] == 404.0 || fail.Code == codeNotFound) {
		return nil
	}
	return fail
}

func setDefault(m map[string]any, name string, v any) {
	if m[name] == nil {
		m[name] = v
	}
}

func only(body map[string]any, names ...string) map[string]any {
	o := map[string]any{}
	for _, name := range names {
		if v, ok := body[name]; ok {
			o[name] = v
		}
	}
	return o
}

// methodTypes maps a policy's members to device types, in the order they are offered.
var methodTypes = [...][2]string{{"email", "EMAIL"}, {"sms", "SMS"}, {"voice", "VOICE"}, {"whatsApp", "WHATSAPP"},
	{"totp", "TOTP"}, {"mobile", "MOBILE"}, {"fido2", "FIDO2"}, {"securityKey", "SECURITY_KEY"}, {"platform", "PLATFORM"},
	{"oathToken", "OATH_TOKEN"}}

// allowedTypes are the types that a policy lets a user pair.
func allowedTypes(policy map[string]any) []any {
	types := []any{}
	for _, m := range methodTypes {
		method, _ := policy[m[0]].(map[string]any)
		if method["enabled"] == true && method["pairingDisabled"] != true {
			types = append(types, m[1])
		}
	}
	return types
}

func applicationsOf(policy map[string]any) []any {
	mobile, _ := policy["mobile"].(map[string]any)
	if apps, ok := mobile["applications"].([]any); ok {
		return apps
	}
	return []any{}
}

// OrderWithFirst is the user's device order with id moved to the front. For a user
// without an order it is made of the active devices as listed.
func (c Client) OrderWithFirst(ctx context.Context, userID, id string) ([]any, connector.Outcome) {
	l := DeviceList{UserID: userID, Status: "ACTIVE"}
	list, fail := c.Ask(ctx, l.request(expandDocumented))
	if fail != nil {
		return nil, *fail
	}
	members := list.Objects("order")
	if len(members) == 0 {
		members = list.Objects("devices")
	}
	ids := []string{id}
	for _, m := range members {
		if other := idIn(m); other != "" && !slices.Contains(ids, other) {
			ids = append(ids, other)
		}
	}
	refs := make([]any, len(ids))
	for i, id := range ids {
		refs[i] = Ref(id)
	}
	return refs, nil
}
