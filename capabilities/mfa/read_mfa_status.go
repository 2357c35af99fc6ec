package mfa

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type readMFAStatusInput struct {
	UserID string `json:"userId" need:"text"`
}

// readMFAStatus says whether MFA is enabled for a user.
//
// API: GET /users/{userId}/mfaEnabled
func readMFAStatus() node.Spec {
	return node.Define("mfa/read-mfa-status",
		func(in readMFAStatusInput) pingone.Request {
			return pingone.Request{Method: http.MethodGet, Path: node.User(in.UserID, "mfaEnabled")}
		},
		node.Pick("mfaEnabled"))
}
