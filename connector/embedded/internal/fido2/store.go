package fido2

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
	"github.com/mfaflow/mfaflow/store"
)

func indexKey(env string) store.Key      { return store.K(env, "fido2policies") }
func policyKey(env, id string) store.Key { return store.K(env, "fido2policy", id) }

// Load returns the policy of an id, or the environment's default for "". A policy that is
// not there is INVALID_VALUE of "fido2PolicyId".
func Load(tx *store.Tx, env, id string) (*Policy, error) {
	if id == "" {
		ix, err := shelf.Load(tx, indexKey(env))
		if err != nil {
			return nil, err
		}
		id = ix.Default
	}
	missing := rest.Invalid("fido2PolicyId", "is not a FIDO2 policy")
	if !rest.IsID(id) {
		return nil, missing
	}
	p, err := shelf.Get[Policy](tx, policyKey(env, id))
	if err == nil && p == nil {
		err = missing
	}
	return p, err
}

// Effective is Load for a policy that once was there: if it was deleted since, the
// environment's default rules.
func Effective(tx *store.Tx, env, id string) (*Policy, error) {
	p, err := Load(tx, env, id)
	if _, gone := rest.ProblemOf(err); gone && id != "" {
		return Load(tx, env, "")
	}
	return p, err
}

// Seed writes the default policy of an environment that has none.
func Seed(tx *store.Tx, env, rpID string) error {
	ix, err := shelf.Load(tx, indexKey(env))
	if err != nil || ix.Default != "" {
		return err
	}
	now := rest.Time{Time: tx.Now()}
	p := Default(rest.FixedID(env, "fido2Policy"), rpID)
	p.CreatedAt, p.UpdatedAt = &now, &now
	return save(tx, env, ix, p)
}

// save writes a policy and the index. A policy that becomes the default takes that from
// the one that was.
func save(tx *store.Tx, env string, ix *shelf.Index, p *Policy) error {
	if p.Default {
		if err := ix.Appoint(p.ID, func(old string) error { return unmark(tx, env, old) }); err != nil {
			return err
		}
	}
	ix.Set(shelf.Entry{ID: p.ID, Name: p.Name})
	if err := shelf.Put(tx, indexKey(env), ix); err != nil {
		return err
	}
	p.Links, p.Environment, p.UsedBy = nil, nil, nil
	return shelf.Put(tx, policyKey(env, p.ID), p)
}

// unmark takes the mark of the default from a policy.
func unmark(tx *store.Tx, env, id string) error {
	old, err := shelf.Get[Policy](tx, policyKey(env, id))
	if err != nil || old == nil {
		return err
	}
	old.Default = false
	return shelf.Put(tx, policyKey(env, id), old)
}
