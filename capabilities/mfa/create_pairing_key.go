package mfa

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type createPairingKeyInput struct {
	UserID         string `json:"userId" need:"text"`
	ApplicationIDs []any  `json:"applicationIds"` // empty: every native app of the environment
	PolicyID       string `json:"policyId"`
}

// createPairingKey makes a key that pairs a native app with a user.
//
// API: POST /users/{userId}/pairingKeys
func createPairingKey() node.Spec {
	return node.DefineRun("mfa/create-pairing-key",
		func(ctx context.Context, c node.Client, in createPairingKeyInput) connector.Outcome {
			body, apps := node.Object{}.PutRef("policy", node.First(in.PolicyID, c.PolicyID)), node.Refs(in.ApplicationIDs)
			switch { // a key for some apps never becomes one for all
			case len(apps) < len(in.ApplicationIDs):
				return node.Invalid("applicationIds", "has an item without an id")
			case len(apps) > 0:
				body["applications"] = apps
			}
			return c.Do(ctx, pingone.Request{
				Method: http.MethodPost, Path: node.User(in.UserID, "pairingKeys"), Body: body,
			})
		})
}
