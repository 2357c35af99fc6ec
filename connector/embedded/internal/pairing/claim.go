package pairing

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Claim is a key that an app holds out, and may have.
type Claim struct {
	Account     *account.Account
	Policy      string // of the device, as it was given at the key's creation
	Application *application.Application
	Rules       policy.AppRules

	all []*record
	key *record
}

// Find finds the key of a code for an app. signer names who asks: its wrong codes are
// counted. Unknown, claimed, expired, another app's: one refusal, each counted. When the
// count is used up, right codes are refused too, but for long ones: those are not found by
// trying, and strangers who use it up must not keep their owners from pairing.
func (k *Keys) Find(c *rest.Call, code, app, signer string) (*Claim, error) {
	hash := k.hash(c.Env, code)
	at, err := k.place(c, hash)
	if err != nil {
		return nil, err
	}
	if err := c.Tx.Latch(latches(c.Env, at.User)...); err != nil {
		return nil, err
	}
	t, err := loadTries(c)
	if err != nil {
		return nil, err
	}
	spent := k.spent(c, t, signer)
	if spent != nil && len(code) != alphanumericLength {
		return nil, spent
	}
	switch cl, err := k.claim(c, at, hash, app); {
	case cl != nil || err != nil:
		return cl, err
	case spent != nil:
		return nil, spent
	}
	return nil, k.wrong(c, t, signer)
}

// place finds whose a code is without reading it in the unit: the latches come first.
func (k *Keys) place(c *rest.Call, hash string) (place, error) {
	b, mine := c.Tx.Pending(placeKey(c.Env, hash))
	if !mine {
		recs, err := c.DB.Get(c.Ctx, placeKey(c.Env, hash))
		if err != nil {
			return place{}, fmt.Errorf("read a pairing code: %w", err)
		}
		b = recs[0].Value
	}
	var p place
	if len(b) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("record of a pairing code: %w", err)
	}
	return p, nil
}

// claim reads the key of a place, if the app may have it; else nil.
func (k *Keys) claim(c *rest.Call, at place, hash, app string) (*Claim, error) {
	if at.User == "" {
		return nil, nil
	}
	a, err := account.Load(c.Tx, c.Env, at.User)
	if err != nil || a == nil || a.Off {
		return nil, err
	}
	all, err := load(c, at.User)
	if err != nil {
		return nil, err
	}
	r := find(all, at.Key)
	switch {
	case r == nil || r.Hash != hash:
		return nil, nil
	case !r.live(c.Tx.Now()):
		r.Late = true
		return nil, save(c, at.User, all)
	case !slices.Contains(r.Apps, app):
		return nil, nil
	}
	native, err := application.Load(c.Tx, c.Env, app)
	if err != nil || native == nil {
		return nil, err
	}
	p, err := k.Policies.Effective(c.Tx, c.Env, r.Policy)
	if err != nil {
		return nil, err
	}
	rules, ok := pairable(p, native)
	if !ok || a.LockedAt != 0 && !p.IgnoreUserLock {
		return nil, nil
	}
	return &Claim{Account: a, Policy: r.Policy, Application: native, Rules: rules, all: all, key: r}, nil
}

// Done marks the key CLAIMED: nobody can claim it again.
func (cl *Claim) Done(c *rest.Call) error { return cl.end(c, Claimed, nil) }

// Fail marks the key FAILED for a reason, and gives the refusal that tells it.
func (cl *Claim) Fail(c *rest.Call, event string, p *rest.Problem) error {
	d := p.Body.Details[0]
	if err := cl.end(c, Failed, &failure{Code: d.Code, Message: d.Message}); err != nil {
		return err
	}
	err := c.Audit(rest.Event{Type: event, User: cl.Account.ID, ResourceType: "PAIRING_KEY", ResourceID: cl.key.ID, Result: rest.Failed})
	if err != nil {
		return err
	}
	return p.Keep()
}

func (cl *Claim) end(c *rest.Call, status string, why *failure) error {
	cl.key.Status, cl.key.Error, cl.key.Updated = status, why, c.Tx.Now().UnixMilli()
	c.Tx.Delete(placeKey(c.Env, cl.key.Hash))
	return save(c, cl.Account.ID, cl.all)
}
