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
	return node.WithRecover(node.DefineRun("user/delete",
		func(ctx context.Context, c node.Client, in byID) connector.Outcome {
			return withoutProofs(in.UserID, c.Do(ctx, deleteRequest(in)))
		}),
		func(ctx context.Context, c node.Client, in byID) connector.Outcome {
			return withoutProofs(in.UserID, c.DeleteAgain(ctx, deleteRequest(in)))
		})
}

// withoutProofs tells that whatever was proven of the user went with the user.
func withoutProofs(userID string, o connector.Outcome) connector.Outcome {
	if done, ok := o.(connector.Complete); ok {
		done.Renewal, done.Keeps = &connector.Renewal{UserID: userID}, userID
		return done
	}
	return o
}

func deleteRequest(in byID) pingone.Request {
	return pingone.Request{Method: http.MethodDelete, Path: node.User(in.UserID)}
}
