package authn

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/guess"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// session is a deviceAuthentication with all that an operation on it needs.
type session struct {
	*record
	account *account.Account // nil while the user is not known
	known   bool             // there is such a user; else a decoy
	owner   *account.Account // where something stands in for the devices: the account without it
	policy  *policy.Policy
	devices []*device.Record // the user's active ones, in their order

	guesses     *guess.Counts
	onceTargets []guess.Target // of the one-time device

	spent       func(channel string) bool // no more messages today
	spentPushes map[string]bool           // devices that get no more pushes
	extensions  bool                      // phone extensions are enabled; read only if a device has one
}

// peek reads a deviceAuthentication without reading it in the unit: what the unit reads
// before it has the latch would be out of date when it gets it, and its guess would be
// compared for nothing. Whose it is never changes; all else may.
func (s *Authentications) peek(c *rest.Call) (*record, error) {
	id, err := c.ID("deviceAuthenticationID")
	if err != nil {
		return nil, err
	}
	b, mine := c.Tx.Pending(key(c.Env, id))
	if !mine {
		recs, err := c.DB.Get(c.Ctx, key(c.Env, id))
		if err != nil {
			return nil, fmt.Errorf("read deviceAuthentication %s: %w", id, err)
		}
		if recs[0].Rev == 0 {
			return nil, rest.Missing()
		}
		b = recs[0].Value
	}
	return decode(id, b)
}

// latched reads the deviceAuthentication of the path under its user's latch, with what
// time has made of it, and refuses one whose user is not known yet.
func (s *Authentications) latched(c *rest.Call) (*session, error) {
	x, err := s.latchedOr(c)
	if err == nil && x.account == nil {
		err = rest.Plain(http.StatusBadRequest, rest.InvalidRequest,
			"The request could not be completed. Only a passkey can be checked while the user is not known.")
	}
	return x, err
}

// latchedOr is latched, also for one whose user is not known.
func (s *Authentications) latchedOr(c *rest.Call) (*session, error) {
	r, err := s.peek(c)
	if err != nil {
		return nil, err
	}
	return s.latchedOf(c, r.User, r.ID)
}

// latchedOf reads a deviceAuthentication under the latch of a user, "" for none.
func (s *Authentications) latchedOf(c *rest.Call, user, id string) (*session, error) {
	if user != "" {
		if err := c.Tx.Latch(account.Key(c.Env, user)); err != nil {
			return nil, err
		}
	}
	x, err := s.get(c, id)
	if err != nil {
		return nil, err
	}
	return x, s.settle(c, x)
}

// get reads a deviceAuthentication: 404 for one that is not there, has expired, or whose
// user is gone.
func (s *Authentications) get(c *rest.Call, id string) (*session, error) {
	recs, err := c.Tx.Get(key(c.Env, id))
	if err != nil {
		return nil, fmt.Errorf("read deviceAuthentication %s: %w", id, err)
	}
	if recs[0].Rev == 0 {
		return nil, rest.Missing()
	}
	r, err := decode(id, recs[0].Value)
	if err != nil {
		return nil, err
	}
	if s.Life > 0 && c.Tx.Now().Sub(time.UnixMilli(r.Created)) >= s.Life {
		return nil, rest.Missing()
	}
	x, err := s.load(c, r)
	if err == nil && x.Status == Completed {
		x.revoke(s.findChange(c, x))
	}
	return x, err
}

// load reads user, policy and devices of a record.
func (s *Authentications) load(c *rest.Call, r *record) (*session, error) {
	p, err := s.Policies.Effective(c.Tx, c.Env, r.Policy)
	if err != nil {
		return nil, err
	}
	if r.User == "" {
		return &session{record: r, policy: p}, nil
	}
	a, err := account.Load(c.Tx, c.Env, r.User)
	if err != nil {
		return nil, err
	}
	known := a != nil
	if !known && r.Discreet && s.Decoys.IsUser(r.User) {
		a = &account.Account{ID: r.User, MFA: true}
	}
	if a == nil {
		return nil, rest.Missing()
	}
	devices, err := device.Load(c.Tx, c.Env, a.ID, a.Active())
	if err != nil {
		return nil, err
	}
	if devices, err = device.Installed(c, devices); err != nil {
		return nil, err
	}
	if r.Passkeys {
		devices = slices.DeleteFunc(devices, func(d *device.Record) bool { return d.Passkey == nil })
	}
	x := &session{record: r, account: a, known: known, policy: p, devices: devices}
	if r.Stand != nil {
		if err := s.useStandIn(c, x); err != nil {
			return nil, err
		}
	}
	if err := s.loadGuesses(c, x); err != nil {
		return nil, err
	}
	if err := x.findSpent(c); err != nil {
		return nil, err
	}
	if x.spent, err = s.Notify.Spent(c, a.ID); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(devices, func(d *device.Record) bool { return d.Extension != "" }) {
		settings, err := policy.LoadSettings(c.Tx, c.Env)
		if err != nil {
			return nil, err
		}
		x.extensions = settings.PhoneExtensions.Enabled
	}
	return x, nil
}

// device finds one of the user's active devices.
func (x *session) device(id string) *device.Record {
	for _, d := range x.devices {
		if d.ID == id {
			return d
		}
	}
	return nil
}
