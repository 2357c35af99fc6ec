package authn

import (
	"net/http"
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/app"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// appRoutes are those that native apps ask (docs/app-protocol.md).
func (s *Authentications) appRoutes() []rest.Route {
	const all = "app/devices/:deviceID/pushes"
	return []rest.Route{
		{Host: pingone.HostAuth, Method: http.MethodGet, Path: all, Run: s.Apps.Signed(s.waiting)},
		{Host: pingone.HostAuth, Method: http.MethodPost, Path: all + "/:pushID", Run: s.Apps.Signed(s.answer)},
	}
}

// answer is the app's verdict on one push. One that was answered, withdrawn or not
// answered in time is 404, like one that never was. A number that is not the right one
// denies.
func (s *Authentications) answer(c *rest.Call, who app.Caller) (rest.Reply, error) {
	var b struct {
		Decision string `json:"decision"`
		Number   *int   `json:"number"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	if err := app.CheckDecision(b.Decision); err != nil {
		return rest.Reply{}, err
	}
	x, err := s.asked(c, who)
	if err != nil {
		return rest.Reply{}, err
	}
	approve := b.Decision == app.Approve
	if approve {
		if x.Push.Number != 0 && b.Number == nil {
			return rest.Reply{}, rest.Required("number")
		}
		if err := s.mayApprove(c, x); err != nil {
			return rest.Reply{}, err
		}
	}
	silent := x.Push.Silent != ""
	if approve && (x.Push.Number == 0 || *b.Number == x.Push.Number) {
		err = s.approved(c, x, !silent)
	} else {
		err = s.denied(c, x)
	}
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(map[string]any{"id": c.Params["pushID"], "status": verdicts[x.Status]})
}

// verdicts are what an answer led to, as the app sees it.
var verdicts = map[Status]string{Completed: "APPROVED", Failed: "DENIED"}

// asked finds the authentication of the push that the path names. One whose time is over
// is written down as that.
func (s *Authentications) asked(c *rest.Call, who app.Caller) (*session, error) {
	id, err := c.ID("pushID")
	if err != nil {
		return nil, err
	}
	all, err := device.LoadPushes(c, who.User, who.Device)
	if err != nil {
		return nil, err
	}
	open := all.Find(id)
	if open == nil {
		return nil, rest.Missing()
	}
	x, err := s.asking(c, who, open.Authentication, id)
	if err != nil {
		return nil, err
	}
	if x == nil {
		return nil, rest.Missing()
	}
	if !x.overdue(c.Tx.Now()) {
		return x, nil
	}
	if err := s.settle(c, x); err != nil {
		return nil, err
	}
	return nil, rest.Missing().Keep()
}

// mayApprove refuses an approval that the state of user, device or policy does not allow
// any more. A denial is always taken.
func (s *Authentications) mayApprove(c *rest.Call, x *session) error {
	if err := x.policy.Admits(x.account, c.Tx.Now()); err != nil {
		return err
	}
	d, hot := x.selected()
	now := c.Tx.Now()
	if d == nil || unusable(hot, now) || !s.pushes(x, d) {
		return rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "The device may not approve: it is locked, blocked or not allowed")
	}
	if _, locked := hot.PushesLocked(now); locked && x.Push.Silent == "" {
		return rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "The device may not approve: its pushes are locked")
	}
	return nil
}

// deviceMethods are the authenticators of an app that signed (RFC 8176): its key is held by
// software as far as the service knows. A person's approval adds "user".
var deviceMethods = []string{"mfa", "swk"}

// approved ends the session with success. Only a person's approval forgives the pushes
// that went before.
func (s *Authentications) approved(c *rest.Call, x *session, person bool) error {
	x.AMR = slices.Clone(deviceMethods)
	if person {
		x.AMR = append(x.AMR, "user")
		if x.account.Device(x.Push.Device).FreePushes() {
			if err := x.saveAccount(c); err != nil {
				return err
			}
		}
	}
	if err := x.move(PushApproved); err != nil {
		return err
	}
	return s.update(c, x, rest.Success)
}

func (s *Authentications) denied(c *rest.Call, x *session) error {
	id, silent := x.Push.Device, x.Push.Silent != ""
	if err := x.move(PushDenied); err != nil {
		return err
	}
	x.Error = &failure{Code: "PUSH_CONFIRMATION_REJECTED", Message: "The authentication was denied on the device"}
	if err := s.update(c, x, rest.Failed); err != nil {
		return err
	}
	if silent {
		return nil
	}
	return s.refusedPush(c, x, id, c.Tx.Now())
}
