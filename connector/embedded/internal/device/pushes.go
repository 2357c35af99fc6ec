package device

import (
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Pushes is what is kept of the pushes to one device: those that may still be answered,
// since a unit cannot scan for them, and when those were sent that count against the
// limit. How many of the latter count is in the hot record.
//
//	E/push/<user>/<device>
type Pushes struct {
	Open []OpenPush `json:"o,omitempty"`
	Sent []int64    `json:"s,omitempty"` // Unix ms, oldest first
}

// OpenPush is a push that waits for its answer.
type OpenPush struct {
	ID             string `json:"i"`
	Authentication string `json:"a"`
	Until          int64  `json:"u"` // Unix ms
}

func pushesKey(env, user, id string) store.Key { return store.K(env, "push", user, id) }

// LoadPushes reads the pushes of a device; none are no error.
func LoadPushes(c *rest.Call, user, id string) (*Pushes, error) {
	p := &Pushes{}
	_, err := c.Get(pushesKey(c.Env, user, id), p)
	return p, err
}

// Save writes the pushes of a device, without those whose time is over.
func (p *Pushes) Save(c *rest.Call, user, id string) error {
	now := c.Tx.Now().UnixMilli()
	p.Open = slices.DeleteFunc(p.Open, func(o OpenPush) bool { return o.Until <= now })
	if len(p.Open)+len(p.Sent) == 0 {
		c.Tx.Delete(pushesKey(c.Env, user, id))
		return nil
	}
	return c.Put(pushesKey(c.Env, user, id), p)
}

// Find returns the open push of an id; nil when there is none.
func (p *Pushes) Find(id string) *OpenPush {
	i := slices.IndexFunc(p.Open, func(o OpenPush) bool { return o.ID == id })
	if i < 0 {
		return nil
	}
	return &p.Open[i]
}

// Close takes a push out of the open ones.
func (p *Pushes) Close(id string) {
	p.Open = slices.DeleteFunc(p.Open, func(o OpenPush) bool { return o.ID == id })
}

// Spent reports whether the limit is reached at a time: that many pushes were sent in the
// period before it, and none of them was approved.
func (p *Pushes) Spent(d *account.Device, r account.PushRule, at time.Time) bool {
	return len(p.counting(d, r, at)) >= r.Count
}

// Last is when the newest push was sent.
func (p *Pushes) Last() time.Time {
	var last int64
	for _, at := range p.Sent {
		last = max(last, at)
	}
	return time.UnixMilli(last)
}

// Count counts a push that is sent now.
func (p *Pushes) Count(d *account.Device, r account.PushRule, now time.Time) {
	p.Sent = append(slices.Clone(p.counting(d, r, now)), now.UnixMilli())
	d.Pushes = len(p.Sent)
}

// counting are the times of the pushes that count: the newest, as many as the hot record
// says, of the period before now.
func (p *Pushes) counting(d *account.Device, r account.PushRule, at time.Time) []int64 {
	sent := p.Sent[len(p.Sent)-min(d.Pushes, len(p.Sent)):]
	since := at.Add(-r.Period).UnixMilli()
	for len(sent) > 0 && sent[0] <= since {
		sent = sent[1:]
	}
	return sent
}
