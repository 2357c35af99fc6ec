package mfa

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// deletePairingKey withdraws a pairing key that nobody has claimed.
//
// API: DELETE /users/{userId}/pairingKeys/{pairingKeyId}
func deletePairingKey() node.Spec {
	request := func(in pairingKey) pingone.Request { return in.request(http.MethodDelete) }
	return node.WithRecover(node.Define("mfa/delete-pairing-key", request),
		func(ctx context.Context, c node.Client, in pairingKey) connector.Outcome {
			return c.DeleteAgain(ctx, request(in))
		})
}
