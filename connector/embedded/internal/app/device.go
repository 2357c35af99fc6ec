package app

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// view is what an app may know of its device.
type view struct {
	Device      status    `json:"device"`
	User        rest.Ref  `json:"user"`
	Environment rest.Ref  `json:"environment"`
	Application named     `json:"application"`
	Logs        *wanted   `json:"logs,omitempty"`
	ServerTime  rest.Time `json:"serverTime"`
}

type status struct {
	ID          string       `json:"id"`
	Nickname    string       `json:"nickname,omitempty"`
	Lock        device.Lock  `json:"lock"`
	Block       device.Block `json:"block"`
	OTPEnabled  bool         `json:"otpEnabled"`
	PushEnabled bool         `json:"pushEnabled"`
}

// wanted says that somebody has asked for the app's logs.
type wanted struct {
	Level     string     `json:"level"`
	ExpiresAt *rest.Time `json:"expiresAt"`
}

// own reads account and device of a caller, who has them: Signed has seen to it.
func own(c *rest.Call, who Caller) (*account.Account, *device.Record, error) {
	a, err := account.Load(c.Tx, c.Env, who.User)
	if err != nil {
		return nil, nil, err
	}
	recs, err := device.Load(c.Tx, c.Env, who.User, []string{who.Device})
	if err != nil {
		return nil, nil, err
	}
	if a == nil || len(recs) == 0 || recs[0].Mobile == nil {
		return nil, nil, refusal()
	}
	return a, recs[0], nil
}

// read answers GET: also how an app learns of requests for its logs, and sets its clock.
func (s *Apps) read(c *rest.Call, who Caller) (rest.Reply, error) {
	a, r, err := own(c, who)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(see(c, a, r))
}

func see(c *rest.Call, a *account.Account, r *device.Record) view {
	hot, m := a.Device(r.ID), r.Mobile
	v := view{
		Device: status{ID: r.ID, Nickname: r.Nickname, Lock: device.LockOf(hot, c.Tx.Now()), Block: device.BlockOf(hot),
			OTPEnabled: m.OTPEnabled, PushEnabled: m.PushEnabled},
		User: rest.Ref{ID: a.ID}, Environment: rest.Ref{ID: c.Env}, Application: named{m.Application.ID, m.Application.Name},
		ServerTime: rest.Time{Time: c.Tx.Now()},
	}
	if l := m.Logs.Wanted(c.Tx.Now()); l != nil {
		v.Logs = &wanted{Level: l.Level, ExpiresAt: l.ExpiresAt}
	}
	return v
}

// update answers PUT: what the body leaves out stays as it was, and so does what a phone
// cannot change, whatever is said.
func (s *Apps) update(c *rest.Call, who Caller) (rest.Reply, error) {
	a, r, err := own(c, who)
	if err != nil {
		return rest.Reply{}, err
	}
	was := *r.Mobile
	r.Mobile.Logs, r.Mobile.Integrity = nil, nil // of was: decoding must not reach them
	b := struct {
		Device *device.Mobile `json:"device"`
	}{r.Mobile}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if b.Device == nil {
		return rest.Reply{}, rest.Required("device")
	}
	b.Device.Keep(&was)
	if err := b.Device.Check("device.", c.Tx.Now()); err != nil {
		return rest.Reply{}, err
	}
	if b.Device.Integrity == nil {
		b.Device.Integrity = was.Integrity // as old as it is
	}
	r.Mobile = b.Device
	if err := device.Update(c, who.User, r); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(see(c, a, r))
}

// unpair answers DELETE: the phone is no device any more, its key is good for nothing. One
// that was blocked, or whose user was disabled or locked, cannot take itself away: who has
// found it would be asked for no second factor once that is over, but may set one up.
func (s *Apps) unpair(c *rest.Call, who Caller) (rest.Reply, error) {
	a, r, err := own(c, who)
	if err != nil {
		return rest.Reply{}, err
	}
	if a.Off || a.LockedAt != 0 || a.Device(r.ID).Blocked() {
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "The device may not unpair itself: it or its user is locked or blocked")
	}
	if err := device.Remove(c, a, r.ID); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}

// maxLogs is the longest text of logs, in bytes.
const maxLogs = 512 << 10

// deliver answers POST logs, once for each request.
func (s *Apps) deliver(c *rest.Call, who Caller) (rest.Reply, error) {
	var b struct {
		Text string `json:"text"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	switch {
	case b.Text == "":
		return rest.Reply{}, rest.Required("text")
	case len(b.Text) > maxLogs:
		return rest.Reply{}, rest.Refuse(rest.InvalidData, rest.SizeLimitExceeded, "text", "must have at most 512 KiB")
	}
	_, r, err := own(c, who)
	if err != nil {
		return rest.Reply{}, err
	}
	if r.Mobile.Logs.Wanted(c.Tx.Now()) == nil {
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "Nobody has asked for logs")
	}
	if err := device.ReceivedLogs(c, who.User, r); err != nil {
		return rest.Reply{}, err
	}
	if s.Logs != nil {
		c.Tx.AfterCommit(func() { s.Logs(who.User, who.Device, b.Text) })
	}
	return rest.Gone()
}
