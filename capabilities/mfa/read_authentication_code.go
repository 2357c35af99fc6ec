package mfa

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// readAuthenticationCode says whether an app has used a code, and for whom.
//
// API: GET /authenticationCodes/{authenticationCodeId} on the auth host
func readAuthenticationCode() node.Spec {
	return node.WithConfirm(node.Define("mfa/read-authentication-code",
		func(in authenticationCode) pingone.Request { return in.request(http.MethodGet) },
		node.Whole("authenticationCode"), node.AuthenticatedByApp()), node.ConfirmDevice)
}
