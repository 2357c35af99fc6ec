package shelf

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Get decodes a record; nil if there is none.
func Get[T any](tx *store.Tx, key store.Key) (*T, error) {
	v := new(T)
	found, err := rest.Read(tx, key, v)
	if err != nil || !found {
		return nil, err
	}
	return v, nil
}
