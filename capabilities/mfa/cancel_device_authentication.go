package mfa

import (
	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type cancelDeviceAuthenticationInput struct {
	ID     string `json:"deviceAuthenticationId" need:"text"`
	Reason string `json:"reason"`
}

// cancelDeviceAuthentication withdraws what the user was asked.
//
// API: POST /deviceAuthentications/{deviceAuthenticationId}, cancel.push.authentication
func cancelDeviceAuthentication() node.Spec {
	return node.Define("mfa/cancel-device-authentication",
		func(in cancelDeviceAuthenticationInput) pingone.Request {
			return node.Action(in.ID, "cancel.push.authentication", node.Object{"reason": cancelReason(in.Reason)})
		})
}

// cancelReason is one of the three that PingOne knows, else DEFAULT.
func cancelReason(s string) string {
	switch s {
	case "SIGNOUT", "CHANGE_DEVICE", "ADD_DEVICE":
		return s
	}
	return "DEFAULT"
}
