package user

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type createInput struct {
	Username    string         `json:"username" need:"text"`
	Email       string         `json:"email"`
	Name        map[string]any `json:"name"`
	MobilePhone string         `json:"mobilePhone"`
	Population  any            `json:"population"` // id, or {id}
	OnAbandon   string         `json:"onAbandon"`  // keep, disable, delete
}

// create makes a user without a password.
//
// API: POST /users
func create() node.Spec {
	return node.WithProven(node.DefineRun("user/create",
		func(ctx context.Context, c node.Client, in createInput) connector.Outcome {
			return c.Do(ctx, pingone.Request{
				Method: http.MethodPost, Path: pingone.Path{"users"},
				Body: node.Object{"username": in.Username}.
					Put("email", in.Email).
					Put("name", in.Name).
					Put("mobilePhone", in.MobilePhone).
					PutRef("population", node.Text(in.Population)),
			}, node.Whole("user"), in.tellUndo)
		}), hasProvenEmail)
}

// tellUndo tells what becomes of the user if the execution is left.
func (in createInput) tellUndo(a node.Answer, done *connector.Complete) {
	id := node.IDOf(a.Body)
	if id == "" {
		return
	}
	switch in.OnAbandon {
	case "delete":
		done.Undo = &connector.Undo{Subject: id, Capability: "user/delete", Input: map[string]any{"userId": id}}
	case "disable":
		done.Undo = &connector.Undo{Subject: id, Capability: "user/update", Input: map[string]any{"userId": id, "enabled": false}}
	}
}

// hasProvenEmail reports whether the address of a user was verified, by whomever.
func hasProvenEmail(ctx context.Context, c node.Client, userID string) (bool, *connector.Fail) {
	user, fail := c.Ask(ctx, readRequest(byID{userID}))
	if fail != nil {
		return false, fail
	}
	return user.Body["emailVerified"] == true, nil
}
