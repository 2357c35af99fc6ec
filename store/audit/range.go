package audit

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// Key is the record with an id.
func Key(env, id string) store.Key { return prefix(env) + store.Key(id) }

// Between is the range of the records whose ids were made from one time on and before
// another, to the millisecond; a zero time leaves that side open.
func Between(env string, from, to time.Time) store.Range {
	r := store.Under(prefix(env))
	if !from.IsZero() {
		r.From = prefix(env) + idAt(from)
	}
	if !to.IsZero() {
		r.To = prefix(env) + idAt(to)
	}
	return r
}

// TimeOf is when the id of a record's key was made, to the millisecond; the zero time
// for a key that is no record's.
func TimeOf(key store.Key) time.Time {
	id := string(key[strings.LastIndexByte(string(key), '/')+1:])
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(b) != 16 {
		return time.Time{}
	}
	ms := int64(0)
	for _, x := range b[:6] {
		ms = ms<<8 | int64(x)
	}
	return time.UnixMilli(ms)
}
