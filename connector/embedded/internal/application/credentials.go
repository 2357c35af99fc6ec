package application

import (
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

func (k credential) show(c *rest.Call, app string) shown {
	return shown{
		Links: rest.LinkSet{"self": c.Links.API("applications", app, "pushCredentials", k.ID), "environment": c.Links.API(),
			"application": c.Links.API("applications", app)},
		ID: k.ID, Environment: rest.Ref{ID: c.Env}, Application: rest.Ref{ID: app}, Type: k.Type,
		CreatedAt: rest.At(time.UnixMilli(k.Created)), UpdatedAt: rest.At(time.UnixMilli(k.Updated)),
	}
}

func listCredentials(c *rest.Call) (rest.Reply, error) {
	a, _, err := named(c)
	if err != nil {
		return rest.Reply{}, err
	}
	all, err := loadCredentials(c, a.ID)
	if err != nil {
		return rest.Reply{}, err
	}
	out := []shown{}
	for _, k := range all {
		out = append(out, k.show(c, a.ID))
	}
	return rest.OK(map[string]any{
		"_links":    rest.LinkSet{"self": c.Links.API("applications", a.ID, "pushCredentials")},
		"_embedded": map[string]any{"pushCredentials": out},
		"count":     len(out),
		"size":      len(out),
	})
}

func readCredential(c *rest.Call) (rest.Reply, error) {
	app, all, at, err := of(c)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(all[at].show(c, app))
}

// createCredential answers POST: an app has one credential of a type.
func createCredential(c *rest.Call) (rest.Reply, error) {
	a, _, err := named(c)
	if err != nil {
		return rest.Reply{}, err
	}
	k, err := acceptCredential(c)
	if err != nil {
		return rest.Reply{}, err
	}
	all, err := loadCredentials(c, a.ID)
	if err != nil {
		return rest.Reply{}, err
	}
	if err := single(all, k); err != nil {
		return rest.Reply{}, err
	}
	now := c.Tx.Now().UnixMilli()
	k.ID, k.Created, k.Updated = c.Tx.NewID(), now, now
	if err := saveCredentials(c, a.ID, append(all, k)); err != nil {
		return rest.Reply{}, err
	}
	if err := auditedCredential(c, "PUSH_CREDENTIALS.CREATED", k.ID); err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(k.show(c, a.ID))
}

func single(all []credential, k credential) error {
	if slices.ContainsFunc(all, func(o credential) bool { return o.Type == k.Type && o.ID != k.ID }) {
		return rest.Refuse(rest.InvalidData, rest.UniquenessViolation, "type", "is unique but a non-unique value is provided")
	}
	return nil
}

func updateCredential(c *rest.Call) (rest.Reply, error) {
	app, all, at, err := of(c)
	if err != nil {
		return rest.Reply{}, err
	}
	k, err := acceptCredential(c)
	if err != nil {
		return rest.Reply{}, err
	}
	k.ID, k.Created, k.Updated = all[at].ID, all[at].Created, c.Tx.Now().UnixMilli()
	if err := single(all, k); err != nil {
		return rest.Reply{}, err
	}
	all[at] = k
	if err := saveCredentials(c, app, all); err != nil {
		return rest.Reply{}, err
	}
	if err := auditedCredential(c, "PUSH_CREDENTIALS.UPDATED", k.ID); err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(k.show(c, app))
}

func removeCredential(c *rest.Call) (rest.Reply, error) {
	app, all, at, err := of(c)
	if err != nil {
		return rest.Reply{}, err
	}
	id := all[at].ID
	if err := saveCredentials(c, app, slices.Delete(all, at, at+1)); err != nil {
		return rest.Reply{}, err
	}
	if err := auditedCredential(c, "PUSH_CREDENTIALS.DELETED", id); err != nil {
		return rest.Reply{}, err
	}
	return rest.Gone()
}
