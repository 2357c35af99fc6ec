package device

import (
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/scim"
)

func (s *Devices) read(c *rest.Call) (rest.Reply, error) {
	a, r, _, err := s.device(c, s.user)
	if err != nil {
		return rest.Reply{}, err
	}
	d, err := withPasskey(c, withSecret(c, show(c, a, r), r), r)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(d)
}

// remove answers DELETE of a device. The next in the order becomes the default.
func (s *Devices) remove(c *rest.Call) (rest.Reply, error) {
	a, r, _, err := s.device(c, s.latched)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := Remove(c, a, r.ID); err != nil {
		return rest.Reply{}, err
	}
	return rest.Reply{Status: http.StatusNoContent}.WithEpoch(a.Stamp()), nil
}

// Remove takes a device from its user, with all that belongs to it. One that was never
// activated proved nothing, so its end changes no credentials.
func Remove(c *rest.Call, a *account.Account, id string) error {
	if d := a.Device(id); d != nil && !d.Pending {
		a.RaiseEpoch()
	}
	a.Remove(id)
	if err := Forget(c, a.ID, id); err != nil {
		return err
	}
	if err := a.Save(c.Tx, c.Env); err != nil {
		return err
	}
	return audited(c, "DEVICE.DELETED", a.ID, id, rest.Success)
}

// Forget deletes the records of a device: from then on its key is good for nothing.
func Forget(c *rest.Call, user, id string) error {
	recs, err := Load(c.Tx, c.Env, user, []string{id})
	if err != nil {
		return err
	}
	for _, r := range recs {
		r.Passkey.forget(c, user, id)
	}
	c.Tx.Delete(Key(c.Env, user, id))
	c.Tx.Delete(AppKey(c.Env, id))
	c.Tx.Delete(pushesKey(c.Env, user, id))
	return nil
}

// nickname answers PUT nickname; "" takes the nickname away.
func (s *Devices) nickname(c *rest.Call) (rest.Reply, error) {
	var b struct {
		Nickname *string `json:"nickname"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if b.Nickname == nil {
		return rest.Reply{}, rest.Required("nickname")
	}
	if err := rest.AtMost("nickname", *b.Nickname, maxNickname); err != nil {
		return rest.Reply{}, err
	}
	a, r, _, err := s.device(c, s.user)
	if err != nil {
		return rest.Reply{}, err
	}
	r.Nickname = *b.Nickname
	if err := r.save(c, a.ID); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "DEVICE.NICKNAME_UPDATED", a.ID, r.ID, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(map[string]any{
		"_links": rest.LinkSet{
			"self":   c.Links.API("users", a.ID, "devices", r.ID, "nickname"),
			"device": c.Links.API("users", a.ID, "devices", r.ID),
		},
		"nickname": r.Nickname,
	})
}

// unlock forgets wrong codes and pushes, and ends a cool-down.
func (s *Devices) unlock(c *rest.Call) (rest.Reply, error) {
	return s.alter(c, "DEVICE.UNLOCKED", func(d *account.Device) { d.Right(); d.FreePushes() })
}

// block takes a device out of use. Its codes die at once.
func (s *Devices) block(c *rest.Call) (rest.Reply, error) {
	return s.alter(c, "DEVICE.BLOCKED", func(d *account.Device) {
		if !d.Blocked() {
			d.BlockedAt, d.Gen = c.Tx.Now().UnixMilli(), d.Gen+1
		}
	})
}

// unblock takes it back into use with clean counters.
func (s *Devices) unblock(c *rest.Call) (rest.Reply, error) {
	return s.alter(c, "DEVICE.UNBLOCKED", func(d *account.Device) { d.BlockedAt = 0; d.Right(); d.FreePushes() })
}

func (s *Devices) alter(c *rest.Call, event string, change func(*account.Device)) (rest.Reply, error) {
	a, r, hot, err := s.device(c, s.latched)
	if err != nil {
		return rest.Reply{}, err
	}
	change(hot)
	if err := a.Save(c.Tx, c.Env); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, event, a.ID, r.ID, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(show(c, a, r))
}

// reorder answers devices.reorder: the named active devices first, the others behind
// them in their former order.
func (s *Devices) reorder(c *rest.Call) (rest.Reply, error) {
	var b struct {
		Order *[]rest.Ref `json:"order"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if b.Order == nil {
		return rest.Reply{}, rest.Required("order")
	}
	var ids []string
	for _, r := range *b.Order {
		ids = append(ids, r.ID)
	}
	a, err := s.latched(c)
	if err != nil {
		return rest.Reply{}, err
	}
	event := "DEVICES.ORDER_UPDATED"
	if a.Unordered {
		event = "DEVICES.ORDER_CREATED"
	}
	if !a.Reorder(ids) {
		return rest.Reply{}, rest.Invalid("order", "must name active devices of the user, each once")
	}
	return s.ordered(c, a, event)
}

// unorder answers devices.order.remove: the user has no default device any more.
func (s *Devices) unorder(c *rest.Call) (rest.Reply, error) {
	a, err := s.latched(c)
	if err != nil {
		return rest.Reply{}, err
	}
	a.Unordered = true
	return s.ordered(c, a, "DEVICES.ORDER_DELETED")
}

// unorderOld is unorder in its older form, a DELETE: 204.
func (s *Devices) unorderOld(c *rest.Call) (rest.Reply, error) {
	if _, err := s.unorder(c); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}

func (s *Devices) ordered(c *rest.Call, a *account.Account, event string) (rest.Reply, error) {
	if err := a.Save(c.Tx, c.Env); err != nil {
		return rest.Reply{}, err
	}
	if err := c.Audit(rest.Event{Type: event, User: a.ID, ResourceType: "USER", ResourceID: a.ID}); err != nil {
		return rest.Reply{}, err
	}
	c.Query.Set("expand", "order")
	body, err := s.collection(c, a, scim.Filter{})
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(body)
}
