package mfa

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type readDeviceAuthenticationInput struct {
	ID string `json:"deviceAuthenticationId" need:"text"`
}

// readDeviceAuthentication reads how an authentication stands. A push that was approved
// is seen here first, so it proves as much as the checks do.
//
// API: GET /deviceAuthentications/{deviceAuthenticationId} on the auth host
func readDeviceAuthentication() node.Spec {
	return node.WithConfirm(node.Define("mfa/read-device-authentication",
		func(in readDeviceAuthenticationInput) pingone.Request {
			return pingone.Request{
				Host: pingone.HostAuth, Method: http.MethodGet,
				Path: pingone.Path{"deviceAuthentications", in.ID},
			}
		},
		node.Authenticated()), node.ConfirmDevice)
}
