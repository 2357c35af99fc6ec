package pairing

import (
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// resource is a pairing key on the wire.
type resource struct {
	Links        rest.LinkSet `json:"_links"`
	ID           string       `json:"id"`
	Environment  rest.Ref     `json:"environment"`
	User         rest.Ref     `json:"user"`
	Code         string       `json:"code,omitempty"` // while it can be claimed
	URI          string       `json:"uri,omitempty"`  // likewise
	Status       string       `json:"status"`
	Error        *failure     `json:"error,omitempty"`
	Applications []rest.Ref   `json:"applications"`
	CreatedAt    *rest.Time   `json:"createdAt"`
	UpdatedAt    *rest.Time   `json:"updatedAt"`
	ExpiresAt    *rest.Time   `json:"expiresAt"`
}

// show gives the resource. A key that was claimed or has expired has no code any more.
func (k *Keys) show(c *rest.Call, user string, r *record, apps []*application.Application) resource {
	out := resource{
		Links: rest.LinkSet{"self": c.Links.API("users", user, "pairingKeys", r.ID), "environment": c.Links.API(),
			"user": c.Links.API("users", user)},
		ID: r.ID, Environment: rest.Ref{ID: c.Env}, User: rest.Ref{ID: user}, Status: r.Status, Error: r.Error,
		CreatedAt: rest.At(time.UnixMilli(r.Created)), UpdatedAt: rest.At(time.UnixMilli(r.Updated)),
		ExpiresAt: rest.At(time.UnixMilli(r.Expires)),
	}
	for _, id := range r.Apps {
		out.Applications = append(out.Applications, rest.Ref{ID: id})
	}
	if r.live(c.Tx.Now()) {
		out.Code = k.code(r.Nonce, r.Format)
		out.URI = link(c, out.Code, apps)
	}
	return out
}

// link is what a QR code shows: a link into the app, if the key is for one that has a
// prefix, else one that names this service. There the code stands behind "#", which
// browsers send nowhere.
func link(c *rest.Call, code string, apps []*application.Application) string {
	if len(apps) == 1 && apps[0].URIPrefix() != "" {
		prefix := apps[0].URIPrefix()
		if !strings.HasSuffix(prefix, "/") {
			prefix += "/"
		}
		return prefix + "pingonesdk?pairing_key=" + code
	}
	return c.Links.Auth("app").Href + "#pairing_key=" + code
}
