package application

import (
	"net/http"
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
)

// MaxApplications is how many an environment may have: they share one record.
const MaxApplications = 50

// Routes are the routes of native apps and their push credentials.
func Routes() []rest.Route {
	const all, one = "applications", "applications/:applicationID"
	const keys, key = one + "/pushCredentials", one + "/pushCredentials/:credentialID"
	return []rest.Route{
		{Method: http.MethodGet, Path: all, Run: list},
		{Method: http.MethodPost, Path: all, Run: create},
		{Method: http.MethodGet, Path: one, Run: read},
		{Method: http.MethodPut, Path: one, Run: update},
		{Method: http.MethodDelete, Path: one, Run: remove},
		{Method: http.MethodGet, Path: keys, Run: listCredentials},
		{Method: http.MethodPost, Path: keys, Run: createCredential},
		{Method: http.MethodGet, Path: key, Run: readCredential},
		{Method: http.MethodPut, Path: key, Run: updateCredential},
		{Method: http.MethodDelete, Path: key, Run: removeCredential},
	}
}

// Show links an app for an answer.
func Show(c *rest.Call, a *Application) *Application {
	a.Links = rest.LinkSet{"self": c.Links.API("applications", a.ID), "environment": c.Links.API()}
	a.Environment = &rest.Ref{ID: c.Env}
	return a
}

func audited(c *rest.Call, event, id string) error {
	return c.Audit(rest.Event{Type: event, ResourceType: "APPLICATION", ResourceID: id})
}

func list(c *rest.Call) (rest.Reply, error) {
	all, err := All(c.Tx, c.Env)
	if err != nil {
		return rest.Reply{}, err
	}
	shown := []*Application{}
	for _, a := range all {
		shown = append(shown, Show(c, a))
	}
	return rest.OK(shelf.Listed(c, "applications", shown))
}

// named reads the app of the path and all of them; 404.
func named(c *rest.Call) (*Application, []*Application, error) {
	id, err := c.ID("applicationID")
	if err != nil {
		return nil, nil, err
	}
	all, err := All(c.Tx, c.Env)
	if err != nil {
		return nil, nil, err
	}
	a := find(all, id)
	if a == nil {
		return nil, nil, rest.Missing()
	}
	return a, all, nil
}

func read(c *rest.Call) (rest.Reply, error) {
	a, _, err := named(c)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(Show(c, a))
}

func create(c *rest.Call) (rest.Reply, error) {
	all, err := All(c.Tx, c.Env)
	if err != nil {
		return rest.Reply{}, err
	}
	now := rest.Time{Time: c.Tx.Now()}
	a, err := accept(c, all, &Application{ID: c.Tx.NewID(), CreatedAt: &now})
	if err != nil {
		return rest.Reply{}, err
	}
	if len(all) >= MaxApplications {
		return rest.Reply{}, rest.Full("applications", MaxApplications)
	}
	if err := save(c.Tx, c.Env, append(all, a)); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "APPLICATION.CREATED", a.ID); err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(Show(c, a))
}

// update answers PUT: what is left out goes back to its default, identities stay.
func update(c *rest.Call) (rest.Reply, error) {
	old, all, err := named(c)
	if err != nil {
		return rest.Reply{}, err
	}
	a, err := accept(c, all, old)
	if err != nil {
		return rest.Reply{}, err
	}
	all[slices.Index(all, old)] = a
	if err := save(c.Tx, c.Env, all); err != nil {
		return rest.Reply{}, err
	}
	if err := audited(c, "APPLICATION.UPDATED", a.ID); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(Show(c, a))
}

// accept reads an app from the body in the place of old, whose id and creation it keeps.
func accept(c *rest.Call, all []*Application, old *Application) (*Application, error) {
	a := &Application{}
	if err := c.Decode(a); err != nil {
		return nil, err
	}
	if err := a.validate(); err != nil {
		return nil, err
	}
	if err := a.keepsIdentity(old); err != nil {
		return nil, err
	}
	now := rest.Time{Time: c.Tx.Now()}
	a.ID, a.CreatedAt, a.UpdatedAt, a.Protocol = old.ID, old.CreatedAt, &now, "OPENID_CONNECT"
	a.complete()
	return a, a.alone(all)
}

// remove answers DELETE. Phones that are paired with the app stay their users', and sign
// nobody on any more.
func remove(c *rest.Call) (rest.Reply, error) {
	a, all, err := named(c)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := save(c.Tx, c.Env, slices.DeleteFunc(all, func(o *Application) bool { return o == a })); err != nil {
		return rest.Reply{}, err
	}
	c.Tx.Delete(credentialsKey(c.Env, a.ID))
	if err := audited(c, "APPLICATION.DELETED", a.ID); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}
