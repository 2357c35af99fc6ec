package user

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type setPasswordInput struct {
	UserID      string `json:"userId" need:"text"`
	Password    string `json:"password" need:"text"` // an empty value would unset it
	ForceChange bool   `json:"forceChange"`
}

// setPassword gives a user a password, as an administrator does.
//
// API: PUT /users/{userId}/password, password.setValue
func setPassword() node.Spec {
	return node.DefineRun("user/set-password",
		func(ctx context.Context, c node.Client, in setPasswordInput) connector.Outcome {
			return c.Do(ctx, pingone.Request{
				Method: http.MethodPut, Path: node.User(in.UserID, "password"),
				MediaType: pingone.MediaType("password.setValue"),
				Body:      map[string]any{"value": in.Password, "forceChange": in.ForceChange},
			}, node.TellRenewal(in.UserID, ""))
		})
}
