// Package decoy makes the ids of users and devices that are none. A name that nobody has
// always gives the same ones, however it is spelled, so that who asks twice learns nothing,
// and whoever does not have the key cannot tell them from others. Nothing is kept of them.
package decoy

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
)

// IDs makes and knows the ids.
type IDs struct {
	Key []byte // 32 bytes, derived from the master key
	Env string
}

// User is the id of the user whom a name would have.
func (d IDs) User(name string) string {
	return d.seal(otp.MAC(d.Key, d.Env, "user", address.Fold(name)))
}

// Device is the id of the device that stands in for those of a user.
func (d IDs) Device(user string) string { return d.seal(otp.MAC(d.Key, d.Env, "device", user)) }

// Credential is the id of the passkey that stands in for those of a user.
func (d IDs) Credential(user string) []byte { return otp.MAC(d.Key, d.Env, "credential", user) }

// IsUser reports whether an id is one that User makes.
func (d IDs) IsUser(id string) bool {
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	return err == nil && len(b) == 16 && d.format(b[:8]) == id
}

// The ids say, as a UUIDv7 does, when they were made: at some time of these two years.
var (
	earliest = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	period   = (2 * 365 * 24 * time.Hour).Milliseconds()
)

// seal makes an id of a hash.
func (d IDs) seal(hash []byte) string {
	ms := earliest + int64(binary.BigEndian.Uint64(hash)>>1)%period
	head := binary.BigEndian.AppendUint64(nil, uint64(ms)<<16|uint64(hash[8])<<8|uint64(hash[9]))
	head[6] = head[6]&0x0f | 0x70
	return d.format(head)
}

// format completes the first half of an id by the half that only the key gives.
func (d IDs) format(head []byte) string {
	tail := otp.MAC(d.Key, d.Env, "tail", string(head))[:8]
	tail[0] = tail[0]&0x3f | 0x80
	h := hex.EncodeToString(head) + hex.EncodeToString(tail)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
