package fido2

import (
	"net/http"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
)

// MaxPolicies is how many policies an environment may have: they share one index record.
const MaxPolicies = 200

// Routes are the routes of policies and metadata. "fidoPolicies" is the deprecated name
// of the same policies.
func Routes() []rest.Route {
	var all []rest.Route
	for _, s := range []collection{"fido2Policies", "fidoPolicies"} {
		one := string(s) + "/:policyID"
		all = append(all,
			rest.Route{Method: http.MethodGet, Path: string(s), Run: s.list},
			rest.Route{Method: http.MethodPost, Path: string(s), Run: s.create},
			rest.Route{Method: http.MethodGet, Path: one, Run: s.read},
			rest.Route{Method: http.MethodPut, Path: one, Run: s.update},
			rest.Route{Method: http.MethodDelete, Path: one, Run: remove},
		)
	}
	return append(all, metadataRoutes()...)
}

// collection is the name of the policies in paths and lists.
type collection string

func (s collection) show(c *rest.Call, p *Policy) *Policy {
	p.Links = rest.LinkSet{"self": c.Links.API(string(s), p.ID), "environment": c.Links.API()}
	p.Environment = &rest.Ref{ID: c.Env}
	return p
}

func (s collection) list(c *rest.Call) (rest.Reply, error) {
	ix, err := shelf.Load(c.Tx, indexKey(c.Env))
	if err != nil {
		return rest.Reply{}, err
	}
	all := []*Policy{}
	for _, e := range ix.All {
		p, err := shelf.Get[Policy](c.Tx, policyKey(c.Env, e.ID))
		if err != nil {
			return rest.Reply{}, err
		}
		if p != nil {
			all = append(all, s.show(c, p))
		}
	}
	return rest.OK(listed(c, string(s), all, len(all)))
}

// listed is a collection of resources, all on one page.
func listed(c *rest.Call, name string, all any, count int) map[string]any {
	return map[string]any{
		"_links": rest.LinkSet{"self": c.Links.API(name)}, "_embedded": map[string]any{name: all}, "count": count, "size": count,
	}
}

// find reads the policy of the path; 404.
func find(c *rest.Call) (*Policy, error) {
	id, err := c.ID("policyID")
	if err != nil {
		return nil, err
	}
	p, err := shelf.Get[Policy](c.Tx, policyKey(c.Env, id))
	if err == nil && p == nil {
		err = rest.Missing()
	}
	return p, err
}

func (s collection) read(c *rest.Call) (rest.Reply, error) {
	p, err := find(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if slices.Contains(strings.Split(c.Query.Get("expand"), ","), "deviceAuthenticationPolicies") {
		if p.UsedBy, err = policy.UsersOfFIDO2(c.Tx, c.Env, p.ID, p.Default); err != nil {
			return rest.Reply{}, err
		}
	}
	return rest.OK(s.show(c, p))
}

func (s collection) create(c *rest.Call) (rest.Reply, error) {
	p, err := accept(c, &Policy{ID: c.Tx.NewID()}, "FIDO_POLICY.CREATED")
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(s.show(c, p))
}

func (s collection) update(c *rest.Call) (rest.Reply, error) {
	old, err := find(c)
	if err != nil {
		return rest.Reply{}, err
	}
	p, err := accept(c, old, "FIDO_POLICY.UPDATED")
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(s.show(c, p))
}

// accept reads a policy from the body and saves it in the place of old, whose id and
// creation it keeps. The default cannot be unmarked, only taken over by another.
func accept(c *rest.Call, old *Policy, event string) (*Policy, error) {
	p := &Policy{}
	if err := c.Decode(p); err != nil {
		return nil, err
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := p.known(c); err != nil {
		return nil, err
	}
	ix, err := shelf.Load(c.Tx, indexKey(c.Env))
	if err != nil {
		return nil, err
	}
	switch {
	case ix.Taken(p.Name, old.ID):
		return nil, rest.Refuse(rest.InvalidData, rest.UniquenessViolation, "name", "is unique but a non-unique value is provided")
	case old.CreatedAt == nil && len(ix.All) >= MaxPolicies:
		return nil, rest.Full("policies", MaxPolicies)
	}
	now := rest.Time{Time: c.Tx.Now()}
	p.ID, p.CreatedAt, p.UpdatedAt = old.ID, old.CreatedAt, &now
	p.Default = p.Default || ix.Default == p.ID
	if p.CreatedAt == nil {
		p.CreatedAt = &now
	}
	if err := save(c.Tx, c.Env, ix, p); err != nil {
		return nil, err
	}
	return p, c.Audit(rest.Event{Type: event, ResourceType: "FIDO_POLICY", ResourceID: p.ID})
}

// remove deletes a policy that nothing needs: its passkeys would fall to the default's
// rules.
func remove(c *rest.Call) (rest.Reply, error) {
	p, err := find(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if p.Default {
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "You cannot delete the default policy")
	}
	used, err := policy.UsersOfFIDO2(c.Tx, c.Env, p.ID, false)
	if err != nil {
		return rest.Reply{}, err
	}
	if len(used) > 0 {
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "", "Device authentication policies use the policy")
	}
	ix, err := shelf.Load(c.Tx, indexKey(c.Env))
	if err != nil {
		return rest.Reply{}, err
	}
	ix.Remove(p.ID)
	if err := shelf.Put(c.Tx, indexKey(c.Env), ix); err != nil {
		return rest.Reply{}, err
	}
	c.Tx.Delete(policyKey(c.Env, p.ID))
	if err := c.Audit(rest.Event{Type: "FIDO_POLICY.DELETED", ResourceType: "FIDO_POLICY", ResourceID: p.ID}); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}
