package mfa

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type checkRememberMeInput struct {
	UserID        string `json:"userId" need:"text"`
	DeviceSession string `json:"deviceSession"`
	MFAPolicyID   string `json:"mfaPolicyId"`
	Payload       string `json:"payload"`
	SessionID     string `json:"sessionId"`
	UserAgent     string `json:"userAgent"`
	IP            string `json:"ip"`
}

// checkRememberMe asks whether the user's browser is remembered. It is no proof of who is
// there: a cookie is nothing that somebody knows or is, and it came with the request. So
// it may spare the second factor and never stands for it.
//
// API: POST /deviceAuthentications on the auth host, payload.check
func checkRememberMe() node.Spec {
	return node.DefineRun("mfa/check-remember-me",
		func(ctx context.Context, c node.Client, in checkRememberMeInput) connector.Outcome {
			body := node.Object{"payload": node.Object{"type": "BROWSER"}.Put("value", in.Payload)}.
				PutRef("user", in.UserID).
				PutRef("policy", node.First(in.MFAPolicyID, c.PolicyID)).
				PutRef("deviceSession", in.SessionID).
				Put("ip", in.IP)
			return c.Do(ctx, pingone.Request{
				Host: pingone.HostAuth, Method: http.MethodPost, Path: pingone.Path{"deviceAuthentications"},
				MediaType: pingone.MediaType("payload.check"), Header: node.Browser(in.UserAgent, in.DeviceSession), Body: body,
			}, rememberedOrNot, node.Remembered())
		})
}

func rememberedOrNot(a node.Answer, done *connector.Complete) {
	done.Output["remembered"] = a.Body["status"] == "COMPLETED"
}
