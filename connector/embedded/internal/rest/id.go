package rest

import (
	"crypto/sha256"
	"encoding/hex"
)

// FixedID is the id of a thing that every environment has once, such as its default
// policy: the same after each start, and another in another environment.
func FixedID(env, name string) string {
	sum := sha256.Sum256([]byte(env + "/" + name))
	sum[6] = sum[6]&0x0f | 0x80 // version 8: made by hashing
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
