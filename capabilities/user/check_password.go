package user

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type checkPasswordInput struct {
	Username string `json:"username"`
	UserID   string `json:"userId"`
	Password string `json:"password"`
}

// nobody is no user's id. The service hashes for it as it does for a user, so that an
// unknown name costs what a wrong password costs.
const nobody = "00000000-0000-0000-0000-000000000000"

// checkPassword checks a user's password. Whoever may not sign on for whatever reason
// gets one answer, after the same two requests.
//
// API: GET /users?filter=… or /users/{userId}; POST /users/{id}/password, password.check
func checkPassword() node.Spec {
	return node.WithConfirm(node.DefineRun("user/check-password",
		func(ctx context.Context, c node.Client, in checkPasswordInput) connector.Outcome {
			if in.Username == "" && in.UserID == "" {
				return node.Missing("username")
			}
			user, fail := lookUp(ctx, c, in)
			if fail != nil {
				return *fail
			}
			id := nobody
			if user != nil {
				id, _ = user["id"].(string)
			}
			state, fail := c.Ask(ctx, pingone.Request{
				Method: http.MethodPost, Path: node.User(id, "password"),
				MediaType: pingone.MediaType("password.check"), Body: map[string]any{"password": in.Password},
			})
			if fail != nil {
				return oneAnswer(*fail)
			}
			if !maySignOn(user) {
				return oneAnswer(connector.Fail{Details: map[string]any{"status": float64(http.StatusBadRequest)}})
			}
			return state.Complete(node.Set("user", user), node.Set("passwordStatus", state.Body["status"]), c.ProvedByPassword(id))
		}), node.ConfirmPassword)
}
