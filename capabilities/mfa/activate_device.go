package mfa

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type activateDeviceInput struct {
	UserID      string `json:"userId" need:"text"`
	DeviceID    string `json:"deviceId" need:"text"`
	OTP         string `json:"otp"`
	Attestation string `json:"attestation"`
	Origin      string `json:"origin"`
	OATHResync  any    `json:"oathResync"` // boolean, or the word for it
}

// activateDevice proves that the user holds a device, by passcode or attestation.
//
// API: POST /users/{userId}/devices/{deviceId}, device.activate
func activateDevice() node.Spec {
	return node.Define("mfa/activate-device",
		func(in activateDeviceInput) pingone.Request {
			return pingone.Request{
				Method:    http.MethodPost,
				Path:      node.User(in.UserID, "devices", in.DeviceID),
				MediaType: pingone.MediaType("device.activate"),
				Body: node.Object{}.
					Put("otp", in.OTP).
					Put("attestation", in.Attestation).
					Put("origin", in.Origin).
					Put("oathResync", in.OATHResync == true || node.True(node.Text(in.OATHResync))),
			}
		},
		node.Whole("device"))
}
