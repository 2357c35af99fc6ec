package sim

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

// p0 is the policy of the acceptance scenarios: every method on, three wrong codes, then
// a cool-down of two minutes; codes of six digits that live 30 minutes;
// browsers are remembered for 30 days.
func p0() map[string]any {
	minutes := func(n int) map[string]any { return map[string]any{"duration": n, "timeUnit": "MINUTES"} }
	failure := func() map[string]any { return map[string]any{"count": 3, "coolDown": minutes(2)} }
	sent := func() map[string]any {
		return map[string]any{"enabled": true, "otp": map[string]any{"failure": failure(), "lifeTime": minutes(30), "otpLength": 6}}
	}
	p := map[string]any{
		"name": "P0", "default": true, "authentication": map[string]any{"deviceSelection": "DEFAULT_TO_FIRST"},
		"sms": sent(), "voice": sent(), "email": sent(), "whatsApp": sent(),
		"mobile": map[string]any{"enabled": true, "otp": map[string]any{"failure": failure()}},
		"totp":   map[string]any{"enabled": true, "passcodeGracePeriod": 1, "otp": map[string]any{"failure": failure()}},
		"fido2":  map[string]any{"enabled": true, "failure": failure()},
		"rememberMe": map[string]any{"web": map[string]any{"enabled": true,
			"lifeTime": map[string]any{"duration": 30, "timeUnit": "DAYS"}}},
	}
	return p
}

// SetPolicy changes the default policy, member by member: a map within changes changes
// the map there, anything else takes the place of what was.
func (w *World) SetPolicy(ctx context.Context, changes map[string]any) error {
	list, err := w.ask(ctx, pingone.Request{Method: http.MethodGet, Path: pingone.Path{"deviceAuthenticationPolicies"}})
	if err != nil {
		return err
	}
	for _, item := range members(list, "deviceAuthenticationPolicies") {
		p, _ := item.(map[string]any)
		if p["default"] != true {
			continue
		}
		id, _ := p["id"].(string)
		merge(p, changes)
		_, err := w.ask(ctx, pingone.Request{Method: http.MethodPut, Path: pingone.Path{"deviceAuthenticationPolicies", id}, Body: p})
		return err
	}
	return errors.New("there is no default policy")
}

func merge(into, from map[string]any) {
	for k, v := range from {
		old, both := into[k].(map[string]any)
		if change, isMap := v.(map[string]any); isMap && both {
			old = maps.Clone(old)
			merge(old, change)
			v = old
		}
		into[k] = v
	}
}
