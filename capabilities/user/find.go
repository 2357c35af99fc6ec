package user

import (
	"context"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
)

type findInput struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	Decoy    bool   `json:"decoy"`
}

// find finds the one user with a username, or with an e-mail address. An address that
// several users share finds none of them: it does not say who is meant. With decoy the
// embedded service finds somebody by every username: who is none can only be asked for a
// code, in an authentication that begins with standIn.
//
// API: GET /users?filter=…
func find() node.Spec {
	return node.DefineRun("user/find",
		func(ctx context.Context, c node.Client, in findInput) connector.Outcome {
			attribute, value := "username", in.Username
			if value == "" {
				attribute, value = "email", in.Email
			}
			if value == "" {
				return node.Missing("username")
			}
			request := matching(attribute, value)
			if in.Decoy && attribute == "username" {
				request.Query.Set("decoy", "true")
			}
			answer, fail := c.Ask(ctx, request)
			if fail != nil {
				return *fail
			}
			switch users := hits(answer, attribute, value); len(users) {
			case 0:
				return node.NotFound("no user has this " + attribute)
			case 1:
				return answer.Complete(node.Set("user", users[0]))
			}
			return connector.Fail{Code: "UNIQUENESS_VIOLATION", Message: "several users have this " + attribute}
		})
}
