package user

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// read reads a user.
//
// API: GET /users/{userId}
func read() node.Spec {
	return node.Define("user/read", readRequest, node.Whole("user"))
}

func readRequest(in byID) pingone.Request {
	return pingone.Request{Method: http.MethodGet, Path: node.User(in.UserID)}
}
