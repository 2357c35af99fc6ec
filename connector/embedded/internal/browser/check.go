package browser

import (
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// question is the body of a check. ip is ours, as at the creation.
type question struct {
	User    *rest.Ref `json:"user"`
	Policy  *rest.Ref `json:"policy"`
	Payload *struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	} `json:"payload"`
	DeviceSession *rest.Ref `json:"deviceSession"`
	IP            string    `json:"ip"`
}

// client is what a request shows of the browser it comes from.
type client struct {
	agent   string
	session string
	network string
	facts   facts
}

func (b *question) client(c *rest.Call) (client, error) {
	switch {
	case b.User == nil || b.User.ID == "":
		return client{}, rest.Required("user.id")
	case b.Payload == nil || b.Payload.Type == "":
		return client{}, rest.Required("payload.type")
	case b.Payload.Type != Type:
		return client{}, rest.Invalid("payload.type", "must be BROWSER")
	}
	k := client{agent: agentOf(c)}
	var err error
	if k.facts, err = factsOf(b.Payload.Value); err != nil {
		return client{}, err
	}
	if b.DeviceSession != nil {
		k.session = b.DeviceSession.ID
	}
	k.network, err = networkOf("ip", b.IP)
	return k, err
}

// check answers payload.check: COMPLETED for a browser that is remembered, with the next
// value of its cookie; FAILED, and always the same, for any other.
func (s *Browsers) check(c *rest.Call) (rest.Reply, error) {
	var b question
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	k, err := b.client(c)
	if err != nil {
		return rest.Reply{}, err
	}
	p, err := s.policy(c, b.Policy)
	if err != nil {
		return rest.Reply{}, err
	}
	a, err := latched(c, b.User.ID)
	if err != nil {
		return rest.Reply{}, err
	}
	v, sent := parse(c.Header.Get("Cookie"))
	if !sent {
		return rest.OK(verdict(c, a.ID, p.ID, nil))
	}
	r, err := s.find(c, a, p, v, k)
	if err != nil {
		return rest.Reply{}, err
	}
	if r == nil {
		if err := audited(c, "DEVICE_PAYLOAD.CHECK_INVALID", a.ID, "", rest.Failed, ""); err != nil {
			return rest.Reply{}, err
		}
		return rest.OK(verdict(c, a.ID, p.ID, nil))
	}
	return s.remembered(c, a.ID, p.ID, r)
}

// find gives the browser that a value proves, nil for none. A value that was used up
// comes from a copy, or its copy was used: the browser is forgotten, and with it the value
// that took its place, whoever has that. Only the execution that used it up may send it
// again, because a step whose answer was lost is repeated. A browser that was made under
// other credentials of its user is forgotten too.
func (s *Browsers) find(c *rest.Call, a *account.Account, p *policy.Policy, v value, k client) (*record, error) {
	r, err := load(c, a.ID, v.device)
	if err != nil || r == nil || !s.genuine(a.ID, r, v) {
		return nil, err
	}
	now := c.Tx.Now()
	switch {
	case r.Epoch != a.Epoch:
		return nil, forgetOne(c, a.ID, r.ID, "The user's credentials have changed")
	case v.number == r.Number:
		if fits(a, p, now) && r.fits(p, k, now) && r.proven(a) {
			return r, nil
		}
		return nil, nil
	case v.number+1 == r.Number && r.By != "" && r.By == connector.SourceOf(c.Ctx).Execution:
		return nil, nil
	}
	return nil, forgetOne(c, a.ID, r.ID, "A used remember-me value came back")
}

// forgetOne deletes a browser for a reason that the audit keeps.
func forgetOne(c *rest.Call, user, id, why string) error {
	if err := drop(c, user, id); err != nil {
		return err
	}
	return audited(c, "DEVICE.DELETED", user, id, rest.Success, why)
}

// fits reports whether the device is remembered in this browser, now, by the policy that
// it was made by: what was enough for another may be too little for this one.
func (r *record) fits(p *policy.Policy, k client, now time.Time) bool {
	since := now.Sub(time.UnixMilli(r.Created))
	return r.Policy == p.ID && r.Blocked == 0 && since < p.Remembers() && r.sameBrowser(k) &&
		r.Session == k.session && (r.Network == "" || r.Network == k.network)
}

// proven reports whether the user still has a device of those that may have proven the
// second factor: when all of them were taken away, so was what they proved. The ids tell,
// for they begin with the time at which they were made.
func (r *record) proven(a *account.Account) bool {
	const times = 13
	return r.Alone || slices.ContainsFunc(a.Active(), func(id string) bool { return id[:times] <= r.ID[:times] })
}

func (r *record) sameBrowser(k client) bool {
	return sameAgent(r.Agent, k.agent) && r.Facts.Fingerprint == k.facts.Fingerprint
}

// remembered uses the value up and answers with the next one.
func (s *Browsers) remembered(c *rest.Call, user, policy string, r *record) (rest.Reply, error) {
	r.Number++
	r.Used = c.Tx.Now().UnixMilli()
	r.By = connector.SourceOf(c.Ctx).Execution
	if err := r.save(c, user); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "DEVICE_PAYLOAD.CHECK_SUCCESS", user, r.ID, rest.Success, ""); err != nil {
		return rest.Reply{}, err
	}
	header, err := s.cookie(user, r, c.Tx.Now())
	return rest.Reply{Status: 200, Body: verdict(c, user, policy, r), Header: header}, err
}

// Find is the id of the user's browser whose live value a Cookie header has, "" for none.
func (s *Browsers) Find(c *rest.Call, user, cookie string) (string, error) {
	v, ok := parse(cookie)
	if !ok {
		return "", nil
	}
	r, err := load(c, user, v.device)
	if err != nil || r == nil || r.Blocked != 0 || v.number != r.Number || !s.genuine(user, r, v) {
		return "", err
	}
	return r.ID, nil
}

// Holds reports whether a Cookie header has the form of a remember-me value, and if so
// whether it is the live one of a browser of the user, sent by that browser. It uses
// nothing up: a risk evaluation asks.
func (s *Browsers) Holds(c *rest.Call, user, cookie, agent string) (value, held bool, err error) {
	v, ok := parse(cookie)
	if !ok || user == "" {
		return ok, false, nil
	}
	r, err := load(c, user, v.device)
	if err != nil || r == nil {
		return true, false, err
	}
	a, err := account.Load(c.Tx, c.Env, user)
	if err != nil || a == nil || r.Epoch != a.Epoch {
		return true, false, err
	}
	return true, r.Blocked == 0 && v.number == r.Number && s.genuine(user, r, v) && sameAgent(r.Agent, agent), nil
}
