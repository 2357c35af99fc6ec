package mfa

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type updateDeviceNicknameInput struct {
	UserID   string `json:"userId" need:"text"`
	DeviceID string `json:"deviceId" need:"text"`
	Nickname string `json:"nickname"` // "" clears it
}

// updateDeviceNickname renames a device.
//
// API: PUT /users/{userId}/devices/{deviceId}/nickname
func updateDeviceNickname() node.Spec {
	return node.Define("mfa/update-device-nickname",
		func(in updateDeviceNicknameInput) pingone.Request {
			return pingone.Request{
				Method: http.MethodPut,
				Path:   node.User(in.UserID, "devices", in.DeviceID, "nickname"),
				Body:   map[string]any{"nickname": in.Nickname},
			}
		},
		node.Pick("nickname"))
}
