package directory

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// sendRecoveryCode answers password.sendRecoveryCode: a code for a new password, to
// users who have a password that is not locked out.
func (d *Directory) sendRecoveryCode(c *rest.Call) (rest.Reply, error) {
	in, a, err := d.held(c)
	if err != nil {
		return rest.Reply{}, err
	}
	s, err := loadPassword(c, a.ID)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := usable(a); err != nil {
		return rest.Reply{}, err
	}
	left, locked := a.PasswordLocked(c.Tx.Now())
	switch {
	case s == nil:
		return rest.Reply{}, rest.Refuse(rest.InvalidData, rest.NoPassword, "password", "The user has no password")
	case locked:
		return rest.Reply{}, lockedOut(left)
	}
	if err := d.mailable(in); err != nil {
		return rest.Reply{}, err
	}
	if err := d.mailCode(c, a.ID, in.email(), notify.Recovery, forPassword); err != nil {
		return rest.Reply{}, err
	}
	if err := described(c, "PASSWORD.RECOVERY", a.ID, rest.Success, "recovery code sent"); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(d.passwordState(c, s, a))
}

// usable refuses an account that is disabled or locked by an administrator.
func usable(a *account.Account) error {
	if a.Off || a.LockedAt != 0 {
		return rest.Refuse(rest.InvalidData, rest.AccountNotUsable, "", "The account is disabled or locked")
	}
	return nil
}

// recoverPassword answers password.recover: the code that was mailed and a new password. Wrong
// codes lock the password out, like wrong passwords. A password that the policy refuses
// leaves the code as it was.
func (d *Directory) recoverPassword(c *rest.Call) (rest.Reply, error) {
	var b struct {
		RecoveryCode *string `json:"recoveryCode"`
		NewPassword  *string `json:"newPassword"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	switch {
	case b.RecoveryCode == nil:
		return rest.Reply{}, rest.Required("recoveryCode")
	case *b.RecoveryCode == "":
		return rest.Reply{}, rest.Empty("recoveryCode")
	case b.NewPassword == nil:
		return rest.Reply{}, rest.Required("newPassword")
	}
	id, err := c.ID("userID")
	if err != nil {
		return rest.Reply{}, err
	}
	old, err := loadPassword(c, id)
	if err != nil {
		return rest.Reply{}, err
	}
	n := assignment{target: "newPassword", value: b.NewPassword, event: "PASSWORD.RECOVERY"}
	m, err := d.hashes(c, old, n) // before the latch
	if err != nil {
		return rest.Reply{}, err
	}
	in, a, err := d.held(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := usable(a); err != nil {
		return rest.Reply{}, err
	}
	return d.redeem(c, in, a, n, *b.RecoveryCode, m.same)
}

// redeem judges the code before it says anything of the password: who does not have the
// code learns nothing of the policy's verdict, nor whether the password is the one in use.
func (d *Directory) redeem(c *rest.Call, in *info, a *account.Account, n assignment, guess string, same bool) (rest.Reply, error) {
	j, err := d.judge(c, a.ID, in, forPassword, guess)
	if err != nil {
		return rest.Reply{}, err
	}
	if !j.right || !d.still(in, j) {
		return rest.Reply{}, d.wrongRecovery(c, a, j)
	}
	if err := d.Notify.Prove(c, a.ID, notify.Email, in.email()); err != nil {
		return rest.Reply{}, err
	}
	if p := d.Policy.Check(n.target, *n.value, same, in.identity()); p != nil {
		return rest.Reply{}, p // not kept: the code can be used again
	}
	return d.write(c, a, n)
}

// wrongRecovery locks the password out when the code died of wrong guesses.
func (d *Directory) wrongRecovery(c *rest.Call, a *account.Account, j judgement) error {
	refusal := d.wrongCode(c, a.ID, "recoveryCode", j)
	if !j.counted || j.left > 0 || d.Codes.Failures == 0 {
		return refusal
	}
	now := c.Tx.Now()
	a.Fails, a.LockedTo = 0, now.Add(d.Policy.LockDuration).UnixMilli()
	if err := d.turned(c, a, "USER.LOCKED"); err != nil {
		return err
	}
	return lockedOut(time.UnixMilli(a.LockedTo).Sub(now)).Keep()
}
