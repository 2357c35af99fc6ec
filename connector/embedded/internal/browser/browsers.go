package browser

import (
	"net/http"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// Browsers remembers browsers.
type Browsers struct {
	Policies *policy.Policies
	Key      []byte // HMAC key of values
	Env      string
	Epoch    uint64
	Most     int // browsers of one user; one more, and the oldest is forgotten
}

// Type is the type of the devices.
const Type = "BROWSER"

// Routes are the routes beside those of devices.
func (s *Browsers) Routes() []rest.Route {
	return []rest.Route{
		{Host: pingone.HostAuth, Method: http.MethodPost, Path: "deviceAuthentications", Media: "payload.check", Run: s.check},
	}
}

// latched reads a user under the user's latch: 404 for none.
func latched(c *rest.Call, user string) (*account.Account, error) {
	if !rest.IsID(user) {
		return nil, rest.Missing()
	}
	if err := c.Tx.Latch(account.Key(c.Env, user)); err != nil {
		return nil, err
	}
	return present(c, user)
}

// present is latched without the latch, for reading.
func present(c *rest.Call, user string) (*account.Account, error) {
	if !rest.IsID(user) {
		return nil, rest.Missing()
	}
	a, err := account.Load(c.Tx, c.Env, user)
	if err == nil && a == nil {
		err = rest.Missing()
	}
	return a, err
}

// fits reports whether the policy lets the user authenticate at all.
func fits(a *account.Account, p *policy.Policy, now time.Time) bool {
	switch {
	case a.Off && p.RefusesDisabled(), !a.MFA && p.BlockUsersWithDisabledMFA:
		return false
	}
	return p.IgnoreUserLock || a.LockedAt == 0 && !a.CodesLocked(now)
}

// Forget deletes all browsers of a user.
func (s *Browsers) Forget(c *rest.Call, user string) error {
	list, err := ids(c, user)
	if err != nil {
		return err
	}
	for _, id := range list {
		c.Tx.Delete(key(c.Env, user, id))
	}
	return saveIDs(c, user, nil)
}

func audited(c *rest.Call, event, user, id, result, text string) error {
	return c.Audit(rest.Event{Type: event, User: user, ResourceType: "DEVICE", ResourceID: id, Result: result, Description: text})
}
