package rest

import (
	"encoding/json"
	"fmt"

	"github.com/mfaflow/mfaflow/store"
)

// Read reads a record of JSON into v and reports whether there is one; for none v stays
// as it is.
func Read(tx *store.Tx, k store.Key, v any) (found bool, err error) {
	recs, err := tx.Get(k)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", k, err)
	}
	if recs[0].Rev == 0 {
		return false, nil
	}
	if err := json.Unmarshal(recs[0].Value, v); err != nil {
		return false, fmt.Errorf("record %s: %w", k, err)
	}
	return true, nil
}

// Write writes a record of JSON.
func Write(tx *store.Tx, k store.Key, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", k, err)
	}
	tx.Put(k, b)
	return nil
}

// Get is Read in the call's unit of work.
func (c *Call) Get(k store.Key, v any) (found bool, err error) { return Read(c.Tx, k, v) }

// Put is Write in the call's unit of work.
func (c *Call) Put(k store.Key, v any) error { return Write(c.Tx, k, v) }
