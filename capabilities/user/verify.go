package user

import (
	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type verifyInput struct {
	UserID string `json:"userId" need:"text"`
	Code   string `json:"code"`
}

// verify checks the code that sendVerificationCode mailed.
//
// API: POST /users/{userId}, user.verify
func verify() node.Spec {
	return node.Define("user/verify",
		func(in verifyInput) pingone.Request {
			return operation(in.UserID, "user.verify", map[string]any{"verificationCode": in.Code})
		},
		node.Whole("user"))
}
