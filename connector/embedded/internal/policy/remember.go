package policy

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/span"
)

// RememberMe says whether browsers may be remembered.
type RememberMe struct {
	Web *Remember `json:"web"`
}

// Remember is remember-me of one kind of client.
type Remember struct {
	Enabled  bool           `json:"enabled"`
	LifeTime *span.Duration `json:"lifeTime,omitempty"`
}

// PingOne's range of the life of a remembered browser.
const (
	leastRemember = time.Minute
	mostRemember  = 90 * 24 * time.Hour
)

// Remembers is how long a browser is remembered after the second factor was proven; 0 is
// not at all.
func (p *Policy) Remembers() time.Duration {
	if p.RememberMe == nil || p.RememberMe.Web == nil || !p.RememberMe.Web.Enabled {
		return 0
	}
	return p.RememberMe.Web.LifeTime.Value()
}

func (r *RememberMe) validate() error {
	if r == nil {
		return nil
	}
	if r.Web == nil {
		return rest.Required("rememberMe.web")
	}
	d := r.Web.LifeTime
	if d == nil {
		return nil
	}
	const at = "rememberMe.web.lifeTime"
	return d.Check(at, leastRemember, mostRemember, "MINUTES", "HOURS", "DAYS")
}

// complete fills in PingOne's 30 days.
func (r *RememberMe) complete() {
	if r != nil && r.Web.LifeTime == nil {
		r.Web.LifeTime = lasting(30, "DAYS")
	}
}
