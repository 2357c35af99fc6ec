package pairing

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// The states of a key.
const (
	Unclaimed = "UNCLAIMED"
	Claimed   = "CLAIMED"
	Failed    = "FAILED"
)

// record is one key.
type record struct {
	ID      string   `json:"i"`
	Nonce   []byte   `json:"n"`
	Format  string   `json:"f"`
	Hash    string   `json:"h"` // of its code
	Apps    []string `json:"a"`
	Policy  string   `json:"p,omitempty"` // given at creation; "" is the environment's
	Status  string   `json:"s"`
	Error   *failure `json:"e,omitempty"`
	Created int64    `json:"c"` // Unix ms
	Updated int64    `json:"u"`
	Expires int64    `json:"x"`
	Late    bool     `json:"l,omitempty"` // held out after that: over, also should the clock go back
}

// failure is why a claim failed.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// live reports whether the key can be claimed.
func (r *record) live(now time.Time) bool {
	return r.Status == Unclaimed && !r.Late && now.Before(time.UnixMilli(r.Expires))
}

// kept is how long a key can still be read after it has expired.
const kept = 24 * time.Hour

// dead reports whether nobody asks for the key any more.
func (r *record) dead(now time.Time) bool { return !now.Before(time.UnixMilli(r.Expires).Add(kept)) }

// place says whose a code is. It is written once.
type place struct {
	User    string `json:"u"`
	Key     string `json:"k"`
	Expires int64  `json:"x"`
}

func userKey(env, user string) store.Key  { return store.K(env, "pairingkeys", user) }
func placeKey(env, hash string) store.Key { return store.K(env, "pairingcode", hash) }

// load reads the keys of a user.
func load(c *rest.Call, user string) ([]*record, error) {
	var all []*record
	_, err := c.Get(userKey(c.Env, user), &all)
	return all, err
}

func save(c *rest.Call, user string, all []*record) error { return c.Put(userKey(c.Env, user), all) }

func find(all []*record, id string) *record {
	i := slices.IndexFunc(all, func(r *record) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return all[i]
}

// Forget deletes the keys of a user.
func Forget(c *rest.Call, user string) error {
	all, err := load(c, user)
	if err != nil {
		return err
	}
	for _, r := range all {
		c.Tx.Delete(placeKey(c.Env, r.Hash))
	}
	if all != nil {
		c.Tx.Delete(userKey(c.Env, user))
	}
	return nil
}

// Ranges are where records lie that Dead may call dead.
func Ranges(env string) []store.Range {
	return []store.Range{store.Under(store.K(env, "pairingcode", "")), store.Under(store.K(env, "pairingkeys", ""))}
}

// Dead reports whether a record of Ranges is of expired keys alone, which nobody asks for
// any more.
func Dead(env string, rec store.Record, now time.Time) bool {
	if rec.Key < store.K(env, "pairingkeys") {
		var p place
		return json.Unmarshal(rec.Value, &p) == nil && (&record{Expires: p.Expires}).dead(now)
	}
	var all []*record
	return json.Unmarshal(rec.Value, &all) == nil && !slices.ContainsFunc(all, func(r *record) bool { return !r.dead(now) })
}
