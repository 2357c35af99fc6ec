package embedded

import (
	"encoding/json"
	"fmt"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// username reads the name of a user from the profile that package directory keeps, for
// what other packages show of it.
func username(c *rest.Call, user string) (string, error) {
	key := store.K(c.Env, "userinfo", user)
	recs, err := c.Tx.Get(key)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	if recs[0].Rev == 0 {
		return "", rest.Missing()
	}
	var in struct {
		Username string `json:"username"`
	}
	if err := json.Unmarshal(recs[0].Value, &in); err != nil {
		return "", fmt.Errorf("record %s: %w", key, err)
	}
	return in.Username, nil
}
