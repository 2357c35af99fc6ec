package mfa

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type readAuthenticationCodeInput struct {
	ID string `json:"authenticationCodeId" need:"text"`
}

// readAuthenticationCode says whether an app has used a code, and for whom.
//
// API: GET /authenticationCodes/{authenticationCodeId} on the auth host
func readAuthenticationCode() node.Spec {
	return node.Define("mfa/read-authentication-code",
		func(in readAuthenticationCodeInput) pingone.Request {
			return pingone.Request{
				Host: pingone.HostAuth, Method: http.MethodGet,
				Path: pingone.Path{"authenticationCodes", in.ID},
			}
		},
		node.Whole("authenticationCode"), node.AuthenticatedByApp())
}
