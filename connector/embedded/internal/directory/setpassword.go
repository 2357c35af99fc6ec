package directory

import (
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// setPassword answers password.set: value is required.
func (d *Directory) setPassword(c *rest.Call) (rest.Reply, error) {
	var b passwordBody
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if b.Value == nil {
		return rest.Reply{}, rest.Required("value")
	}
	return d.assign(c, assignment{target: "value", value: b.Value, force: b.ForceChange, event: "PASSWORD.SET"})
}

// setValue answers password.setValue: without a value the password is taken away.
func (d *Directory) setValue(c *rest.Call) (rest.Reply, error) {
	var b passwordBody
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	a := assignment{target: "value", value: b.Value, force: b.ForceChange, bypass: b.BypassPolicy, event: "PASSWORD.SET"}
	if b.Value == nil {
		a.event = "PASSWORD.UNSET"
	}
	return d.assign(c, a)
}

// resetPassword answers password.reset: with the current password the user changes it,
// without it an administrator does, and it must be changed at the next sign-on.
func (d *Directory) resetPassword(c *rest.Call) (rest.Reply, error) {
	var b passwordBody
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if b.NewPassword == nil {
		return rest.Reply{}, rest.Required("newPassword")
	}
	return d.assign(c, assignment{target: "newPassword", value: b.NewPassword, current: b.CurrentPassword,
		force: b.CurrentPassword == nil, event: "PASSWORD.RESET"})
}

// assignment is a password about to be set. A nil value unsets it; current, if given,
// is checked and counted like a sign-on.
type assignment struct {
	target  string
	value   *string
	current *string
	force   bool
	bypass  bool
	event   string
}

func (d *Directory) assign(c *rest.Call, n assignment) (rest.Reply, error) {
	id, err := c.ID("userID")
	if err != nil {
		return rest.Reply{}, err
	}
	old, err := loadPassword(c, id)
	if err != nil {
		return rest.Reply{}, err
	}
	right, err := d.hashes(c, old, n)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := c.Tx.Latch(account.Key(c.Env, id)); err != nil {
		return rest.Reply{}, err
	}
	in, a, err := load(c, c.Tx.Get, id)
	if err != nil {
		return rest.Reply{}, err
	}
	if a == nil {
		return rest.Reply{}, rest.Missing()
	}
	if n.current != nil {
		if err := d.verdict(c, old, a, right.current); err != nil {
			return rest.Reply{}, err
		}
	}
	if n.value != nil && !n.bypass {
		if p := d.Policy.Check(n.target, *n.value, right.same, in.identity()); p != nil {
			return rest.Reply{}, p
		}
	}
	return d.write(c, a, n)
}

// matches says what the hashes told.
type matches struct {
	current bool // the password given as the current one is
	same    bool // the new one is the one in use
}

// hashes does the costly comparisons before the latch.
func (d *Directory) hashes(c *rest.Call, old *secret, n assignment) (m matches, err error) {
	if old == nil {
		return m, nil
	}
	if n.current != nil {
		if m.current, err = d.verify(c, old, *n.current); err != nil {
			return m, err
		}
	}
	if n.value != nil && !n.bypass {
		m.same, err = d.verify(c, old, *n.value)
	}
	return m, err
}

// write sets or unsets the password and lifts a lock.
func (d *Directory) write(c *rest.Call, a *account.Account, n assignment) (rest.Reply, error) {
	if n.value == nil {
		c.Tx.Delete(passwordKey(c.Env, a.ID))
	} else if err := d.putPassword(c, a.ID, *n.value, n.force); err != nil {
		return rest.Reply{}, err
	}
	a.PasswordRight()
	a.RaiseEpoch()
	if err := a.Save(c.Tx, c.Env); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, n.event, a.ID, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	s, err := loadPassword(c, a.ID)
	if err != nil {
		return rest.Reply{}, err
	}
	return d.replyPassword(c, s, a)
}

// replyPassword answers with the state of a password.
func (d *Directory) replyPassword(c *rest.Call, s *secret, a *account.Account) (rest.Reply, error) {
	return rest.Reply{Status: http.StatusOK, Body: d.passwordState(c, s, a)}.WithEpoch(a.Stamp()), nil
}

// forceChange marks the password as to be changed.
func (d *Directory) forceChange(c *rest.Call) (rest.Reply, error) {
	_, a, err := d.held(c)
	if err != nil {
		return rest.Reply{}, err
	}
	s, err := loadPassword(c, a.ID)
	if err != nil {
		return rest.Reply{}, err
	}
	if s == nil {
		return rest.Reply{}, rest.Refuse(rest.InvalidData, rest.NoPassword, "password", "The user has no password")
	}
	s.MustChange = true
	if err := saveSecret(c, a.ID, s); err != nil {
		return rest.Reply{}, err
	}
	a.RaiseEpoch()
	if err := d.turned(c, a, "PASSWORD.FORCE_CHANGE"); err != nil {
		return rest.Reply{}, err
	}
	return d.replyPassword(c, s, a)
}

// unlockPassword lifts a lock.
func (d *Directory) unlockPassword(c *rest.Call) (rest.Reply, error) {
	_, a, err := d.must(c)
	if err != nil {
		return rest.Reply{}, err
	}
	a.PasswordRight()
	if err := a.Save(c.Tx, c.Env); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "PASSWORD.UNLOCKED", a.ID, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return d.readPassword(c)
}
