package policy

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/shelf"
	"github.com/mfaflow/mfaflow/store"
)

func indexKey(env string) store.Key      { return store.K(env, "policies") }
func policyKey(env, id string) store.Key { return store.K(env, "policy", id) }

func loadIndex(tx *store.Tx, env string) (*shelf.Index, error) { return shelf.Load(tx, indexKey(env)) }

// Seed writes p as the default policy of an environment that has none.
func Seed(tx *store.Tx, env string, p *Policy) error {
	ix, err := loadIndex(tx, env)
	if err != nil || ix.Default != "" {
		return err
	}
	now := rest.Time{Time: tx.Now()}
	p.CreatedAt, p.UpdatedAt, p.Default = &now, &now, true
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
	p.Links, p.Environment = nil, nil
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
