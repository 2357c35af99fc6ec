package mfa

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// pairingKey are the inputs of what is done to one pairing key.
type pairingKey struct {
	UserID string `json:"userId" need:"text"`
	KeyID  string `json:"pairingKeyId" need:"text"`
}

func (k pairingKey) request(method string) pingone.Request {
	return pingone.Request{Method: method, Path: node.User(k.UserID, "pairingKeys", k.KeyID)}
}

// readPairingKey says whether an app has claimed a pairing key.
//
// API: GET /users/{userId}/pairingKeys/{pairingKeyId}
func readPairingKey() node.Spec {
	return node.Define("mfa/read-pairing-key",
		func(in pairingKey) pingone.Request { return in.request(http.MethodGet) })
}
