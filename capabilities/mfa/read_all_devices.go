package mfa

import (
	"context"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
)

type readAllDevicesInput struct {
	UserID      string   `json:"userId" need:"text"`
	SetFilter   bool     `json:"setFilterFlag"`
	Status      string   `json:"statusFilter"`
	DeviceTypes []string `json:"deviceTypes"`
}

// readAllDevices lists a user's devices, the default one first.
//
// API: GET /users/{userId}/devices
func readAllDevices() node.Spec {
	return node.DefineRun("mfa/read-all-devices",
		func(ctx context.Context, c node.Client, in readAllDevicesInput) connector.Outcome {
			l := node.DeviceList{UserID: in.UserID}
			if in.SetFilter {
				l.Status, l.Types = in.Status, in.DeviceTypes
			}
			return c.Devices(ctx, l)
		})
}
