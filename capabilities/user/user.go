// Package user has the capabilities around a user's directory entry and password.
package user

import (
	"net/http"
	"strings"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// Specs lists the capabilities.
func Specs() []node.Spec {
	return []node.Spec{
		create(),
		read(),
		find(),
		update(),
		deleteUser(),
		setPassword(),
		checkPassword(),
		sendVerificationCode(),
		verify(),
	}
}

// byID is the input of what needs a user and nothing else.
type byID struct {
	UserID string `json:"userId" need:"text"`
}

// operation is a POST on a user with a media type of its own.
func operation(userID, name string, body any) pingone.Request {
	return pingone.Request{
		Method: http.MethodPost, Path: node.User(userID), MediaType: pingone.MediaType(name), Body: body,
	}
}

// matching asks for the users whose attribute has a value.
func matching(attribute, value string) pingone.Request {
	return pingone.Request{
		Method: http.MethodGet, Path: pingone.Path{"users"}, Query: node.Filter(node.Equal(attribute, value)),
	}
}

// hits are the users of an answer whose attribute really has the value. A service that
// reads a filter differently must not choose who signs on.
func hits(a node.Answer, attribute, value string) []map[string]any {
	var users []map[string]any
	for _, u := range a.Objects("users") {
		if s, _ := u[attribute].(string); strings.EqualFold(s, value) {
			users = append(users, u)
		}
	}
	return users
}
