package directory

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// population is the environment's only one; every user is in it.
func (d *Directory) population(c *rest.Call) map[string]any {
	return map[string]any{
		"_links": rest.LinkSet{"self": c.Links.API("populations", d.Population), "environment": c.Links.API()},
		"id":     d.Population, "environment": rest.Ref{ID: c.Env}, "name": "Default", "default": true,
		"passwordPolicy": rest.Ref{ID: d.PolicyID},
	}
}

// passwordPolicy is the environment's only one, as its Options made it.
func (d *Directory) passwordPolicy(c *rest.Call) map[string]any {
	p := d.Policy
	out := map[string]any{
		"_links": rest.LinkSet{"self": c.Links.API("passwordPolicies", d.PolicyID), "environment": c.Links.API()},
		"id":     d.PolicyID, "environment": rest.Ref{ID: c.Env}, "name": "Default", "default": true,
		"excludesCommonlyUsed": true, "excludesProfileData": true, "notSimilarToCurrent": false,
		"length":  map[string]int{"min": p.MinLength, "max": p.MaxLength},
		"lockout": map[string]int{"failureCount": p.FailureCount, "durationSeconds": int(p.LockDuration / time.Second)},
	}
	if p.MinUnique > 0 {
		out["minUniqueCharacters"] = p.MinUnique
	}
	if p.MaxRepeated > 0 {
		out["maxRepeatedCharacters"] = p.MaxRepeated
	}
	if len(p.MinCharacters) > 0 {
		out["minCharacters"] = p.MinCharacters
	}
	return out
}

// one lists a collection that has one member.
func one(c *rest.Call, name string, member any) (rest.Reply, error) {
	return rest.OK(map[string]any{
		"_links":    rest.LinkSet{"self": c.Links.API(name)},
		"_embedded": map[string]any{name: []any{member}},
		"count":     1, "size": 1,
	})
}

func (d *Directory) listPopulations(c *rest.Call) (rest.Reply, error) {
	return one(c, "populations", d.population(c))
}

func (d *Directory) listPolicies(c *rest.Call) (rest.Reply, error) {
	return one(c, "passwordPolicies", d.passwordPolicy(c))
}

func (d *Directory) readPopulation(c *rest.Call) (rest.Reply, error) {
	if c.Params["populationID"] != d.Population {
		return rest.Reply{}, rest.Missing()
	}
	return rest.OK(d.population(c))
}

func (d *Directory) readPolicy(c *rest.Call) (rest.Reply, error) {
	if c.Params["passwordPolicyID"] != d.PolicyID {
		return rest.Reply{}, rest.Missing()
	}
	return rest.OK(d.passwordPolicy(c))
}

// readUserPopulation answers GET users/{id}/population.
func (d *Directory) readUserPopulation(c *rest.Call) (rest.Reply, error) {
	_, a, err := d.must(c)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK(map[string]any{
		"_links": rest.LinkSet{"self": c.Links.API("users", a.ID, "population"), "environment": c.Links.API(),
			"user": c.Links.API("users", a.ID), "population": c.Links.API("populations", d.Population)},
		"id": d.Population,
	})
}

// writeUserPopulation answers PUT users/{id}/population. There is one population, so
// that nobody moves.
func (d *Directory) writeUserPopulation(c *rest.Call) (rest.Reply, error) {
	var b struct {
		ID *string `json:"id"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	switch {
	case b.ID == nil:
		return rest.Reply{}, rest.Required("id")
	case *b.ID != d.Population:
		return rest.Reply{}, rest.Invalid("id", "is not a population of this environment")
	}
	return d.readUserPopulation(c)
}
