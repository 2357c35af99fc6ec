package authcode

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/span"
)

// Resource is an authentication code on the wire.
type Resource struct {
	Links         rest.LinkSet    `json:"_links"`
	Embedded      *embedded       `json:"_embedded,omitempty"`
	ID            string          `json:"id"`
	Environment   rest.Ref        `json:"environment"`
	Application   rest.Ref        `json:"application"`
	Code          string          `json:"code"`
	URI           string          `json:"uri"`
	ClientContext json.RawMessage `json:"clientContext,omitempty"`
	LifeTime      span.Duration   `json:"lifeTime"`
	UserApproval  string          `json:"userApproval"`
	Status        Status          `json:"status"`
	User          *rest.Ref       `json:"user,omitempty"`
	Error         *failure        `json:"error,omitempty"`
	CreatedAt     *rest.Time      `json:"createdAt"`
	UpdatedAt     *rest.Time      `json:"updatedAt"`
	ExpiresAt     *rest.Time      `json:"expiresAt"`
}

type embedded struct {
	Device phone `json:"device"`
}

// phone is what a browser may know of the phone that claimed its code.
type phone struct {
	ID          string       `json:"id"`
	OS          device.OS    `json:"os"`
	Model       device.Model `json:"model"`
	Application native       `json:"application"`
}

type native struct {
	NativeName string `json:"nativeName,omitempty"`
	Version    string `json:"version,omitempty"`
}

// show makes the resource. a is the app, d the phone that claimed the code; both may be
// gone, or not there yet.
func (s *Codes) show(c *rest.Call, r *record, a *application.Application, d *device.Record) Resource {
	prefix := c.Links.Root()
	if a != nil && a.URIPrefix() != "" {
		prefix = a.URIPrefix()
	}
	code := s.code(r.Nonce)
	out := Resource{
		Links: rest.LinkSet{"self": c.Links.Auth("authenticationCodes", r.ID)},
		ID:    r.ID, Environment: rest.Ref{ID: c.Env}, Application: rest.Ref{ID: r.App}, Code: code, URI: link(prefix, code),
		ClientContext: r.Context, LifeTime: r.Life, UserApproval: r.approval(), Status: r.Status, Error: r.Error,
		CreatedAt: rest.At(time.UnixMilli(r.Created)), UpdatedAt: rest.At(time.UnixMilli(r.Modified)),
		ExpiresAt: rest.At(time.UnixMilli(r.Until)),
	}
	if r.User != "" {
		out.User = &rest.Ref{ID: r.User}
	}
	if d != nil && d.Mobile != nil {
		m := d.Mobile
		out.Embedded = &embedded{phone{ID: d.ID, OS: m.OS, Model: m.Model,
			Application: native{m.Application.NativeName, m.Application.Version}}}
	}
	return out
}

func (r *record) approval() string {
	if r.NoAsking {
		return notRequired
	}
	return required
}

// read answers GET. What the app vouched for is judged again. It writes nothing, unless it is the first to find that the code's time
// is over.
func (s *Codes) read(c *rest.Call) (rest.Reply, error) {
	id, err := c.ID("authenticationCodeID")
	if err != nil {
		return rest.Reply{}, err
	}
	r, err := s.current(c, id)
	if err != nil {
		return rest.Reply{}, err
	}
	if r.Status == Completed {
		if err := s.revoke(c, r); err != nil {
			return rest.Reply{}, err
		}
	}
	a, err := application.Load(c.Tx, c.Env, r.App)
	if err != nil {
		return rest.Reply{}, err
	}
	var d *device.Record
	if r.Device != "" {
		recs, err := device.Load(c.Tx, c.Env, r.User, []string{r.Device})
		if err != nil {
			return rest.Reply{}, err
		}
		if len(recs) > 0 {
			d = recs[0]
		}
	}
	reply := rest.Reply{Status: http.StatusOK, Body: s.show(c, r, a, d)}
	if r.Status == Completed {
		reply = reply.WithEpoch(account.StampOf(r.User, r.Epoch))
	}
	return reply, nil
}

// remove answers DELETE, in every state: nobody can claim or approve the code any more.
func (s *Codes) remove(c *rest.Call) (rest.Reply, error) {
	id, err := c.ID("authenticationCodeID")
	if err != nil {
		return rest.Reply{}, err
	}
	r, err := load(c, id)
	if err != nil {
		return rest.Reply{}, err
	}
	if r.Status == Unclaimed {
		c.Tx.Delete(s.placeKey(c.Env, s.code(r.Nonce)))
	}
	c.Tx.Delete(key(c.Env, id))
	if err := audited(c, "AUTHENTICATION_CODE.DELETED", r, rest.Success); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}
