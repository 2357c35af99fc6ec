package user

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type createInput struct {
	Username    string         `json:"username" need:"text"`
	Email       string         `json:"email"`
	Name        map[string]any `json:"name"`
	MobilePhone string         `json:"mobilePhone"`
	Population  any            `json:"population"` // id, or {id}
}

// create makes a user without a password.
//
// API: POST /users
func create() node.Spec {
	return node.Define("user/create",
		func(in createInput) pingone.Request {
			return pingone.Request{
				Method: http.MethodPost, Path: pingone.Path{"users"},
				Body: node.Object{"username": in.Username}.
					Put("email", in.Email).
					Put("name", in.Name).
					Put("mobilePhone", in.MobilePhone).
					PutRef("population", node.Text(in.Population)),
			}
		},
		node.Whole("user"))
}
