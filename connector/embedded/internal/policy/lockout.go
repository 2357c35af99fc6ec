package policy

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Strike counts a wrong code against the account, if the settings have a lockout, and
// locks it at their count. It reports whether it did anything; the caller saves the
// account.
func Strike(c *rest.Call, a *account.Account) (bool, error) {
	s, err := LoadSettings(c.Tx, c.Env)
	if err != nil || s.Lockout == nil {
		return false, err
	}
	a.CodeWrong(s.Lockout.FailureCount, time.Duration(s.Lockout.DurationSeconds)*time.Second, c.Tx.Now())
	if a.CodesLocked(c.Tx.Now()) {
		return true, c.Audit(rest.Event{Type: "USER.LOCKED", User: a.ID, ResourceType: "USER", ResourceID: a.ID})
	}
	return true, nil
}
