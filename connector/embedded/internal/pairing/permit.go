package pairing

import (
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/application"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// permit finds the apps that a key is for, all that may be paired or those that are
// named, and until when it is good: the shortest of their lifetimes.
func (k *Keys) permit(c *rest.Call, r *record, named []rest.Ref) ([]*application.Application, error) {
	p, err := k.Policies.Load(c.Tx, c.Env, r.Policy)
	if err != nil {
		return nil, err
	}
	all, err := application.All(c.Tx, c.Env)
	if err != nil {
		return nil, err
	}
	var apps []*application.Application
	life := time.Duration(0)
	for _, a := range all {
		if len(named) > 0 && !slices.Contains(named, rest.Ref{ID: a.ID}) {
			continue
		}
		rules, ok := pairable(p, a)
		switch {
		case ok && (life == 0 || rules.PairingKeyLifetime < life):
			life = rules.PairingKeyLifetime
		case !ok:
			continue
		}
		apps, r.Apps = append(apps, a), append(r.Apps, a.ID)
	}
	for _, n := range named {
		if !slices.Contains(r.Apps, n.ID) {
			return nil, rest.Invalid("applications", "has an application that is not known here, or may not be paired under the policy")
		}
	}
	if len(apps) == 0 {
		return nil, rest.Invalid("applications", "no native application may be paired under the policy")
	}
	r.Expires = c.Tx.Now().Add(life).UnixMilli()
	return apps, nil
}

// pairable gives what a policy says about an app that may be paired.
func pairable(p *policy.Policy, a *application.Application) (policy.AppRules, bool) {
	rules, _ := p.App(a.ID) // of an app that is not allowed, nothing is
	return rules, rules.Pairing && a.Enabled
}
