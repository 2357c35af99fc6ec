package embedded

import (
	"encoding/json"
	"fmt"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// profile reads what package directory keeps of a user, for what other packages show of
// it.
func profile(c *rest.Call, user string) (map[string]any, error) {
	key := store.K(c.Env, "userinfo", user)
	recs, err := c.Tx.Get(key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if recs[0].Rev == 0 {
		return nil, rest.Missing()
	}
	var in map[string]any
	if err := json.Unmarshal(recs[0].Value, &in); err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	return in, nil
}
