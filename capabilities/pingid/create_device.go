package pingid

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type createDeviceInput struct {
	UserID       string `json:"userId" need:"text"`
	Type         string `json:"workforceDeviceType" need:"text"`
	Status       string `json:"status" need:"text"`
	Nickname     string `json:"nickname"`
	Phone        string `json:"phone"`
	Email        string `json:"email"`
	RPID         string `json:"rpId"`
	RPName       string `json:"rpName"`
	YubiKey      string `json:"yubiKey"` // a passcode of the key, which proves and names it
	SerialNumber string `json:"serialNumber"`
	UserAgent    string `json:"userAgent"`
}

// createDevice pairs a device with a user of a PingID environment.
//
// API: POST /users/{userId}/devices
func createDevice() node.Spec {
	return node.Define("pingid/create-device",
		func(in createDeviceInput) pingone.Request {
			return pingone.Request{
				Method: http.MethodPost, Path: node.User(in.UserID, "devices"),
				Header: node.UserAgent(in.UserAgent),
				Body: node.Object{"type": in.Type}.
					Put("status", in.Status).
					Put("nickname", in.Nickname).
					Put("phone", in.Phone).
					Put("email", in.Email).
					Put("rp", node.Object{}.Put("id", in.RPID).Put("name", in.RPName)).
					Put("otp", in.YubiKey).
					Put("serialNumber", in.SerialNumber),
			}
		},
		node.Whole("device"))
}
