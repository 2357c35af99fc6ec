package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
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
	userID, err := a.importDemo(ctx)
	if err != nil {
		return err
	}
	_, err = a.do(ctx, "mfa/create-device", map[string]any{"userId": userID, "deviceType": "EMAIL", "status": "ACTIVE", "email": demoEmail})
	return err
}

// importDemo makes the user. The address is verified, or the inbox would get no more than
// the few messages that go to addresses which nobody has proven.
func (a *app) importDemo(ctx context.Context) (id string, err error) {
	r, err := a.service.Do(ctx, pingone.Request{
		Method: http.MethodPost, Path: pingone.Path{"users"}, MediaType: pingone.MediaType("user.import"),
		Body: map[string]any{"username": demoUser, "email": demoEmail, "emailVerified": true, "mfaEnabled": true,
			"password": map[string]any{"value": demoPassword}}})
	if err != nil {
		return "", fmt.Errorf("demo user: %w", err)
	}
	if e := pingone.ErrorOf(r); e != nil {
		return "", fmt.Errorf("demo user: %w", e)
	}
	var user struct{ ID string }
	if err := json.Unmarshal(r.Body, &user); err != nil {
		return "", fmt.Errorf("demo user: %w", err)
	}
	return user.ID, nil
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
