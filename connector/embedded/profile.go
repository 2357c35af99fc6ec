package embedded

import (
	"context"
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

// verifiedEmail is the e-mail address of a user, "" while it is not verified.
func verifiedEmail(c *rest.Call, user string) (string, error) {
	in, err := profile(c, user)
	if err != nil {
		if _, missing := rest.ProblemOf(err); missing {
			return "", nil // an account of an earlier version has no profile
		}
		return "", err
	}
	if verified, _ := in["emailVerified"].(bool); !verified {
		return "", nil
	}
	email, _ := in["email"].(string)
	return email, nil
}

// MessagesFull reports whether messages to unproven targets are refused because the
// environment has reached Limits.UnprovenPerEnvironment.
func (s *Service) MessagesFull(ctx context.Context) (bool, error) {
	return s.opts.Limits.unprovenLimits().IsFull(ctx, s.db, s.opts.Environment)
}
