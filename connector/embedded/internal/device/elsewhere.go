package device

import (
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/scim"
)

// Elsewhere are devices that are listed with the others and kept by somebody else:
// remembered browsers. Nobody is challenged on them, so they have no place in the order.
type Elsewhere interface {
	List(c *rest.Call, user string) ([]Other, error)
	Create(c *rest.Call) (rest.Reply, error)
	Read(c *rest.Call) (rest.Reply, error)
	Rename(c *rest.Call) (rest.Reply, error)
	Block(c *rest.Call) (rest.Reply, error)
	Unblock(c *rest.Call) (rest.Reply, error)
	Remove(c *rest.Call) (rest.Reply, error)
}

// Other is a device kept elsewhere: what it is filtered by, and what is shown.
type Other struct {
	Device   Device
	Resource any
}

// or asks elsewhere for a device that is not here.
func or(here, elsewhere rest.Handler) rest.Handler {
	return func(c *rest.Call) (rest.Reply, error) {
		r, err := here(c)
		if p, refused := rest.ProblemOf(err); refused && p.Body.Status == http.StatusNotFound {
			return elsewhere(c)
		}
		return r, err
	}
}

// made leaves the making of a BROWSER to those who keep it.
func (s *Devices) made(c *rest.Call) (rest.Reply, error) {
	var b struct {
		Type any `json:"type"`
	}
	if err := c.Decode(&b); err == nil && b.Type == "BROWSER" {
		return s.Browsers.Create(c)
	}
	return s.create(c)
}

// others shows what is kept elsewhere and matches a filter.
func (s *Devices) others(c *rest.Call, user string, f scim.Filter) ([]any, error) {
	list, err := s.Browsers.List(c, user)
	if err != nil {
		return nil, err
	}
	var out []any
	for _, o := range list {
		if f.Match(attributes(o.Device)) {
			out = append(out, o.Resource)
		}
	}
	return out, nil
}
