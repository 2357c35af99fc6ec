package fido2

import (
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
)

// MaxPolicies is how many policies an environment may have: they share one index record.
const MaxPolicies = 200

// kind is what the shelf knows of policies under a path.
func kind(path string) shelf.Kind[Policy, *Policy] {
	return shelf.Kind[Policy, *Policy]{
		Path: path, Type: "FIDO_POLICY", One: "fido2policy", All: "fido2policies", Most: MaxPolicies,
		Accept: accept, Release: release, Expand: expand,
	}
}

// Shelved shows the fields that the shelf keeps.
func (p *Policy) Shelved() shelf.Fields {
	return shelf.Fields{
		ID: &p.ID, Name: &p.Name, Default: &p.Default, Links: &p.Links, Environment: &p.Environment, Created: &p.CreatedAt, Updated: &p.UpdatedAt,
	}
}

// Routes are the routes of policies and metadata. "fidoPolicies" is the deprecated name
// of the same policies.
func Routes() []rest.Route {
	return slices.Concat(kind(policiesPath).Routes(), kind("fidoPolicies").Routes(), metadataRoutes())
}

const policiesPath = "fido2Policies"

// accept checks a policy from outside. The authenticators that it names must be known.
func accept(c *rest.Call, p *Policy) error {
	p.UsedBy = nil
	if err := p.Validate(); err != nil {
		return err
	}
	return p.known(c)
}

// release refuses to delete a policy that is needed: its passkeys would fall to the
// default's rules.
func release(c *rest.Call, p *Policy) error {
	if p.Default {
		return rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "You cannot delete the default policy")
	}
	used, err := policy.UsersOfFIDO2(c.Tx, c.Env, p.ID, false)
	if err == nil && len(used) > 0 {
		err = rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "Device authentication policies use the policy")
	}
	return err
}

// expand adds the ids of the device authentication policies that use the policy.
func expand(c *rest.Call, p *Policy) (err error) {
	if slices.Contains(strings.Split(c.Query.Get("expand"), ","), "deviceAuthenticationPolicies") {
		p.UsedBy, err = policy.UsersOfFIDO2(c.Tx, c.Env, p.ID, p.Default)
	}
	return err
}
