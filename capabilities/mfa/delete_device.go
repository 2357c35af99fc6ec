package mfa

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// deleteDevice removes a device from its user.
//
// API: DELETE /users/{userId}/devices/{deviceId}
func deleteDevice() node.Spec {
	return node.WithRecover(node.DefineRun("mfa/delete-device",
		func(ctx context.Context, c node.Client, in userDevice) connector.Outcome {
			return c.Do(ctx, deleteDeviceRequest(in), node.TellRenewal(in.UserID, in.DeviceID))
		}),
		func(ctx context.Context, c node.Client, in userDevice) connector.Outcome {
			return c.DeleteAgain(ctx, deleteDeviceRequest(in))
		})
}

func deleteDeviceRequest(in userDevice) pingone.Request {
	return pingone.Request{Method: http.MethodDelete, Path: in.path()}
}
