package mfa

import (
	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type devicePasscodeInput struct {
	ID  string `json:"deviceAuthenticationId" need:"text"`
	OTP string `json:"otp"`
}

// devicePasscode checks the passcode that the user typed. An empty one is sent too: the
// service counts and refuses it.
//
// API: POST /deviceAuthentications/{deviceAuthenticationId}, otp.check
func devicePasscode() node.Spec {
	return node.WithConfirm(node.Define("mfa/device-passcode",
		func(in devicePasscodeInput) pingone.Request {
			return node.Action(in.ID, "otp.check", node.Object{"otp": in.OTP})
		},
		node.Authenticated()), node.ConfirmDevice)
}
