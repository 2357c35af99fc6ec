package mfa

import (
	"context"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
)

type readDeviceAuthenticationPolicyInput struct {
	ID       string `json:"deviceAuthenticationPolicyId"` // "": the connection's, else the default
	CustomID any    `json:"customDeviceAuthenticationPolicyId"`
}

// readDeviceAuthenticationPolicy reads an MFA policy.
//
// API: GET /deviceAuthenticationPolicies/{id}, and the collection to find the default
func readDeviceAuthenticationPolicy() node.Spec {
	return node.DefineRun("mfa/read-device-authentication-policy",
		func(ctx context.Context, c node.Client, in readDeviceAuthenticationPolicyInput) connector.Outcome {
			id := node.Choose(in.ID, in.CustomID)
			if id == "" && in.ID != "" {
				return node.Missing("customDeviceAuthenticationPolicyId")
			}
			policy, fail := c.Policy(ctx, id)
			if fail != nil {
				return *fail
			}
			return policy.Complete(node.Whole("deviceAuthenticationPolicy"))
		})
}
