package directory

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// lock answers account.lock: nobody signs on with the account until it is unlocked.
func (d *Directory) lock(c *rest.Call) (rest.Reply, error) {
	in, a, err := d.held(c)
	if err != nil {
		return rest.Reply{}, err
	}
	switch {
	case a.Off:
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "A disabled account cannot be locked")
	case a.LockedAt == 0:
		a.LockedAt = c.Tx.Now().UnixMilli()
		a.RaiseEpoch()
		err = d.turned(c, a, "USER.LOCKED")
	}
	if err != nil {
		return rest.Reply{}, err
	}
	return d.reply(c, in, a)
}

// unlock answers account.unlock: it lifts an administrator's lock and that of wrong
// passwords.
func (d *Directory) unlock(c *rest.Call) (rest.Reply, error) {
	in, a, err := d.held(c)
	if err != nil {
		return rest.Reply{}, err
	}
	locked := a.LockedAt != 0
	a.LockedAt = 0
	if a.PasswordRight() || locked {
		if err := d.turned(c, a, "USER.UNLOCKED"); err != nil {
			return rest.Reply{}, err
		}
	}
	return rest.OK(d.show(c, in, a))
}

func (d *Directory) turned(c *rest.Call, a *account.Account, event string) error {
	if err := a.Save(c.Tx, c.Env); err != nil {
		return err
	}
	return audited(c, event, a.ID, rest.Success)
}
