package mfa

import (
	"context"
	"net/http"
	"strconv"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type createAuthenticationCodeInput struct {
	ApplicationID string           `json:"authenticatingApplicationId"`
	CustomID      any              `json:"customAuthenticatingApplicationId"`
	Duration      string           `json:"duration"` // a number; the schema has its limits
	TimeUnit      string           `json:"timeUnit"` // SECONDS, the default, or MINUTES
	UserApproval  string           `json:"userApproval"`
	ClientContext []map[string]any `json:"clientContext"`
}

// createAuthenticationCode makes a code that a native app scans to sign its user on.
//
// API: POST /authenticationCodes on the auth host
func createAuthenticationCode() node.Spec {
	return node.DefineRun("mfa/create-authentication-code",
		func(ctx context.Context, c node.Client, in createAuthenticationCodeInput) connector.Outcome {
			app := node.Choose(in.ApplicationID, in.CustomID)
			if app == "" {
				return node.Missing("authenticatingApplicationId")
			}
			unit := node.First(in.TimeUnit, "SECONDS")
			n, err := strconv.Atoi(in.Duration)
			if err != nil {
				return node.Invalid("duration", "is not a number")
			}
			return c.Do(ctx, pingone.Request{
				Host: pingone.HostAuth, Method: http.MethodPost, Path: pingone.Path{"authenticationCodes"},
				Body: node.Object{
					"application":  node.Ref(app),
					"lifeTime":     map[string]any{"duration": n, "timeUnit": unit},
					"userApproval": node.First(in.UserApproval, "REQUIRED"),
				}.Put("clientContext", node.Pairs(in.ClientContext)),
			}, node.Whole("authenticationCode"))
		})
}
