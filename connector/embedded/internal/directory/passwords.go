package directory

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// PasswordState is the password resource (reference pingone-platform-api 3.2).
type PasswordState struct {
	Links              rest.LinkSet `json:"_links"`
	Environment        rest.Ref     `json:"environment"`
	User               rest.Ref     `json:"user"`
	PasswordPolicy     rest.Ref     `json:"passwordPolicy"`
	Status             string       `json:"status"`
	LastChangedAt      *rest.Time   `json:"lastChangedAt,omitempty"`
	SecondsUntilUnlock int          `json:"secondsUntilUnlock,omitempty"`
	Warnings           *warnings    `json:"warnings,omitempty"`
}

type warnings struct {
	FailuresRemaining int `json:"failuresRemaining"`
}

func (d *Directory) passwordState(c *rest.Call, s *secret, a *account.Account) PasswordState {
	st := PasswordState{
		Environment: rest.Ref{ID: c.Env}, User: rest.Ref{ID: a.ID}, PasswordPolicy: rest.Ref{ID: d.PolicyID},
		Links: rest.LinkSet{"self": c.Links.API("users", a.ID, "password"), "environment": c.Links.API(),
			"user": c.Links.API("users", a.ID), "passwordPolicy": c.Links.API("passwordPolicies", d.PolicyID)},
	}
	left, locked := a.PasswordLocked(c.Tx.Now())
	switch {
	case s == nil:
		st.Status = "NO_PASSWORD"
		return st
	case locked:
		st.Status, st.SecondsUntilUnlock = "PASSWORD_LOCKED_OUT", seconds(left)
	case s.MustChange:
		st.Status = "MUST_CHANGE_PASSWORD"
	default:
		st.Status = "OK"
	}
	st.LastChangedAt = rest.At(time.UnixMilli(s.Changed))
	if a.Fails > 0 {
		st.Warnings = &warnings{FailuresRemaining: d.Policy.FailureCount - a.Fails}
	}
	return st
}

func (d *Directory) readPassword(c *rest.Call) (rest.Reply, error) {
	_, a, err := d.must(c)
	if err != nil {
		return rest.Reply{}, err
	}
	s, err := loadPassword(c, a.ID)
	if err != nil {
		return rest.Reply{}, err
	}
	return d.replyPassword(c, s, a)
}

// passwordBody is the body of all password operations.
type passwordBody struct {
	Password        *string `json:"password"`
	Value           *string `json:"value"`
	NewPassword     *string `json:"newPassword"`
	CurrentPassword *string `json:"currentPassword"`
	ForceChange     bool    `json:"forceChange"`
	BypassPolicy    bool    `json:"bypassPolicy"`
}

// checkPassword answers password.check. The hash is computed before the user is
// latched, so that guesses in parallel do not queue behind it; the counter moves and
// the verdict is given under the latch. A user that does not exist costs a hash and a
// commit too.
func (d *Directory) checkPassword(c *rest.Call) (rest.Reply, error) {
	var b passwordBody
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if b.Password == nil {
		return rest.Reply{}, rest.Required("password")
	}
	id, idErr := c.ID("userID")
	var s *secret
	if idErr == nil {
		var err error
		if s, err = loadPassword(c, id); err != nil {
			return rest.Reply{}, err
		}
	}
	right, err := d.verify(c, s, *b.Password)
	if err != nil {
		return rest.Reply{}, err
	}
	if idErr != nil {
		return rest.Reply{}, unknown(c)
	}
	a, err := latched(c, id, s != nil)
	if err != nil {
		return rest.Reply{}, err
	}
	if a == nil {
		return rest.Reply{}, unknown(c)
	}
	if err := d.verdict(c, s, a, right); err != nil {
		return rest.Reply{}, err
	}
	return d.replyPassword(c, s, a)
}

// latched reads a user under the latch. Without a password there is nothing to count
// and no latch: the many who try names that do not exist would queue for one.
func latched(c *rest.Call, id string, latch bool) (*account.Account, error) {
	if latch {
		if err := c.Tx.Latch(account.Key(c.Env, id)); err != nil {
			return nil, err
		}
	}
	return account.Load(c.Tx, c.Env, id)
}

// unknown is the refusal for a user that does not exist. It is committed with an event,
// so that it takes as long as a wrong password.
func unknown(c *rest.Call) error {
	if err := c.Audit(rest.Event{Type: "PASSWORD.CHECK_FAILED", Result: rest.Failed, Description: "unknown user"}); err != nil {
		return err
	}
	return rest.Missing().Keep()
}

// verdict counts a checked password and returns nil, or the refusal with its events.
func (d *Directory) verdict(c *rest.Call, s *secret, a *account.Account, right bool) error {
	now := c.Tx.Now()
	lockedFor, locked := a.PasswordLocked(now)
	var refusal *rest.Problem
	switch {
	case a.Off, a.LockedAt != 0:
		refusal = rest.Refuse(rest.InvalidData, rest.AccountNotUsable, "", "The account is disabled or locked")
	case s == nil:
		refusal = rest.Refuse(rest.InvalidData, rest.NoPassword, "password", "The user has no password")
	case locked:
		refusal = lockedOut(lockedFor)
	case right:
		if a.PasswordRight() {
			if err := a.Save(c.Tx, c.Env); err != nil {
				return err
			}
		}
		return audited(c, "PASSWORD.CHECK_SUCCEEDED", a.ID, rest.Success)
	default:
		var err error
		if refusal, err = d.wrong(c, a, now); err != nil {
			return err
		}
	}
	if err := audited(c, "PASSWORD.CHECK_FAILED", a.ID, rest.Failed); err != nil {
		return err
	}
	return refusal.Keep()
}

// wrong counts a wrong password.
func (d *Directory) wrong(c *rest.Call, a *account.Account, now time.Time) (*rest.Problem, error) {
	left := a.PasswordWrong(d.Policy.FailureCount, d.Policy.LockDuration, now)
	if err := a.Save(c.Tx, c.Env); err != nil {
		return nil, err
	}
	if left > 0 {
		return rest.Invalid("password", "The provided password did not match provisioned password").With("failuresRemaining", left), nil
	}
	return lockedOut(d.Policy.LockDuration), audited(c, "USER.LOCKED", a.ID, rest.Success)
}

func lockedOut(left time.Duration) *rest.Problem {
	return rest.Refuse(rest.InvalidData, rest.PasswordLockedOut, "password",
		"Too many unsuccessful sign-on attempts. The password is locked out").With("secondsUntilUnlock", seconds(left))
}
