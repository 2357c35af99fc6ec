package browser

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

var _ device.Elsewhere = (*Browsers)(nil)

// List shows the user's browsers, oldest first.
func (s *Browsers) List(c *rest.Call, user string) ([]device.Other, error) {
	recs, err := all(c, user)
	if err != nil {
		return nil, err
	}
	out := make([]device.Other, len(recs))
	for i, r := range recs {
		d := show(c, user, r)
		out[i] = device.Other{Device: d.Device, Resource: d}
	}
	return out, nil
}

// of reads the browser of the path, and its user by latched or present: 404 for none.
func of(c *rest.Call, owner func(*rest.Call, string) (*account.Account, error)) (user string, r *record, err error) {
	id, err := c.ID("deviceID")
	if err != nil {
		return "", nil, err
	}
	a, err := owner(c, c.Params["userID"])
	if err != nil {
		return "", nil, err
	}
	if r, err = load(c, a.ID, id); err == nil && r == nil {
		err = rest.Missing()
	}
	return a.ID, r, err
}

// Read answers GET of a browser.
func (s *Browsers) Read(c *rest.Call) (rest.Reply, error) {
	user, r, err := of(c, present)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(show(c, user, r))
}

// Remove answers DELETE: the browser is not known any more.
func (s *Browsers) Remove(c *rest.Call) (rest.Reply, error) {
	user, r, err := of(c, latched)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := forgetOne(c, user, r.ID, ""); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}

// Block takes a browser out of use.
func (s *Browsers) Block(c *rest.Call) (rest.Reply, error) {
	return s.alter(c, "DEVICE.BLOCKED", func(r *record) {
		if r.Blocked == 0 {
			r.Blocked = c.Tx.Now().UnixMilli()
		}
	})
}

// Unblock takes it back into use.
func (s *Browsers) Unblock(c *rest.Call) (rest.Reply, error) {
	return s.alter(c, "DEVICE.UNBLOCKED", func(r *record) { r.Blocked = 0 })
}

func (s *Browsers) alter(c *rest.Call, event string, change func(*record)) (rest.Reply, error) {
	user, r, err := of(c, latched)
	if err != nil {
		return rest.Reply{}, err
	}
	change(r)
	if err := r.save(c, user); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, event, user, r.ID, rest.Success, ""); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(show(c, user, r))
}

// Rename answers PUT nickname; "" takes the nickname away.
func (s *Browsers) Rename(c *rest.Call) (rest.Reply, error) {
	var b struct {
		Nickname string `json:"nickname"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if err := rest.AtMost("nickname", b.Nickname, maxNickname); err != nil {
		return rest.Reply{}, err
	}
	if _, err := s.alter(c, "DEVICE.NICKNAME_UPDATED", func(r *record) { r.Nickname = b.Nickname }); err != nil {
		return rest.Reply{}, err
	}
	self := c.Links.API("users", c.Params["userID"], "devices", c.Params["deviceID"])
	return rest.OK(map[string]any{
		"_links":   rest.LinkSet{"self": {Href: self.Href + "/nickname"}, "device": self},
		"nickname": b.Nickname,
	})
}
