package authn

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// push is the question that waits on the phone, while PUSH_CONFIRMATION_REQUIRED.
type push struct {
	ID      string `json:"i"`
	Device  string `json:"d"`
	Sent    int64  `json:"t"`           // Unix ms
	Until   int64  `json:"u"`           // Unix ms
	Silent  string `json:"s,omitempty"` // extraVerification: the app answers, nobody is asked
	Number  int    `json:"n,omitempty"` // what the sign-on page shows; 0 without number matching
	Choices []int  `json:"c,omitempty"` // what the phone offers; none when the number is typed there
}

// request is what the app is told about who asks.
type request struct {
	Context   json.RawMessage `json:"c,omitempty"` // clientContext
	UserAgent string          `json:"u,omitempty"`
}

// askedBy keeps what the app may show of a request; nil when it says nothing.
func askedBy(c *rest.Call, choice *notify.Choice) (*request, error) {
	r := &request{UserAgent: notify.Agent(c)}
	if choice != nil {
		var err error
		if r.Context, err = notify.Context("notification.clientContext", choice.ClientContext); err != nil {
			return nil, err
		}
	}
	if r.Context == nil && r.UserAgent == "" {
		return nil, nil
	}
	return r, nil
}

// appRules is what the policy says about the app of a MOBILE device; false when it lets that
// do nothing.
func (x *session) appRules(d *device.Record) (policy.AppRules, bool) {
	if d.Mobile == nil {
		return policy.AppRules{}, false
	}
	return x.policy.App(d.Mobile.Application.ID)
}

func limit(r policy.AppRules) account.PushRule {
	return account.PushRule{Count: r.PushLimit, Period: r.PushPeriod, Lock: r.PushLock}
}

// pushes reports whether policy, sender and app let pushes be sent to a device at all.
func (s *Authentications) pushes(x *session, d *device.Record) bool {
	r, known := x.appRules(d)
	return known && r.Push && d.Mobile.PushEnabled && s.Notify.Has(notify.Pushes)
}

// pushable reports whether one may be sent now.
func (s *Authentications) pushable(c *rest.Call, x *session, d *device.Record) bool {
	_, locked := x.account.Device(d.ID).PushesLocked(c.Tx.Now())
	return !locked && !x.spentPushes[d.ID] && s.pushes(x, d)
}

// takesCode reports whether a code of a device can be checked, or sent to it.
func (x *session) takesCode(d *device.Record) bool {
	switch k, _ := device.KindOf(d.Type); k.Way {
	case device.Sends, device.Makes:
		return true
	case device.Asks:
		return d.MakesCodes(x.policy)
	}
	return false
}

// prompt challenges a native app: by a push, or for its code when none can be sent.
func (s *Authentications) prompt(c *rest.Call, x *session, d *device.Record) error {
	if !s.pushable(c, x, d) {
		return x.move(SelectedCode)
	}
	r, _ := x.appRules(d)
	now := c.Tx.Now()
	p := &push{ID: c.Tx.NewID(), Device: d.ID, Sent: now.UnixMilli(), Until: now.Add(r.PushTimeout).UnixMilli()}
	if r.NumberMatching {
		a, err := application.Load(c.Tx, c.Env, r.ID)
		if err != nil {
			return err
		}
		p.draw(c.Tx.Random, a != nil && a.Numbers() == application.EnterManually)
	}
	if err := s.sendPush(c, x, d, p, limit(r)); err != nil {
		return err
	}
	return x.move(SelectedPush)
}

// sendPush makes p the push of the session, counts it, unless nobody is asked, and sends
// it. The account is saved: the count is in it.
func (s *Authentications) sendPush(c *rest.Call, x *session, d *device.Record, p *push, rule account.PushRule) error {
	if err := x.withdraw(c); err != nil {
		return err
	}
	all, err := device.LoadPushes(c, x.User, d.ID)
	if err != nil {
		return err
	}
	if p.Silent == "" {
		all.Count(x.account.Device(d.ID), rule, c.Tx.Now())
		if err := x.saveAccount(c); err != nil {
			return err
		}
	}
	all.Open = append(all.Open, device.OpenPush{ID: p.ID, Authentication: x.ID, Until: p.Until})
	if err := all.Save(c, x.User, d.ID); err != nil {
		return err
	}
	x.Push = p
	m := notify.Push{Template: x.Template, ID: p.ID, To: cmp.Or(d.Mobile.PushToken, d.ID), Group: "da/" + x.ID, Silent: p.Silent != "",
		Expires: time.UnixMilli(p.Until)}
	if x.Asked != nil {
		m.Context = x.Asked.Context
	}
	return s.Notify.Push(c, m)
}

// choices is how many numbers the phone offers.
const choices = 3

// draw gives the push its number: one of two digits, so that it cannot be read wrongly,
// and unless it is typed on the phone, others to choose it from.
func (p *push) draw(random func(n int) []byte, typed bool) {
	const least, most = 10, 99
	var drawn []int
	for len(drawn) < choices {
		// 90 divides 2^16 with a rest of 16: what the first values have more is 0.14 %.
		n := least + int(binary.BigEndian.Uint16(random(2)))%(most-least+1)
		if !slices.Contains(drawn, n) {
			drawn = append(drawn, n)
		}
	}
	p.Number = drawn[0]
	if !typed {
		slices.Sort(drawn)
		p.Choices = drawn
	}
}

// tooManyPushes refuses a device that could only be asked by a push, while its pushes are
// locked. The lock stays, should the refused request have set it.
func tooManyPushes() error {
	return rest.Refuse(rest.RequestFailed, rest.LimitExceeded, "", "Too many pushes were not approved; the device gets none for a while").Keep()
}
