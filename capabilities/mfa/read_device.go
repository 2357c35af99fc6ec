package mfa

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// userDevice are the inputs of what is done to one device.
type userDevice struct {
	UserID   string `json:"userId" need:"text"`
	DeviceID string `json:"deviceId" need:"text"`
}

func (d userDevice) path(rest ...string) pingone.Path {
	return node.User(d.UserID, append([]string{"devices", d.DeviceID}, rest...)...)
}

// readDevice reads one of a user's devices.
//
// API: GET /users/{userId}/devices/{deviceId}
func readDevice() node.Spec {
	return node.Define("mfa/read-device",
		func(in userDevice) pingone.Request {
			return pingone.Request{Method: http.MethodGet, Path: in.path()}
		},
		node.Whole("device"))
}
