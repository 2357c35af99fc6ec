package device

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Credentials finds passkeys by the id of their credential, whoever they belong to.
//
//	E/credential/<hmac of the id>    one record each: user and device
//
// The record also keeps the ids unique: an authenticator that repeats the id of another
// one is not registered (WebAuthn 7.1, step 23).
type Credentials struct {
	Key []byte // HMAC key: ids tell which authenticator somebody has
}

// Owner is whose a credential is.
type Owner struct {
	User   string `json:"u"`
	Device string `json:"d"`
}

func (s Credentials) key(env string, id []byte) store.Key {
	m := hmac.New(sha256.New, s.Key)
	m.Write(id)
	return store.K(env, "credential", base64.RawURLEncoding.EncodeToString(m.Sum(nil)))
}

// Find reads whose a credential is, without reading it in the unit: the unit reads on when
// it has the user's latch. It reports false for one that is nobody's.
func (s Credentials) Find(c *rest.Call, id []byte) (Owner, bool, error) {
	key := s.key(c.Env, id)
	b, mine := c.Tx.Pending(key)
	if !mine {
		recs, err := c.DB.Get(c.Ctx, key)
		if err != nil {
			return Owner{}, false, fmt.Errorf("read a credential: %w", err)
		}
		if recs[0].Rev == 0 {
			return Owner{}, false, nil
		}
		b = recs[0].Value
	}
	var o Owner
	if err := json.Unmarshal(b, &o); err != nil {
		return Owner{}, false, fmt.Errorf("record %s: %w", key, err)
	}
	return o, true, nil
}

// claim makes a credential a device's, unless it is one already, and returns the key of
// the record that says so.
func (s Credentials) claim(c *rest.Call, id []byte, o Owner) (store.Key, error) {
	key := s.key(c.Env, id)
	recs, err := c.Tx.Get(key)
	if err != nil {
		return "", fmt.Errorf("read a credential: %w", err)
	}
	if recs[0].Rev != 0 {
		return "", rest.Refuse(rest.InvalidData, rest.UniquenessViolation, "attestation", "The passkey is registered already").
			With("step", "7.1.23")
	}
	b, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("encode a credential: %w", err)
	}
	c.Tx.Put(key, b)
	return key, nil
}
