package rest

import (
	"encoding/json"
	"fmt"

	"github.com/mfaflow/mfaflow/store"
)

// Get reads a record of JSON into v and reports whether there is one; for none v stays as
// it is.
func (c *Call) Get(k store.Key, v any) (found bool, err error) {
	recs, err := c.Tx.Get(k)
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

// Put writes a record of JSON.
func (c *Call) Put(k store.Key, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", k, err)
	}
	c.Tx.Put(k, b)
	return nil
}
