package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/mfaflow/mfaflow/store"
)

// Pseudonyms gives what stands in an entry, and in logs, for the name or address of a
// person: a hash under a key of the environment. The same value, in letters of either
// case, gives the same text, so that entries about one person are found together; without
// the master key nobody can try out values.
func Pseudonyms(db *store.DB, env string) func(string) string {
	key := db.Derive("audit pseudonym " + env)
	return func(value string) string {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(strings.ToLower(strings.TrimSpace(value))))
		return "hmac:" + hex.EncodeToString(mac.Sum(nil)[:16]) // 128 bits: no two values meet
	}
}
