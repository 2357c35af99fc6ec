package risk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// history is what is known of a user. Its lists are bounded so that the record stays
// within 1 KB.
type history struct {
	Browsers  []seen  `json:"b,omitempty"`
	Networks  []seen  `json:"n,omitempty"`
	Addresses []seen  `json:"a,omitempty"` // for the velocity of the last hour
	Hours     []byte  `json:"h,omitempty"` // successes by hour of the day, at most 255 each
	Failures  []int64 `json:"f,omitempty"` // minutes
	Successes int     `json:"s,omitempty"`
	Last      int64   `json:"l,omitempty"` // success, Unix ms
	LastIP    string  `json:"i,omitempty"`
}

// traffic is what is known of an address.
type traffic struct {
	Users    []seen  `json:"u,omitempty"`
	Failures []int64 `json:"f,omitempty"`
}

// The lengths of the lists: what the rules can ask for, and little more.
const (
	maxBrowsers  = 8
	maxNetworks  = 8
	maxAddresses = 12
	maxFailures  = 8
	maxUsers     = 64
	maxRefusals  = 32 // failures from an address
)

// seen is a keyed hash and the minute at which it was seen last, written as an array.
type seen struct {
	Mark string
	At   int64
}

// MarshalJSON writes [mark, minute].
func (s seen) MarshalJSON() ([]byte, error) { return json.Marshal([2]any{s.Mark, s.At}) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *seen) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &[2]any{&s.Mark, &s.At}) }

// coarse is how many minutes old an entry must be to be written again: a busy address
// must not be written by each of its users.
const coarse = 5

// touch notes a mark as the newest of a list. It reports whether that was news.
func touch(list []seen, mark string, most int, now time.Time) ([]seen, bool) {
	kept := make([]seen, 0, most)
	for _, s := range list {
		if s.Mark != mark {
			kept = append(kept, s)
		} else if minute(now)-s.At < coarse {
			return list, false
		}
	}
	kept = append(kept, seen{mark, minute(now)})
	return kept[max(0, len(kept)-most):], true
}

// fail notes a failure.
func fail(list []int64, most int, now time.Time) []int64 {
	list = append(list, minute(now))
	return list[max(0, len(list)-most):]
}

// succeed learns from a success.
func (u *history) succeed(m marks, ip string, now time.Time) {
	if m.Browser != "" {
		u.Browsers, _ = touch(u.Browsers, m.Browser, maxBrowsers, now)
	}
	u.Networks, _ = touch(u.Networks, m.Network, maxNetworks, now)
	u.Addresses, _ = touch(u.Addresses, m.Address, maxAddresses, now)
	if len(u.Hours) != 24 {
		u.Hours = make([]byte, 24)
	}
	if h := now.UTC().Hour(); u.Hours[h] < 255 {
		u.Hours[h]++
	}
	u.Successes++
	u.Last, u.LastIP = now.UnixMilli(), ip
}

// hash is a keyed hash of what kind of thing a value is and the value.
func (s *Risk) hash(kind, value string) []byte {
	m := hmac.New(sha256.New, s.Key)
	fmt.Fprintf(m, "%d:%s%s", len(kind), kind, value)
	return m.Sum(nil)
}

// mark is a short hash, for lists: 64 bits tell a user's few things apart.
func (s *Risk) mark(kind, value string) string {
	return base64.RawURLEncoding.EncodeToString(s.hash(kind, value)[:8])
}

func (s *Risk) userKey(env string, u user) store.Key {
	return store.K(env, "riskuser", base64.RawURLEncoding.EncodeToString(s.hash("user", u.Type+" "+u.ID)))
}

func (s *Risk) addressKey(env, ip string) store.Key {
	return store.K(env, "riskaddress", base64.RawURLEncoding.EncodeToString(s.hash("address", ip)))
}

// Forget deletes what is known of a user of the directory.
func (s *Risk) Forget(c *rest.Call, id string) error {
	c.Tx.Delete(s.userKey(c.Env, user{ID: id, Type: PingOne}))
	return nil
}

// stale is how long a user is known without another success. After that a browser or a
// network is news again.
const stale = 90 * 24 * time.Hour

// Users is the range of what is known of users.
func Users(env string) store.Range { return store.Under(store.K(env, "riskuser", "")) }

// Stale reports whether what is known of a user is too old.
func Stale(rec store.Record, now time.Time) bool {
	var u history
	return json.Unmarshal(rec.Value, &u) == nil && recent(u.Failures, now) == 0 && now.Sub(time.UnixMilli(u.Last)) >= stale
}

// Addresses is the range of what is known of addresses.
func Addresses(env string) store.Range { return store.Under(store.K(env, "riskaddress", "")) }

// Quiet reports whether nothing of an address's record is of the last hour any more.
func Quiet(rec store.Record, now time.Time) bool {
	var a traffic
	if json.Unmarshal(rec.Value, &a) != nil {
		return false
	}
	return distinct(a.Users, "", now) == 1 && recent(a.Failures, now) == 0
}
