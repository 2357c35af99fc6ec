package pingid

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type createPairingKeyInput struct {
	UserID string `json:"userId" need:"text"`
}

// createPairingKey makes a key that pairs the PingID app with a user.
//
// API: POST /users/{userId}/pairingKeys
func createPairingKey() node.Spec {
	return node.Define("pingid/create-pairing-key",
		func(in createPairingKeyInput) pingone.Request {
			return pingone.Request{Method: http.MethodPost, Path: node.User(in.UserID, "pairingKeys"), Body: node.Object{}}
		})
}
