package mfa

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type registerRememberMeInput struct {
	UserID           string `json:"userId" need:"text"`
	AuthenticationID string `json:"deviceAuthenticationId" need:"text"`
	MFAPolicyID      string `json:"mfaPolicyId"`
	Payload          string `json:"payload"`
	SessionID        string `json:"sessionId"`
	Nickname         string `json:"nickname"`
	UserAgent        string `json:"userAgent"`
	IP               string `json:"ip"`
}

// registerRememberMe remembers the user's browser after an authentication that is
// COMPLETED and the user's own: it looks before it registers.
//
// API: GET /deviceAuthentications/{deviceAuthenticationId} on the auth host, then
// POST /users/{userId}/devices with type BROWSER
func registerRememberMe() node.Spec {
	return node.DefineRun("mfa/register-remember-me",
		func(ctx context.Context, c node.Client, in registerRememberMeInput) connector.Outcome {
			done, fail := c.Ask(ctx, pingone.Request{
				Host: pingone.HostAuth, Method: http.MethodGet, Path: pingone.Path{"deviceAuthentications", in.AuthenticationID}})
			if fail != nil {
				return *fail
			}
			if done.Body["status"] != "COMPLETED" || node.IDOf(done.Body["user"]) != in.UserID {
				return node.Invalid("deviceAuthenticationId", "is not a COMPLETED authentication of the user")
			}
			body := node.Object{"type": "BROWSER"}.
				PutRef("policy", node.First(in.MFAPolicyID, node.IDOf(done.Body["policy"]), c.PolicyID)).
				Put("payload", in.Payload).
				PutRef("session", in.SessionID).
				Put("nickname", in.Nickname).
				Put("ip", in.IP)
			return c.Do(ctx, pingone.Request{
				Method: http.MethodPost, Path: node.User(in.UserID, "devices"), Header: node.UserAgent(in.UserAgent), Body: body,
			}, node.Whole("device"), node.Remembered())
		})
}
