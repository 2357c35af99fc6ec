package shelf

import (
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Routes are the routes of a kind of resources.
func (k Kind[T, P]) Routes() []rest.Route {
	one := k.Path + "/:policyID"
	return []rest.Route{
		{Method: http.MethodGet, Path: k.Path, Run: k.list},
		{Method: http.MethodPost, Path: k.Path, Run: k.create},
		{Method: http.MethodGet, Path: one, Run: k.read},
		{Method: http.MethodPut, Path: one, Run: k.update},
		{Method: http.MethodDelete, Path: one, Run: k.remove},
	}
}

func (k Kind[T, P]) show(c *rest.Call, p P) P {
	f := p.Shelved()
	*f.Links = rest.LinkSet{"self": c.Links.API(k.Path, *f.ID), "environment": c.Links.API()}
	*f.Environment = &rest.Ref{ID: c.Env}
	return p
}

func (k Kind[T, P]) list(c *rest.Call) (rest.Reply, error) {
	all, err := k.Each(c.Tx, c.Env)
	if err != nil {
		return rest.Reply{}, err
	}
	for _, p := range all {
		k.show(c, p)
	}
	return rest.OK(Listed(c, k.Path, all))
}

// Listed is a collection of resources, all on one page.
func Listed[T any](c *rest.Call, path string, all []T) map[string]any {
	return map[string]any{
		"_links":    rest.LinkSet{"self": c.Links.API(path)},
		"_embedded": map[string]any{path: all},
		"count":     len(all),
		"size":      len(all),
	}
}

// find reads the resource of the path; 404.
func (k Kind[T, P]) find(c *rest.Call) (P, error) {
	id, err := c.ID("policyID")
	if err != nil {
		return nil, err
	}
	p, err := k.Get(c.Tx, c.Env, id)
	if err == nil && p == nil {
		err = rest.Missing()
	}
	return p, err
}

func (k Kind[T, P]) read(c *rest.Call) (rest.Reply, error) {
	p, err := k.find(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if k.Expand != nil {
		if err := k.Expand(c, p); err != nil {
			return rest.Reply{}, err
		}
	}
	return rest.OK(k.show(c, p))
}

func (k Kind[T, P]) create(c *rest.Call) (rest.Reply, error) {
	draft := P(new(T))
	*draft.Shelved().ID = c.Tx.NewID()
	p, err := k.accept(c, draft, ".CREATED")
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(k.show(c, p))
}

func (k Kind[T, P]) update(c *rest.Call) (rest.Reply, error) {
	old, err := k.find(c)
	if err != nil {
		return rest.Reply{}, err
	}
	p, err := k.accept(c, old, ".UPDATED")
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(k.show(c, p))
}

// accept reads a resource from the body and saves it in the place of old, whose id and
// creation it keeps. The default cannot be unmarked, only taken over by another.
func (k Kind[T, P]) accept(c *rest.Call, old P, event string) (P, error) {
	p := P(new(T))
	if err := c.Decode(p); err != nil {
		return nil, err
	}
	if err := k.Accept(c, p); err != nil {
		return nil, err
	}
	ix, err := k.Index(c.Tx, c.Env)
	if err != nil {
		return nil, err
	}
	was, f := old.Shelved(), p.Shelved()
	switch {
	case ix.Taken(*f.Name, *was.ID):
		return nil, rest.Invalid("name", "is unique but a non-unique value is provided")
	case *was.Created == nil && len(ix.All) >= k.Most:
		return nil, rest.Full("policies", k.Most)
	}
	now := rest.Time{Time: c.Tx.Now()}
	*f.ID, *f.Created, *f.Updated = *was.ID, *was.Created, &now
	*f.Default = *f.Default || ix.Default == *f.ID
	if *f.Created == nil {
		*f.Created = &now
	}
	if err := k.save(c.Tx, c.Env, ix, p); err != nil {
		return nil, err
	}
	return p, k.audit(c, event, *f.ID)
}

func (k Kind[T, P]) audit(c *rest.Call, event, id string) error {
	return c.Audit(rest.Event{Type: k.Type + event, ResourceType: k.Type, ResourceID: id})
}

func (k Kind[T, P]) remove(c *rest.Call) (rest.Reply, error) {
	p, err := k.find(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := k.Release(c, p); err != nil {
		return rest.Reply{}, err
	}
	id := *p.Shelved().ID
	if err := Forget(c.Tx, k.indexKey(c.Env), id); err != nil {
		return rest.Reply{}, err
	}
	c.Tx.Delete(k.Key(c.Env, id))
	if err := k.audit(c, ".DELETED", id); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}
