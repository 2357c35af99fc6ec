package user

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type updateInput struct {
	UserID      string          `json:"userId" need:"text"`
	Username    string          `json:"username"`
	Email       json.RawMessage `json:"email"` // null clears
	Name        map[string]any  `json:"name"`
	MobilePhone json.RawMessage `json:"mobilePhone"` // null clears
	Population  any             `json:"population"`  // id, or {id}
	Enabled     *bool           `json:"enabled"`
}

// update changes what is given. Population and enabled are resources of their own; the
// profile comes last, so that the answer is the user as they are then.
//
// API: PUT /users/{userId}/population, PUT …/enabled, PATCH /users/{userId}
func update() node.Spec {
	return node.DefineRun("user/update",
		func(ctx context.Context, c node.Client, in updateInput) connector.Outcome {
			if id := node.Text(in.Population); id != "" {
				if _, fail := c.Ask(ctx, in.put("population", node.Ref(id))); fail != nil {
					return *fail
				}
			}
			if in.Enabled != nil {
				if _, fail := c.Ask(ctx, in.put("enabled", map[string]any{"enabled": *in.Enabled})); fail != nil {
					return *fail
				}
			}
			return c.Do(ctx, in.profile(), node.Whole("user"), node.TellRenewal(in.UserID, ""))
		})
}

func (in updateInput) put(side string, body map[string]any) pingone.Request {
	return pingone.Request{Method: http.MethodPut, Path: node.User(in.UserID, side), Body: body}
}

func (in updateInput) profile() pingone.Request {
	body := node.Object{}.Put("username", in.Username).Put("name", in.Name)
	for name, v := range map[string]json.RawMessage{"email": in.Email, "mobilePhone": in.MobilePhone} {
		if v != nil {
			body[name] = v
		}
	}
	if len(body) == 0 {
		return readRequest(byID{in.UserID})
	}
	return pingone.Request{Method: http.MethodPatch, Path: node.User(in.UserID), Body: body}
}
