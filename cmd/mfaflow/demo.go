package main

import (
	"context"
	"fmt"

	"github.com/mfaflow/mfaflow/connector"
)

// The demo user exists in dev only (contract 3).
const (
	demoUser     = "demo"
	demoPassword = "Demo-mfaflow-2026!"
	demoEmail    = "demo@example.com"
)

// seedDemo makes the demo user with one EMAIL device and MFA on, unless there is one.
func (a *app) seedDemo(ctx context.Context) error {
	a.instance.Demo = true
	if err := a.remember(ctx); err != nil {
		return err
	}
	out, err := a.do(ctx, "user/find", map[string]any{"username": demoUser})
	if err == nil {
		return nil
	}
	if out.Code != "NOT_FOUND" {
		return err
	}
	made, err := a.do(ctx, "user/create", map[string]any{"username": demoUser, "email": demoEmail})
	if err != nil {
		return err
	}
	for _, step := range []struct {
		id    string
		input map[string]any
	}{
		{"user/set-password", map[string]any{"userId": made.userID, "password": demoPassword, "forceChange": false}},
		{"mfa/create-device", map[string]any{"userId": made.userID, "deviceType": "EMAIL", "status": "ACTIVE", "email": demoEmail}},
		{"mfa/update-mfa-status", map[string]any{"userId": made.userID, "mfaEnabled": true}},
	} {
		if _, err := a.do(ctx, step.id, step.input); err != nil {
			return err
		}
	}
	return nil
}

// did is what seedDemo needs of an outcome.
type did struct {
	connector.Fail
	userID string
}

// do runs one capability outside any flow.
func (a *app) do(ctx context.Context, id string, input map[string]any) (did, error) {
	e, ok := a.caps.Lookup(id)
	if !ok {
		return did{}, fmt.Errorf("demo user: there is no capability %s", id)
	}
	switch o := e.Run(ctx, connector.Call{Input: input, Key: "demo/" + id}).(type) {
	case connector.Complete:
		user, _ := o.Output["user"].(map[string]any)
		return did{userID: textOf(user["id"])}, nil
	case connector.Fail:
		return did{Fail: o}, fmt.Errorf("demo user: %s: %w", id, &connector.Error{Code: o.Code, Err: o.Err})
	}
	return did{}, fmt.Errorf("demo user: %s gave no outcome", id)
}
