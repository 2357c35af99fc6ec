package policy

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// AdmitsPairing refuses to pair a device with users who are disabled or locked by an
// administrator, unless the policy lets such users authenticate. Whether MFA is on does not
// matter: a device is how it comes on.
func (p *Policy) AdmitsPairing(a *account.Account) error {
	switch {
	case a.Off && p.RefusesDisabled():
		return rest.Refuse(rest.InvalidData, rest.AccountNotUsable, "user.id", "The account is disabled")
	case a.LockedAt != 0 && !p.IgnoreUserLock:
		return rest.Refuse(rest.InvalidData, rest.AccountNotUsable, "user.id", "The account is locked")
	}
	return nil
}

// Admits refuses users that the policy keeps out, and accounts that are locked: by an
// administrator, or by wrong codes. A lock by wrong passwords is the password's alone:
// strangers must not lock the second factor.
func (p *Policy) Admits(a *account.Account, now time.Time) error {
	switch {
	case a.Off && p.RefusesDisabled():
		return rest.Refuse(rest.InvalidData, rest.AccountNotUsable, "user.id", "The account is disabled")
	case !a.MFA && p.BlockUsersWithDisabledMFA:
		return rest.Refuse(rest.InvalidData, rest.AccountNotUsable, "user.id", "MFA is disabled for the account")
	case !p.IgnoreUserLock && (a.LockedAt != 0 || a.CodesLocked(now)):
		return rest.Refuse(rest.RequestFailed, rest.PasswordLockedOut, "user.id", "The account is locked")
	}
	return nil
}
