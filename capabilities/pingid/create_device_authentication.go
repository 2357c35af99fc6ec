package pingid

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type createDeviceAuthenticationInput struct {
	node.Selected
	UserID            string `json:"userId"`
	UsernameLess      bool   `json:"usernameLess"`
	PolicyID          string `json:"workforcePolicyMfaPolicyId"` // of the PingID policy evaluation
	Template          string `json:"authTemplateName"`
	UserAgent         string `json:"userAgent"`
	RPID              string `json:"rpId"`
	AuthenRPID        string `json:"deviceAuthenRpId"`
	FIDOCompatibility string `json:"fidoCompatibility"`
	Compatibility     string `json:"compatibility"`
}

// createDeviceAuthentication starts an authentication in a PingID environment.
//
// API: POST /deviceAuthentications on the auth host
func createDeviceAuthentication() node.Spec {
	return node.WithConfirm(node.DefineRun("pingid/create-device-authentication",
		func(ctx context.Context, c node.Client, in createDeviceAuthenticationInput) connector.Outcome {
			user, refusal := node.AuthenticatedUser(in.UserID, in.UsernameLess)
			switch {
			case refusal != nil:
				return refusal
			case in.Selected.Misses():
				return node.Invalid("selectedDevice", "must be id, oneTime, account or passkey")
			}
			return c.Do(ctx, pingone.Request{
				Host: pingone.HostAuth, Method: http.MethodPost, Path: pingone.Path{"deviceAuthentications"},
				Header: node.UserAgent(in.UserAgent),
				Body: node.Object{}.
					PutRef("user", user).
					PutRef("policy", in.PolicyID).
					Put("selectedDevice", in.Selected.Body()).
					PutRelyingParty(node.First(in.AuthenRPID, in.RPID), in.UsernameLess).
					Put("notification", node.Notification{}.Body(in.Template)).
					Put("compatibility", node.First(in.FIDOCompatibility, in.Compatibility)),
			}, node.Authenticated())
		}), node.ConfirmDevice)
}
