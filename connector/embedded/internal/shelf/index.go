package shelf

import (
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Index is the one record that knows all resources of a kind: which is the default, and
// which names are taken.
type Index struct {
	Default string  `json:"d,omitempty"`
	All     []Entry `json:"a"`
}

// Entry names a resource.
type Entry struct {
	ID   string `json:"i"`
	Name string `json:"n"`
}

// Load reads an index; one that was never written is empty.
func Load(tx *store.Tx, key store.Key) (*Index, error) {
	ix, err := Get[Index](tx, key)
	if ix == nil && err == nil {
		ix = &Index{}
	}
	return ix, err
}

// Set adds a resource or renames it.
func (ix *Index) Set(e Entry) {
	for i := range ix.All {
		if ix.All[i].ID == e.ID {
			ix.All[i] = e
			return
		}
	}
	ix.All = append(ix.All, e)
}

// Remove forgets a resource.
func (ix *Index) Remove(id string) {
	ix.All = slices.DeleteFunc(ix.All, func(e Entry) bool { return e.ID == id })
}

// Taken reports whether another resource has the name.
func (ix *Index) Taken(name, id string) bool {
	return slices.ContainsFunc(ix.All, func(e Entry) bool { return e.ID != id && strings.EqualFold(e.Name, name) })
}

// Appoint makes a resource the default; unmark is told which one was.
func (ix *Index) Appoint(id string, unmark func(old string) error) error {
	old := ix.Default
	ix.Default = id
	if old == "" || old == id {
		return nil
	}
	return unmark(old)
}

// Forget takes a resource from an index.
func Forget(tx *store.Tx, key store.Key, id string) error {
	ix, err := Load(tx, key)
	if err != nil {
		return err
	}
	ix.Remove(id)
	return rest.Write(tx, key, ix)
}
