package user

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
)

// lookUp finds the user; nil if there is none.
func lookUp(ctx context.Context, c node.Client, in checkPasswordInput) (map[string]any, *connector.Fail) {
	request := readRequest(byID{in.UserID})
	if in.UserID == "" {
		request = matching("username", in.Username)
	}
	answer, fail := c.Ask(ctx, request)
	switch {
	case fail != nil && fail.Details["status"] == float64(http.StatusNotFound):
		return nil, nil
	case fail != nil:
		return nil, fail
	case in.UserID != "":
		return answer.Body, nil
	}
	if users := hits(answer, "username", in.Username); len(users) == 1 {
		return users[0], nil
	}
	return nil, nil
}

// oneAnswer makes every refusal of a password the same INVALID_CREDENTIALS. Trouble
// with the service itself stays what it is.
func oneAnswer(fail connector.Fail) connector.Fail {
	switch fail.Details["status"] {
	case float64(http.StatusBadRequest), float64(http.StatusNotFound):
		return connector.Fail{
			Code: "INVALID_CREDENTIALS", Message: "the user and the password do not go together", Err: fail.Err,
		}
	}
	return fail
}

// maySignOn says whether a user whose password is right may use it: not when disabled,
// locked, still to be verified, or nobody at all.
func maySignOn(user map[string]any) bool {
	account, _ := user["account"].(map[string]any)
	lifecycle, _ := user["lifecycle"].(map[string]any)
	return lifecycle["status"] != "VERIFICATION_REQUIRED" && user != nil && user["enabled"] != false &&
		account["canAuthenticate"] != false && account["status"] != "LOCKED"
}
