package shelf

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Fields are what every resource on a shelf has.
type Fields struct {
	ID, Name         *string
	Default          *bool
	Links            *rest.LinkSet
	Environment      **rest.Ref
	Created, Updated **rest.Time
}

// Resource is a pointer to a T that shows its fields.
type Resource[T any] interface {
	*T
	Shelved() Fields
}

// Kind is a kind of resources: where they are and what is particular about them.
type Kind[T any, P Resource[T]] struct {
	Path     string // of the collection, "fido2Policies"
	Type     string // in the audit, "FIDO_POLICY"
	One, All string // words of the keys of a record and of the index
	Most     int    // resources in an environment

	Accept  func(c *rest.Call, p P) error // checks and completes one from outside
	Release func(c *rest.Call, p P) error // refuses to delete one that is needed
	Expand  func(c *rest.Call, p P) error // adds what the query asks for; may be nil
}

func (k Kind[T, P]) indexKey(env string) store.Key { return store.K(env, k.All) }

// Key is the key of a resource.
func (k Kind[T, P]) Key(env, id string) store.Key { return store.K(env, k.One, id) }

// Index reads the index.
func (k Kind[T, P]) Index(tx *store.Tx, env string) (*Index, error) { return Load(tx, k.indexKey(env)) }

// Get reads a resource; nil if it is not there.
func (k Kind[T, P]) Get(tx *store.Tx, env, id string) (P, error) {
	v, err := Get[T](tx, k.Key(env, id))
	return P(v), err
}

// Each reads all resources.
func (k Kind[T, P]) Each(tx *store.Tx, env string) ([]P, error) {
	ix, err := k.Index(tx, env)
	if err != nil {
		return nil, err
	}
	all := []P{}
	for _, e := range ix.All {
		p, err := k.Get(tx, env, e.ID)
		if err != nil {
			return nil, err
		}
		if p != nil {
			all = append(all, p)
		}
	}
	return all, nil
}

// Seed writes p as the default of an environment that has none.
func (k Kind[T, P]) Seed(tx *store.Tx, env string, p P) error {
	ix, err := k.Index(tx, env)
	if err != nil || ix.Default != "" {
		return err
	}
	now := rest.Time{Time: tx.Now()}
	f := p.Shelved()
	*f.Created, *f.Updated, *f.Default = &now, &now, true
	return k.save(tx, env, ix, p)
}

// save writes a resource and the index. One that becomes the default takes that from the
// one that was.
func (k Kind[T, P]) save(tx *store.Tx, env string, ix *Index, p P) error {
	f := p.Shelved()
	if *f.Default {
		if err := ix.Appoint(*f.ID, func(old string) error { return k.unmark(tx, env, old) }); err != nil {
			return err
		}
	}
	ix.Set(Entry{ID: *f.ID, Name: *f.Name})
	if err := rest.Write(tx, k.indexKey(env), ix); err != nil {
		return err
	}
	*f.Links, *f.Environment = nil, nil
	return rest.Write(tx, k.Key(env, *f.ID), p)
}

// unmark takes the mark of the default from a resource.
func (k Kind[T, P]) unmark(tx *store.Tx, env, id string) error {
	old, err := k.Get(tx, env, id)
	if err != nil || old == nil {
		return err
	}
	*old.Shelved().Default = false
	return rest.Write(tx, k.Key(env, id), old)
}
