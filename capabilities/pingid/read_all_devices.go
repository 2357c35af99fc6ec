package pingid

import (
	"context"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
)

type readAllDevicesInput struct {
	UserID      string   `json:"userId" need:"text"`
	SetFilter   bool     `json:"setFilterFlag"`
	Status      string   `json:"statusFilter"`
	DeviceTypes []string `json:"workforceDeviceTypes"`
}

// readAllDevices lists the devices of a user of a PingID environment.
//
// API: GET /users/{userId}/devices
func readAllDevices() node.Spec {
	return node.DefineRun("pingid/read-all-devices",
		func(ctx context.Context, c node.Client, in readAllDevicesInput) connector.Outcome {
			l := node.DeviceList{UserID: in.UserID}
			if in.SetFilter {
				l.Status, l.Types = in.Status, in.DeviceTypes
			}
			return c.Devices(ctx, l)
		})
}
