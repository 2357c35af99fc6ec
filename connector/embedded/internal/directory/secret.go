package directory

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// secret is a user's password record.
type secret struct {
	PHC        string `json:"p"`
	MustChange bool   `json:"c,omitempty"`
	Changed    int64  `json:"t"` // Unix ms
}

func passwordKey(env, id string) store.Key { return store.K(env, "password", id) }

// loadPassword reads a user's password; nil when none is set.
func loadPassword(c *rest.Call, id string) (*secret, error) {
	recs, err := c.Tx.Get(passwordKey(c.Env, id))
	if err != nil {
		return nil, fmt.Errorf("read password of %s: %w", id, err)
	}
	if recs[0].Rev == 0 {
		return nil, nil
	}
	s := &secret{}
	if err := json.Unmarshal(recs[0].Value, s); err != nil {
		return nil, fmt.Errorf("password record of %s: %w", id, err)
	}
	return s, nil
}

func saveSecret(c *rest.Call, id string, s *secret) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode password of %s: %w", id, err)
	}
	c.Tx.Put(passwordKey(c.Env, id), b)
	return nil
}

// putPassword hashes and writes a password. The hash is made once a unit.
func (d *Directory) putPassword(c *rest.Call, id, value string, mustChange bool) error {
	salt := c.Tx.Random(16)
	phc, err := c.Tx.Once(onceName("hash", string(salt), value), func() (any, error) {
		return d.Hasher.Hash(c.Ctx, value, salt)
	})
	if err != nil {
		return fmt.Errorf("hash a password: %w", err)
	}
	return saveSecret(c, id, &secret{PHC: phc.(string), MustChange: mustChange, Changed: c.Tx.Now().UnixMilli()})
}

// verify compares a password with what is stored; nil s costs the same and is never
// right. The comparison is made once a unit, however often the unit runs.
func (d *Directory) verify(c *rest.Call, s *secret, value string) (bool, error) {
	phc := ""
	if s != nil {
		phc = s.PHC
	}
	right, err := c.Tx.Once(onceName("verify", phc, value), func() (any, error) {
		return d.Hasher.Verify(c.Ctx, phc, value)
	})
	if err != nil {
		return false, fmt.Errorf("check a password: %w", err)
	}
	return right.(bool), nil
}

// onceName names a memo by what went in, without showing it.
func onceName(what, a, b string) string {
	return fmt.Sprintf("password.%s.%x", what, sha256.Sum256([]byte(fmt.Sprintf("%d:%s%s", len(a), a, b))))
}
