package mfa

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type updateMFAStatusInput struct {
	UserID     string `json:"userId" need:"text"`
	MFAEnabled bool   `json:"mfaEnabled"`
}

// updateMFAStatus enables or disables MFA for a user.
//
// API: PUT /users/{userId}/mfaEnabled
func updateMFAStatus() node.Spec {
	return node.DefineRun("mfa/update-mfa-status",
		func(ctx context.Context, c node.Client, in updateMFAStatusInput) connector.Outcome {
			return c.Do(ctx, pingone.Request{
				Method: http.MethodPut,
				Path:   node.User(in.UserID, "mfaEnabled"),
				Body:   map[string]any{"mfaEnabled": in.MFAEnabled},
			}, node.Pick("mfaEnabled"), node.TellRenewal(in.UserID, ""))
		})
}
