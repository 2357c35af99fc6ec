package mfa

import (
	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type fidoAssertionInput struct {
	ID            string `json:"deviceAuthenticationId" need:"text"`
	Assertion     string `json:"assertion"` // JSON, passed on untouched
	Origin        string `json:"origin"`
	Compatibility string `json:"compatibility"`
}

// fidoAssertion checks the assertion that the browser's authenticator signed.
//
// API: POST /deviceAuthentications/{deviceAuthenticationId}, assertion.check
func fidoAssertion() node.Spec {
	return node.WithConfirm(node.Define("mfa/fido-assertion",
		func(in fidoAssertionInput) pingone.Request {
			return node.Action(in.ID, "assertion.check",
				node.Object{"assertion": in.Assertion, "origin": in.Origin}.Put("compatibility", in.Compatibility))
		},
		node.Authenticated()), node.ConfirmDevice)
}
