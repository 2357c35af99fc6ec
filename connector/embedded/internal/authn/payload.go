package authn

import (
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// named checks the application and the mobilePayload of a request. It returns the device
// that the payload is of; nil without a payload.
func (s *Authentications) named(c *rest.Call, x *session, b start) (*device.Record, error) {
	if b.Application != nil && b.Application.ID != "" {
		a, err := application.Load(c.Tx, c.Env, b.Application.ID)
		if err != nil {
			return nil, err
		}
		if a == nil || !a.Enabled {
			return nil, rest.Invalid("application.id", "is no native application that is known here")
		}
		x.App = a.ID
	}
	if b.MobilePayload == "" {
		return nil, nil
	}
	who, err := s.Apps.VerifyPayload(c, b.MobilePayload)
	if p, bad := rest.ProblemOf(err); bad {
		return nil, checkedPayload(c, x, "DEVICE_PAYLOAD.CHECK_INVALID", rest.Failed, p)
	}
	if err != nil {
		return nil, err
	}
	var refusal *rest.Problem
	switch {
	case who.User != x.User:
		refusal = rest.Invalid("mobilePayload", "is of no native application that is paired here, or not of now")
	case who.Application != x.App:
		refusal = rest.Invalid("application.id", "is not the application of the mobilePayload")
	}
	if refusal != nil {
		return nil, checkedPayload(c, x, "DEVICE_PAYLOAD.CHECK_INVALID", rest.Failed, refusal)
	}
	return x.device(who.Device), checkedPayload(c, x, "DEVICE_PAYLOAD.CHECK_SUCCESS", rest.Success, nil)
}

// checkedPayload tells of a payload that was looked at, and gives the refusal of a bad one.
func checkedPayload(c *rest.Call, x *session, event, result string, p *rest.Problem) error {
	if err := c.Audit(rest.Event{Type: event, User: x.User, ResourceType: "USER", ResourceID: x.User, Result: result}); err != nil {
		return err
	}
	if p != nil {
		return p.Keep()
	}
	return nil
}

// authorize signs the user of a phone on by the phone's own word, when the policy lets its
// app do that. With extraVerification the app must also say so over its own channel. It
// reports false when the user must be asked as always.
func (s *Authentications) authorize(c *rest.Call, x *session, d *device.Record) (bool, error) {
	if d == nil || unusable(x.account.Device(d.ID), c.Tx.Now()) {
		return false, nil
	}
	r, known := x.appRules(d)
	if !known || !r.DeviceAuthorization || r.ExtraVerification != "" && !s.pushes(x, d) {
		return false, nil
	}
	x.Device = d.ID
	if err := x.move(SelectedPush); err != nil {
		return false, err
	}
	if r.ExtraVerification == "" {
		x.AMR = slices.Clone(deviceMethods)
		return true, x.move(PushApproved)
	}
	now := c.Tx.Now()
	p := &push{ID: c.Tx.NewID(), Device: d.ID, Sent: now.UnixMilli(), Until: now.Add(silence).UnixMilli(), Silent: r.ExtraVerification}
	return true, s.sendPush(c, x, d, p, limit(r))
}

// silence is how long an app has to answer a push that it shows to nobody.
const silence = 10 * time.Second

// pick lets the app of the phone in front of the user sign on, if it may and no device is
// wished for; else it chooses one.
func (s *Authentications) pick(c *rest.Call, x *session, want *selection, of *device.Record) (code string, err error) {
	if want == nil {
		done, err := s.authorize(c, x, of)
		if done || err != nil {
			return "", err
		}
	}
	return s.choose(c, x, want)
}
