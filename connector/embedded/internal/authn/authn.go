package authn

import (
	"net/http"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/app"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/decoy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/guess"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// Authentications serves deviceAuthentications.
type Authentications struct {
	Policies *policy.Policies
	Checker  otp.Checker
	Notify   notify.Notifier
	Apps     *app.Apps
	Row      int           // wrong codes in a row that block a device; 0 never
	Resends  int           // codes sent again, an authentication and device; 0 is no limit
	Life     time.Duration // of a deviceAuthentication; then it is 404; 0 is for ever
	Guesses  *guess.Guard
	Profile  device.ProfileOf
	Decoys   decoy.IDs

	Credentials device.Credentials
	Origins     func(rpID string) []string // of which a passkey of a relying party may answer
	TopOrigins  []string                   // that may frame those
}

// Routes are the routes of deviceAuthentications.
func (s *Authentications) Routes() []rest.Route {
	const all, one = "deviceAuthentications", "deviceAuthentications/:deviceAuthenticationID"
	routes := []rest.Route{
		{Method: http.MethodPost, Path: all, Run: s.initialize},
		{Method: http.MethodGet, Path: one, Run: s.read},
		{Method: http.MethodPost, Path: one, Media: "device.select", Run: s.selectDevice},
		{Method: http.MethodPost, Path: one, Media: "otp.check", Run: s.checkOTP},
		{Method: http.MethodPost, Path: one, Media: "assertion.check", Run: s.checkAssertion},
		{Method: http.MethodPost, Path: one, Media: "cancel.push.authentication", Run: s.cancel},
	}
	for i := range routes {
		routes[i].Host = pingone.HostAuth
	}
	return append(routes, s.appRoutes()...)
}

// read answers GET. It writes nothing, unless it is the first to find that time has ended
// a push.
func (s *Authentications) read(c *rest.Call) (rest.Reply, error) {
	r, err := s.peek(c)
	if err != nil {
		return rest.Reply{}, err
	}
	var x *session
	if r.overdue(c.Tx.Now()) {
		x, err = s.latchedOf(c, r.User, r.ID)
	} else {
		x, err = s.get(c, r.ID)
	}
	if err != nil {
		return rest.Reply{}, err
	}
	return s.reply(c, x)
}

// reply answers with a deviceAuthentication. One that is COMPLETED tells under which
// credentials it was.
func (s *Authentications) reply(c *rest.Call, x *session) (rest.Reply, error) {
	r := rest.Reply{Status: http.StatusOK, Body: s.show(c, x)}
	if x.Status == Completed {
		r = r.WithEpoch(account.StampOf(x.User, x.Epoch))
	}
	return r, nil
}

// usable reports whether a device may be challenged now.
func (s *Authentications) usable(c *rest.Call, x *session, d *device.Record) bool {
	if unusable(x.account.Device(d.ID), c.Tx.Now()) || !s.served(x, d) {
		return false
	}
	k, _ := device.KindOf(d.Type)
	if k.Way != device.Asks {
		return !x.mustWait(c, d)
	}
	return x.takesCode(d) && !x.mustWait(c, d) || s.pushable(c, x, d)
}

// mute reports whether the user gets no more messages today on a device's channel.
func (x *session) mute(d *device.Record) bool {
	k, _ := device.KindOf(d.Type)
	return !x.Discreet && k.Sent() && !d.Test && x.spent(k.Channel)
}

// served reports whether policy, settings and senders let a device be used at all.
func (s *Authentications) served(x *session, d *device.Record) bool {
	k, known := device.KindOf(d.Type)
	if !known || d.Extension != "" && !x.extensions {
		return false
	}
	if k.Way == device.Signs && !x.signs(d) {
		return false
	}
	use, _ := x.policy.Enabled(d.Type)
	if k.Way == device.Asks {
		return use && (x.takesCode(d) || s.pushes(x, d))
	}
	return use && s.Notify.Reaches(k.Channel, d.Test)
}

// move takes the session to the state after an event, or refuses.
func (x *session) move(e Event) error {
	to, ok := next(x.Status, e)
	if !ok {
		return x.refuse()
	}
	x.Status = to
	if to == Completed {
		x.Epoch = x.account.Epoch
	}
	return nil
}

// refuse says that an action is not one of the session's state.
func (x *session) refuse() error {
	return rest.Plain(http.StatusBadRequest, rest.InvalidRequest,
		"The request could not be completed. The action is not valid in status "+string(x.Status)+".")
}

// checkMayAuthenticate refuses users that may not authenticate now. A discreet authentication is silent
// instead.
func (x *session) checkMayAuthenticate(now time.Time) error {
	if x.Discreet {
		return nil
	}
	return x.policy.Admits(x.account, now)
}

func audited(c *rest.Call, event string, x *session, result string) error {
	return c.Audit(rest.Event{Type: event, User: x.User, ResourceType: "AUTHENTICATION", ResourceID: x.ID, Result: result})
}
