package authcode

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/span"
)

// draft is the body of a creation.
type draft struct {
	Application   *rest.Ref       `json:"application"`
	ClientContext json.RawMessage `json:"clientContext"`
	UserApproval  string          `json:"userApproval"`
	LifeTime      *struct {
		Duration *int    `json:"duration"`
		TimeUnit *string `json:"timeUnit"`
	} `json:"lifeTime"`
}

// The values of userApproval.
const (
	required    = "REQUIRED"
	notRequired = "NOT_REQUIRED"
)

// create answers POST authenticationCodes: 201.
func (s *Codes) create(c *rest.Call) (rest.Reply, error) {
	var b draft
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	r, err := b.accept()
	if err != nil {
		return rest.Reply{}, err
	}
	a, err := s.application(c, r.App)
	if err != nil {
		return rest.Reply{}, err
	}
	now := c.Tx.Now()
	r.Agent = notify.Agent(c)
	r.ID, r.Created, r.Until = c.Tx.NewID(), now.UnixMilli(), now.Add(r.Life.Value()).UnixMilli()
	if err := s.draw(c, r); err != nil {
		return rest.Reply{}, err
	}
	if err := r.save(c); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "AUTHENTICATION_CODE.CREATED", r, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(s.show(c, r, a, nil))
}

// accept checks what can be checked without the store.
func (b draft) accept() (*record, error) {
	if b.Application == nil || b.Application.ID == "" {
		return nil, rest.Required("application.id")
	}
	r := &record{App: b.Application.ID, Status: Unclaimed}
	err := rest.OneOf("userApproval", cmp.Or(b.UserApproval, required), required, notRequired)
	if err != nil {
		return nil, err
	}
	r.NoAsking = b.UserApproval == notRequired
	if r.Life, err = b.life(); err != nil {
		return nil, err
	}
	r.Context, err = notify.Context("clientContext", b.ClientContext)
	return r, err
}

const minLife, maxLife = 10 * time.Second, 30 * time.Minute

// life reads lifeTime: a minute when it is absent, else both of its members.
func (b draft) life() (span.Duration, error) {
	l := b.LifeTime
	switch {
	case l == nil || l.Duration == nil && l.TimeUnit == nil:
		return span.Duration{Duration: 1, TimeUnit: "MINUTES"}, nil
	case l.Duration == nil:
		return span.Duration{}, rest.Required("lifeTime.duration")
	case l.TimeUnit == nil:
		return span.Duration{}, rest.Required("lifeTime.timeUnit")
	}
	d := span.Duration{Duration: *l.Duration, TimeUnit: *l.TimeUnit}
	return d, d.Check("lifeTime", minLife, maxLife, "SECONDS", "MINUTES")
}

// application finds an app that is on, and that the environment's policy lets
// authenticate.
func (s *Codes) application(c *rest.Call, id string) (*application.Application, error) {
	all, err := application.All(c.Tx, c.Env)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(a *application.Application) bool { return a.ID == id && a.Enabled && a.Mobile != nil })
	if i < 0 {
		return nil, rest.Invalid("application.id", "is no native application that is known here")
	}
	p, err := s.Policies.Load(c.Tx, c.Env, "")
	if err != nil {
		return nil, err
	}
	if _, ok := p.App(id); !ok {
		return nil, rest.Invalid("application.id", "is not allowed by the device authentication policy")
	}
	return all[i], nil
}
