package sim

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// p0 is the policy of the acceptance scenarios: every method on, three wrong codes, then
// a cool-down of two minutes; codes of six digits that live 30 minutes; pushes that wait a
// minute, three in half an hour; browsers are remembered for 30 days.
func p0() map[string]any {
	minutes := func(n int) map[string]any { return map[string]any{"duration": n, "timeUnit": "MINUTES"} }
	failure := func() map[string]any { return map[string]any{"count": 3, "coolDown": minutes(2)} }
	sent := func() map[string]any {
		return map[string]any{"enabled": true, "otp": map[string]any{"failure": failure(), "lifeTime": minutes(30), "otpLength": 6}}
	}
	p := map[string]any{
		"name": "P0", "default": true, "authentication": map[string]any{"deviceSelection": "DEFAULT_TO_FIRST"},
		"sms": sent(), "voice": sent(), "email": sent(), "whatsApp": sent(),
		"mobile": map[string]any{"enabled": true, "otp": map[string]any{"failure": failure()}, "applications": []any{map[string]any{
			"id": embedded.NativeApplication(Environment), "push": map[string]any{"enabled": true}, "otp": map[string]any{"enabled": true},
			"pushTimeout": map[string]any{"duration": 60, "timeUnit": "SECONDS"},
			"pushLimit":   map[string]any{"count": 3, "timePeriod": minutes(30), "lockDuration": minutes(30)},
		}}},
		"totp":  map[string]any{"enabled": true, "passcodeGracePeriod": 1, "otp": map[string]any{"failure": failure()}},
		"fido2": map[string]any{"enabled": true, "failure": failure()},
		"rememberMe": map[string]any{"web": map[string]any{"enabled": true,
			"lifeTime": map[string]any{"duration": 30, "timeUnit": "DAYS"}}},
	}
	return p
}

// SetPolicy changes the default policy, member by member: a map within changes changes
// the map there, anything else takes the place of what was. An application without an id
// changes the world's own.
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
		merge(p, completed(p, changes))
		_, err := w.ask(ctx, pingone.Request{Method: http.MethodPut, Path: pingone.Path{"deviceAuthenticationPolicies", id}, Body: p})
		return err
	}
	return errors.New("there is no default policy")
}

// completed puts what a policy says of the world's own app under what changes say of an
// app without an id.
func completed(p, changes map[string]any) map[string]any {
	change, _ := changes["mobile"].(map[string]any)
	apps, ok := change["applications"].([]any)
	was, _ := p["mobile"].(map[string]any)
	own, _ := was["applications"].([]any)
	if !ok || len(own) == 0 {
		return changes
	}
	apps = slices.Clone(apps)
	for i, item := range apps {
		app, isMap := item.(map[string]any)
		before, _ := own[0].(map[string]any)
		if _, named := app["id"]; isMap && !named {
			whole := maps.Clone(before)
			merge(whole, app)
			apps[i] = whole
		}
	}
	changes, change = maps.Clone(changes), maps.Clone(change)
	change["applications"], changes["mobile"] = apps, change
	return changes
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
