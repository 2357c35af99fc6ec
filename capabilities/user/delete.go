package user

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// deleteUser removes a user with their devices.
//
// API: DELETE /users/{userId}
func deleteUser() node.Spec {
	return node.WithRecover(node.Define("user/delete", deleteRequest),
		func(ctx context.Context, c node.Client, in byID) connector.Outcome {
			return c.DeleteAgain(ctx, deleteRequest(in))
		})
}

func deleteRequest(in byID) pingone.Request {
	return pingone.Request{Method: http.MethodDelete, Path: node.User(in.UserID)}
}
