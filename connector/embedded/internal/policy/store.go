package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// index is the one record that knows all policies: which is the default, and which
// names are taken.
type index struct {
	Default string  `json:"d"`
	All     []entry `json:"a"`
}

type entry struct {
	ID   string `json:"i"`
	Name string `json:"n"`
}

func indexKey(env string) store.Key      { return store.K(env, "policies") }
func policyKey(env, id string) store.Key { return store.K(env, "policy", id) }

func get[T any](tx *store.Tx, key store.Key) (*T, error) {
	recs, err := tx.Get(key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if recs[0].Rev == 0 {
		return nil, nil
	}
	v := new(T)
	if err := json.Unmarshal(recs[0].Value, v); err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	return v, nil
}

func put(tx *store.Tx, key store.Key, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	tx.Put(key, b)
	return nil
}

func loadIndex(tx *store.Tx, env string) (*index, error) {
	ix, err := get[index](tx, indexKey(env))
	if ix == nil && err == nil {
		ix = &index{}
	}
	return ix, err
}

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
func save(tx *store.Tx, env string, ix *index, p *Policy) error {
	if p.Default && ix.Default != "" && ix.Default != p.ID {
		old, err := get[Policy](tx, policyKey(env, ix.Default))
		if err != nil {
			return err
		}
		if old != nil {
			old.Default = false
			if err := put(tx, policyKey(env, old.ID), old); err != nil {
				return err
			}
		}
	}
	if p.Default {
		ix.Default = p.ID
	}
	ix.set(entry{ID: p.ID, Name: p.Name})
	if err := put(tx, indexKey(env), ix); err != nil {
		return err
	}
	p.Links, p.Environment = nil, nil
	return put(tx, policyKey(env, p.ID), p)
}

func (ix *index) set(e entry) {
	for i := range ix.All {
		if ix.All[i].ID == e.ID {
			ix.All[i] = e
			return
		}
	}
	ix.All = append(ix.All, e)
}

// taken reports whether another policy has the name.
func (ix *index) taken(name, id string) bool {
	for _, e := range ix.All {
		if e.ID != id && strings.EqualFold(e.Name, name) {
			return true
		}
	}
	return false
}
