package policy

import (
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
)

// MaxPolicies is how many policies an environment may have: they share one index record.
const MaxPolicies = 200

// Routes are the routes of policies and settings.
func Routes() []rest.Route {
	return []rest.Route{
		{Method: http.MethodGet, Path: "deviceAuthenticationPolicies", Run: list},
		{Method: http.MethodPost, Path: "deviceAuthenticationPolicies", Run: create},
		{Method: http.MethodGet, Path: "deviceAuthenticationPolicies/:policyID", Run: read},
		{Method: http.MethodPut, Path: "deviceAuthenticationPolicies/:policyID", Run: update},
		{Method: http.MethodDelete, Path: "deviceAuthenticationPolicies/:policyID", Run: remove},
		{Method: http.MethodGet, Path: "mfaSettings", Run: readSettings},
		{Method: http.MethodPut, Path: "mfaSettings", Run: updateSettings},
		{Method: http.MethodDelete, Path: "mfaSettings", Run: resetSettings},
	}
}

func show(c *rest.Call, p *Policy) *Policy {
	p.Links = rest.LinkSet{
		"self":        c.Links.API("deviceAuthenticationPolicies", p.ID),
		"environment": c.Links.API(),
	}
	p.Environment = &rest.Ref{ID: c.Env}
	return p
}

func list(c *rest.Call) (rest.Reply, error) {
	ix, err := loadIndex(c.Tx, c.Env)
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
			all = append(all, show(c, p))
		}
	}
	return rest.OK(map[string]any{
		"_links":    rest.LinkSet{"self": c.Links.API("deviceAuthenticationPolicies")},
		"_embedded": map[string]any{"deviceAuthenticationPolicies": all},
		"count":     len(all),
		"size":      len(all),
	})
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

func read(c *rest.Call) (rest.Reply, error) {
	p, err := find(c)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(show(c, p))
}

func create(c *rest.Call) (rest.Reply, error) {
	p, err := accept(c, &Policy{ID: c.Tx.NewID()}, "DEVICE_AUTHENTICATION_POLICY.CREATED")
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(show(c, p))
}

func update(c *rest.Call) (rest.Reply, error) {
	old, err := find(c)
	if err != nil {
		return rest.Reply{}, err
	}
	p, err := accept(c, old, "DEVICE_AUTHENTICATION_POLICY.UPDATED")
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(show(c, p))
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
	ix, err := loadIndex(c.Tx, c.Env)
	if err != nil {
		return nil, err
	}
	switch {
	case ix.Taken(p.Name, old.ID):
		return nil, rest.Invalid("name", "is unique but a non-unique value is provided")
	case old.CreatedAt == nil && len(ix.All) >= MaxPolicies:
		return nil, rest.Full("policies", MaxPolicies)
	}
	now := rest.Time{Time: c.Tx.Now()}
	p.ID, p.CreatedAt, p.UpdatedAt = old.ID, old.CreatedAt, &now
	p.ForSignOnPolicy = false
	p.Default = p.Default || ix.Default == p.ID
	if p.CreatedAt == nil {
		p.CreatedAt = &now
	}
	p.Complete()
	if err := save(c.Tx, c.Env, ix, p); err != nil {
		return nil, err
	}
	return p, audited(c, event, p.ID)
}

func audited(c *rest.Call, event, id string) error {
	return c.Audit(rest.Event{Type: event, ResourceType: "DEVICE_AUTHENTICATION_POLICY", ResourceID: id})
}

func remove(c *rest.Call) (rest.Reply, error) {
	p, err := find(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if p.Default {
		return rest.Reply{}, rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "",
			"Cannot remove default device authentication policy")
	}
	ix, err := loadIndex(c.Tx, c.Env)
	if err != nil {
		return rest.Reply{}, err
	}
	ix.Remove(p.ID)
	if err := shelf.Put(c.Tx, indexKey(c.Env), ix); err != nil {
		return rest.Reply{}, err
	}
	c.Tx.Delete(policyKey(c.Env, p.ID))
	if err := audited(c, "DEVICE_AUTHENTICATION_POLICY.DELETED", p.ID); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}
