package browser

import (
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// draft is the body of a creation, as PingOne documents it for remembered devices. ip is
// ours: the browser is then remembered in the network of that address only.
type draft struct {
	Payload  string    `json:"payload"`
	Policy   *rest.Ref `json:"policy"`
	Session  *rest.Ref `json:"session"`
	Nickname string    `json:"nickname"`
	IP       string    `json:"ip"`
}

// The longest session id and nickname, in characters.
const (
	maxSession  = 100
	maxNickname = 100
)

// Create answers POST devices with type BROWSER: the device, and the cookie by which the
// browser is known again. Whoever asks has just seen the user prove a second factor.
func (s *Browsers) Create(c *rest.Call) (rest.Reply, error) {
	var b draft
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	p, err := s.policy(c, b.Policy)
	if err != nil {
		return rest.Reply{}, err
	}
	if p.Remembers() == 0 {
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "policy.id", "The policy does not remember browsers")
	}
	user := c.Params["userID"]
	a, err := latched(c, user)
	if err != nil {
		return rest.Reply{}, err
	}
	if !fits(a, p, c.Tx.Now()) {
		return rest.Reply{}, rest.Refuse(rest.InvalidData, rest.AccountNotUsable, "user.id", "The account cannot authenticate")
	}
	r, err := accept(c, b)
	if err != nil {
		return rest.Reply{}, err
	}
	r.Policy, r.Alone, r.Epoch = p.ID, len(a.Active()) == 0, a.Epoch
	r.Until = c.Tx.Now().Add(p.Remembers()).UnixMilli()
	if err := s.add(c, user, r); err != nil {
		return rest.Reply{}, err
	}
	reply, err := rest.Created(show(c, user, r))
	if err != nil {
		return rest.Reply{}, err
	}
	reply.Header, err = s.cookie(user, r, c.Tx.Now())
	return reply, err
}

func (s *Browsers) policy(c *rest.Call, ref *rest.Ref) (*policy.Policy, error) {
	id := ""
	if ref != nil {
		id = ref.ID
	}
	return s.Policies.Load(c.Tx, c.Env, id)
}

// accept validates a draft and makes it a record.
func accept(c *rest.Call, b draft) (*record, error) {
	now := c.Tx.Now().UnixMilli()
	r := &record{ID: c.Tx.NewID(), Seed: c.Tx.Random(16), Used: now, Nickname: b.Nickname, Agent: agentOf(c), Created: now}
	var err error
	if r.Facts, err = factsOf(b.Payload); err != nil {
		return nil, err
	}
	if r.Network, err = networkOf("ip", b.IP); err != nil {
		return nil, err
	}
	if b.Session != nil {
		r.Session = b.Session.ID
	}
	if len(r.Session) > maxSession {
		return nil, rest.TooLong("session.id", maxSession)
	}
	if r.Nickname == "" {
		r.Nickname = title(r.Agent)
	}
	return r, rest.AtMost("nickname", r.Nickname, maxNickname)
}

// agentOf is the browser's User-Agent, as the caller passes it on.
func agentOf(c *rest.Call) string {
	agent := c.Header.Get("User-Agent")
	return strings.ToValidUTF8(agent[:min(len(agent), maxAgent)], "")
}

// title is the nickname that PingOne gives a browser: "Chrome(133.0.0.0)".
func title(agent string) string {
	name, version := nameOf(agent)
	if name == "" {
		return ""
	}
	return name + "(" + version + ")"
}

// add saves a browser. Those that have expired, and the oldest ones beyond the limit, are
// forgotten.
func (s *Browsers) add(c *rest.Call, user string, r *record) error {
	before, err := ids(c, user)
	if err != nil {
		return err
	}
	live, err := all(c, user)
	if err != nil {
		return err
	}
	if s.Most > 0 && len(live) >= s.Most {
		live = live[len(live)+1-s.Most:]
	}
	kept := make([]string, len(live), len(live)+1)
	for i, old := range live {
		kept[i] = old.ID
	}
	for _, id := range before {
		if !slices.Contains(kept, id) {
			c.Tx.Delete(key(c.Env, user, id))
		}
	}
	if err := saveIDs(c, user, append(kept, r.ID)); err != nil {
		return err
	}
	if err := r.save(c, user); err != nil {
		return err
	}
	return audited(c, "DEVICE.CREATED", user, r.ID, rest.Success, "")
}
