package user

import (
	"context"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
)

type verifyInput struct {
	UserID string `json:"userId" need:"text"`
	Code   string `json:"code"`
}

// verify checks the code that sendVerificationCode mailed. A user whose address is proven is
// kept, also if the execution that made it is left.
//
// API: POST /users/{userId}, user.verify
func verify() node.Spec {
	return node.DefineRun("user/verify",
		func(ctx context.Context, c node.Client, in verifyInput) connector.Outcome {
			return c.Do(ctx, operation(in.UserID, "user.verify", map[string]any{"verificationCode": in.Code}),
				node.Whole("user"), node.Keeps(in.UserID))
		})
}
