package shelf

import (
	"encoding/json"
	"fmt"

	"github.com/mfaflow/mfaflow/store"
)

// Get decodes a record; nil if there is none.
func Get[T any](tx *store.Tx, key store.Key) (*T, error) {
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

// Put encodes a record.
func Put(tx *store.Tx, key store.Key, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	tx.Put(key, b)
	return nil
}
