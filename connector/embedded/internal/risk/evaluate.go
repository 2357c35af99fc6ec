package risk

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// request is the body of an evaluation. PingOne's samples also name the policy set by a
// flat member.
type request struct {
	Event         *event `json:"event"`
	RiskPolicySet struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"riskPolicySet"`
	FlatID string `json:"riskPolicySet.id"`
}

// names refuses a request that names another policy set than the one there is. An id
// counts before a name.
func (b request) names(p *compiled) error {
	id := cmp.Or(b.RiskPolicySet.ID, b.FlatID)
	switch name := b.RiskPolicySet.Name; {
	case id != "" && id != p.ID:
		return rest.Invalid("riskPolicySet.id", "is not a risk policy set")
	case id == "" && name != "" && name != p.Name:
		return rest.Invalid("riskPolicySet.name", "is not a risk policy set")
	}
	return nil
}

// evaluate answers POST riskEvaluations.
func (s *Risk) evaluate(c *rest.Call) (rest.Reply, error) {
	var b request
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if b.Event == nil {
		return rest.Reply{}, rest.Required("event")
	}
	ip, err := b.Event.validate()
	if err != nil {
		return rest.Reply{}, err
	}
	p, err := s.policy(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := b.names(p); err != nil {
		return rest.Reply{}, err
	}
	e, err := s.look(c, p, b.Event, ip)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := e.save(c); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "RISK_EVALUATION.CREATED", e, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	if e.Event.CompletionStatus != inProgress {
		if err := s.learn(c, e); err != nil {
			return rest.Reply{}, err
		}
	}
	return rest.Created(show(c, e))
}

// look finds the facts and judges them.
func (s *Risk) look(c *rest.Call, p *compiled, ev *event, ip netip.Addr) (*evaluation, error) {
	ev.IP = ip.String()
	cookie := ev.takeCookie()
	m := marks{User: s.mark("user", ev.User.Type+" "+ev.User.ID), Network: s.mark("network", rest.Network(ip)), Address: s.mark("address", ev.IP)}
	known, err := s.remembered(c, ev, cookie, &m)
	if err != nil {
		return nil, err
	}
	u, a, err := s.histories(c, ev)
	if err != nil {
		return nil, err
	}
	now := c.Tx.Now()
	f := see(u, a, m, ev.flow(), now)
	f.newBrowser = f.newBrowser && !known
	found, total := p.judge(f.plain())
	e := &evaluation{
		ID: c.Tx.NewID(), Event: *ev, Marks: m, Policy: rest.Ref{ID: p.ID}, Name: p.Name,
		Level: p.level(total), Score: total, Details: details(found, f, u), Created: now.UnixMilli(),
	}
	return e, nil
}

// remembered asks whether the cookie is the live value of a remembered browser. A cookie
// of that form which is not live is no cookie; any other is a device cookie of the
// caller's own, known when it was seen with a success.
func (s *Risk) remembered(c *rest.Call, ev *event, cookie string, m *marks) (held bool, err error) {
	if cookie == "" {
		return false, nil
	}
	user := ""
	if ev.User.Type == PingOne && rest.IsID(ev.User.ID) {
		user = ev.User.ID
	}
	value, held, err := s.Remembered(c, user, cookie, ev.agent())
	if err == nil && !value {
		m.Browser = s.mark("browser", cookie)
	}
	return held, err
}

func (s *Risk) histories(c *rest.Call, ev *event) (*history, *traffic, error) {
	u, a := &history{}, &traffic{}
	if _, err := c.Get(s.userKey(c.Env, ev.User), u); err != nil {
		return nil, nil, err
	}
	_, err := c.Get(s.addressKey(c.Env, ev.IP), a)
	return u, a, err
}

// details shows what each predictor found, and the last success.
func details(found []*finding, f facts, u *history) map[string]any {
	out := map[string]any{}
	for _, p := range found {
		d := map[string]any{"level": p.level, "type": p.Type}
		if p.reason != "" {
			d["reason"] = p.reason
		}
		switch p.CompactName {
		case newDevice.CompactName:
			if !f.newBrowser {
				d["status"] = "KNOWN_DEVICE"
			}
		case locationAnomaly.CompactName:
			if !f.newNetwork && f.successes > 0 {
				d["status"] = "KNOWN_LOCATION"
			}
		case ipVelocity.CompactName:
			d["velocity"] = map[string]int{"distinctCount": f.userAddresses, "during": window * 60}
		case userVelocity.CompactName:
			d["velocity"] = map[string]int{"distinctCount": f.addressUsers, "during": window * 60}
		}
		out[p.CompactName] = d
	}
	if u.Last != 0 {
		out["previousSuccessfulTransaction"] = map[string]any{"ip": u.LastIP, "timestamp": rest.At(time.UnixMilli(u.Last))}
	}
	return out
}
