package policy

import (
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
)

// MaxPolicies is how many policies an environment may have: they share one index record.
const MaxPolicies = 200

// kind is what the shelf knows of policies.
func kind() shelf.Kind[Policy, *Policy] {
	return shelf.Kind[Policy, *Policy]{
		Path: "deviceAuthenticationPolicies", Type: "DEVICE_AUTHENTICATION_POLICY", One: "policy", All: "policies", Most: MaxPolicies,
		Accept: accept, Release: release,
	}
}

// Shelved shows the fields that the shelf keeps.
func (p *Policy) Shelved() shelf.Fields {
	return shelf.Fields{
		ID: &p.ID, Name: &p.Name, Default: &p.Default, Links: &p.Links, Environment: &p.Environment, Created: &p.CreatedAt, Updated: &p.UpdatedAt,
	}
}

// Routes are the routes of policies and settings.
func Routes() []rest.Route {
	return append(kind().Routes(),
		rest.Route{Method: http.MethodGet, Path: "mfaSettings", Run: readSettings},
		rest.Route{Method: http.MethodPut, Path: "mfaSettings", Run: updateSettings},
		rest.Route{Method: http.MethodDelete, Path: "mfaSettings", Run: resetSettings},
	)
}

func accept(c *rest.Call, p *Policy) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if err := known(c, p.Mobile); err != nil {
		return err
	}
	p.ForSignOnPolicy = false
	p.Complete()
	return nil
}

func release(_ *rest.Call, p *Policy) error {
	if p.Default {
		return rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "Cannot remove default device authentication policy")
	}
	return nil
}
