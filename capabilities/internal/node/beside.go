package node

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

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
