package mfa

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type authenticationCode struct {
	ID string `json:"authenticationCodeId" need:"text"`
}

func (in authenticationCode) request(method string) pingone.Request {
	return pingone.Request{Host: pingone.HostAuth, Method: method, Path: pingone.Path{"authenticationCodes", in.ID}}
}

// deleteAuthenticationCode withdraws a code, so that no app can claim or approve it any
// more.
//
// API: DELETE /authenticationCodes/{authenticationCodeId} on the auth host
func deleteAuthenticationCode() node.Spec {
	request := func(in authenticationCode) pingone.Request { return in.request(http.MethodDelete) }
	return node.WithRecover(node.Define("mfa/delete-authentication-code", request),
		func(ctx context.Context, c node.Client, in authenticationCode) connector.Outcome {
			return c.DeleteAgain(ctx, request(in))
		})
}
