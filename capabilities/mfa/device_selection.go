package mfa

import (
	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type deviceSelectionInput struct {
	ID            string `json:"deviceAuthenticationId" need:"text"`
	DeviceID      string `json:"deviceId" need:"text"`
	Compatibility string `json:"compatibility"`
}

// deviceSelection chooses the device to go on with. The one already chosen gets a new
// passcode or push: there is no other way to send it again.
//
// API: POST /deviceAuthentications/{deviceAuthenticationId}, device.select
func deviceSelection() node.Spec {
	return node.Define("mfa/device-selection",
		func(in deviceSelectionInput) pingone.Request {
			return node.Action(in.ID, "device.select",
				node.Object{"device": node.Ref(in.DeviceID)}.Put("compatibility", in.Compatibility))
		})
}
