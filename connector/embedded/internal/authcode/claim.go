package authcode

import (
	"encoding/json"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/app"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// view is a code as an app shows it to its person, who shall see who asks before anything
// is approved.
type view struct {
	ID            string          `json:"id"`
	Status        Status          `json:"status"`
	UserApproval  string          `json:"userApproval"`
	Application   named           `json:"application"`
	ClientContext json.RawMessage `json:"clientContext,omitempty"`
	Client        *client         `json:"client,omitempty"`
	CreatedAt     *rest.Time      `json:"createdAt"`
	ExpiresAt     *rest.Time      `json:"expiresAt"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// client is what is known of the browser that shows the code.
type client struct {
	UserAgent string `json:"userAgent"`
}

func see(r *record, a *application.Application) view {
	v := view{ID: r.ID, Status: r.Status, UserApproval: r.approval(), Application: named{a.ID, a.Name}, ClientContext: r.Context,
		CreatedAt: rest.At(time.UnixMilli(r.Created)), ExpiresAt: rest.At(time.UnixMilli(r.Until))}
	if r.Agent != "" {
		v.Client = &client{r.Agent}
	}
	return v
}

// look answers an app that wants to show a code before it is claimed. It claims nothing.
func (s *Codes) look(c *rest.Call, who app.Caller) (rest.Reply, error) {
	r, a, err := s.held(c, who)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(see(r, a))
}

// claim makes a code that of the caller's user: nobody else can have it from then on. One
// that needs no approval is completed.
func (s *Codes) claim(c *rest.Call, who app.Caller) (rest.Reply, error) {
	r, a, err := s.held(c, who)
	if err != nil {
		return rest.Reply{}, err
	}
	r.User, r.Device, r.Status = who.User, who.Device, Claimed
	if r.NoAsking {
		err = s.complete(c, r)
	} else {
		err = s.claimed(c, r)
	}
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(see(r, a))
}

func (s *Codes) claimed(c *rest.Call, r *record) error {
	c.Tx.Delete(s.placeKey(c.Env, s.code(r.Nonce)))
	if err := r.save(c); err != nil {
		return err
	}
	return audited(c, "AUTHENTICATION_CODE.UPDATED", r, rest.Success)
}

// held finds the code that an app holds out, if its user may sign on with it. Unknown,
// claimed, expired, another app's: one refusal, and each is counted.
func (s *Codes) held(c *rest.Call, who app.Caller) (*record, *application.Application, error) {
	var b struct {
		Code string `json:"code"`
		URI  string `json:"uri"`
	}
	if err := c.Decode(&b); err != nil {
		return nil, nil, err
	}
	if b.Code == "" && b.URI == "" {
		return nil, nil, rest.Required("code")
	}
	g, err := s.guesses(c, who.Device)
	if err != nil {
		return nil, nil, err
	}
	r, err := s.find(c, typed(b.Code, b.URI))
	if err != nil {
		return nil, nil, err
	}
	if r == nil || r.Status != Unclaimed || r.App != who.Application {
		return nil, nil, g.wrong(c, who)
	}
	a, err := s.admit(c, who)
	return r, a, err
}

// find reads the code of a text under its latch; nil for none.
func (s *Codes) find(c *rest.Call, code string) (*record, error) {
	id, err := s.place(c, code)
	if err != nil || id == "" {
		return nil, err
	}
	if err := c.Tx.Latch(key(c.Env, id)); err != nil {
		return nil, err
	}
	r, err := s.current(c, id)
	if _, gone := rest.ProblemOf(err); gone {
		return nil, nil
	}
	return r, err
}

// complete ends a code well, under the user's credentials of now.
func (s *Codes) complete(c *rest.Call, r *record) error {
	user, err := account.Load(c.Tx, c.Env, r.User)
	if err != nil {
		return err
	}
	r.Epoch = user.Epoch
	return s.end(c, r, Completed, nil)
}

// admit refuses an app whose user, device or policy does not allow that the user signs on
// with it now.
func (s *Codes) admit(c *rest.Call, who app.Caller) (*application.Application, error) {
	a, err := s.application(c, who.Application)
	if err != nil {
		return nil, err
	}
	user, err := s.mayAuthenticate(c, who.User)
	if err != nil {
		return nil, err
	}
	d := user.Device(who.Device)
	if _, locked := d.Locked(c.Tx.Now()); locked || d.Blocked() {
		return nil, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "The device may not approve: it is locked or blocked")
	}
	return a, nil
}
