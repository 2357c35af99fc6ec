package user

import (
	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// sendVerificationCode mails a code that proves the user's address. The one before dies.
//
// API: POST /users/{userId}, user.sendVerificationCode
func sendVerificationCode() node.Spec {
	return node.Define("user/send-verification-code",
		func(in byID) pingone.Request { return operation(in.UserID, "user.sendVerificationCode", nil) },
		node.Whole("user"))
}
