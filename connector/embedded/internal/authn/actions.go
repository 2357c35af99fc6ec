package authn

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// selectDevice answers device.select. The same device again is how a code is sent anew:
// the old one is dead, the failures count on.
func (s *Authentications) selectDevice(c *rest.Call) (rest.Reply, error) {
	var b struct {
		Device        *rest.Ref `json:"device"`
		Compatibility string    `json:"compatibility"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if b.Device == nil || b.Device.ID == "" {
		return rest.Reply{}, rest.Required("device.id")
	}
	if err := compatible(b.Compatibility); err != nil {
		return rest.Reply{}, err
	}
	x, err := s.latched(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if _, ok := next(x.Status, SelectedCode); !ok {
		return rest.Reply{}, x.move(SelectedCode)
	}
	if err := x.checkMayAuthenticate(c.Tx.Now()); err != nil {
		return rest.Reply{}, err
	}
	x.hear(b.Compatibility)
	if err := s.lockSpent(c, x); err != nil {
		return rest.Reply{}, err
	}
	if err := s.again(x, x.device(b.Device.ID)); err != nil {
		return rest.Reply{}, err
	}
	code, err := s.challenge(c, x, b.Device.ID, "device.id")
	if err != nil {
		return rest.Reply{}, err
	}
	if err := s.update(c, x, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(withTest(s.show(c, x), x, code))
}

// again counts a code or push that is sent to a device anew, and refuses one too many. A
// device that was never challenged here begins at zero; to one without a channel nothing
// is sent, which a stranger is not told.
func (s *Authentications) again(x *session, d *device.Record) error {
	if d == nil {
		return nil
	}
	if k, _ := device.KindOf(d.Type); k.Channel == "" && !x.Discreet {
		return nil
	}
	id := d.ID
	n, before := x.Resent[id]
	if !before && x.Device != id {
		if x.Resent == nil {
			x.Resent = map[string]int{}
		}
		x.Resent[id] = 0
		return nil
	}
	if s.Resends > 0 && n >= s.Resends {
		return rest.Refuse(rest.RequestFailed, rest.LimitExceeded, "", "Maximum allowed resends has been reached").
			With("maximumAllowed", s.Resends)
	}
	if x.Resent == nil {
		x.Resent = map[string]int{}
	}
	x.Resent[id] = n + 1
	return nil
}

func (s *Authentications) update(c *rest.Call, x *session, result string) error {
	if err := x.save(c); err != nil {
		return err
	}
	return audited(c, "AUTHENTICATION.UPDATED", x, result)
}

// cancel answers cancel.push.authentication, in every open state: to choose or add
// another device, or for good.
func (s *Authentications) cancel(c *rest.Call) (rest.Reply, error) {
	var b struct {
		Reason string `json:"reason"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	x, err := s.latchedOr(c)
	if err != nil {
		return rest.Reply{}, err
	}
	event, result := Canceled, rest.Failed
	if x.account != nil && (b.Reason == "CHANGE_DEVICE" || b.Reason == "ADD_DEVICE") {
		event, result = ChangeDevice, rest.Success
	}
	if err := x.move(event); err != nil {
		return rest.Reply{}, err
	}
	x.Code, x.Ask = nil, nil
	if event == ChangeDevice {
		x.Once = nil
	} else {
		x.Error = &failure{Code: "AUTHENTICATION_CANCELED", Message: "The authentication was canceled"}
	}
	if err := s.update(c, x, result); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(s.show(c, x))
}
