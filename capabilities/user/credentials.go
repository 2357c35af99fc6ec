package user

import (
	"net/http"

	"github.com/mfaflow/mfaflow/connector"
)

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
// locked, or nobody at all.
func maySignOn(user map[string]any) bool {
	account, _ := user["account"].(map[string]any)
	return user != nil && user["enabled"] != false &&
		account["canAuthenticate"] != false && account["status"] != "LOCKED"
}
