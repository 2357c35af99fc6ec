package mfa

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// resendOTPForPairing sends another passcode for a device that awaits activation. The
// one before dies.
//
// API: POST /users/{userId}/devices/{deviceId}, device.sendActivationCode
func resendOTPForPairing() node.Spec {
	return node.Define("mfa/resend-otp-for-pairing",
		func(in userDevice) pingone.Request {
			return pingone.Request{
				Method:    http.MethodPost,
				Path:      in.path(),
				MediaType: pingone.MediaType("device.sendActivationCode"),
			}
		})
}
