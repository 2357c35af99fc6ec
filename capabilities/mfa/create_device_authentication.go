package mfa

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type createDeviceAuthenticationInput struct {
	node.Notification
	node.Selected
	UserID            string           `json:"userId"`
	UsernameLess      bool             `json:"usernameLess"`
	MFAPolicyID       string           `json:"mfaPolicyId"`
	Template          string           `json:"authTemplateName"`
	MobilePayload     string           `json:"mobilePayload"`
	ApplicationID     string           `json:"applicationId"`
	CustomApplication any              `json:"customApplicationId"`
	ClientContext     []map[string]any `json:"clientContext"`
	UserAgent         string           `json:"userAgent"`
	RPID              string           `json:"rpId"`
	AuthenRPID        string           `json:"deviceAuthenRpId"`
	Challenge         string           `json:"challenge"`
	Compatibility     string           `json:"compatibility"`
}

// createDeviceAuthentication starts an authentication of a user by one of their
// devices, by a one-time device, or of whoever holds a passkey (usernameLess).
//
// API: POST /deviceAuthentications on the auth host
func createDeviceAuthentication() node.Spec {
	return node.WithConfirm(node.DefineRun("mfa/create-device-authentication",
		func(ctx context.Context, c node.Client, in createDeviceAuthenticationInput) connector.Outcome {
			user, refusal := node.AuthenticatedUser(in.UserID, in.UsernameLess)
			switch {
			case refusal != nil:
				return refusal
			case in.Selected.Misses():
				return node.Invalid("selectedDevice", "must be id, oneTime, account or passkey")
			}
			body := node.Object{}.
				PutRef("user", user).
				PutRef("policy", node.First(in.MFAPolicyID, c.PolicyID)).
				Put("selectedDevice", in.Selected.Body()).
				PutRelyingParty(node.First(in.AuthenRPID, in.RPID), in.UsernameLess).
				Put("webAuthn", node.Object{}.Put("challenge", in.Challenge)).
				Put("mobilePayload", in.MobilePayload).
				PutRef("application", node.Choose(in.ApplicationID, in.CustomApplication)).
				Put("notification", in.Notification.Body(in.Template).Put("clientContext", node.Pairs(in.ClientContext))).
				Put("compatibility", in.Compatibility)
			return c.Do(ctx, pingone.Request{
				Host: pingone.HostAuth, Method: http.MethodPost, Path: pingone.Path{"deviceAuthentications"},
				Header: node.UserAgent(in.UserAgent), Body: body,
			}, node.Authenticated())
		}), node.ConfirmDevice)
}
