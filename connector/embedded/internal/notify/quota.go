package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Quota limits the messages with codes of one day, UTC. Zero is no limit.
type Quota struct {
	PerUser   int    // to one user on one channel
	PerTarget int    // to one address or number on one channel, whoever asks
	Key       []byte // HMAC key that hides addresses in keys
}

// Spent is what was sent on a day: a record for each user, and one for each target.
//
//	E/sent/user/<user>     by channel
//	E/sent/target/<hmac>   of channel and address; "" is the channel
type Spent struct {
	Day int64          `json:"d"`
	N   map[string]int `json:"n"`
}

func userKey(env, user string) store.Key { return store.K(env, "sent", "user", user) }

func (q Quota) targetKey(env, channel, to string) store.Key {
	name := address.Fold(to)
	if channel != Email {
		name = address.Digits(to)
	}
	m := hmac.New(sha256.New, q.Key)
	fmt.Fprintf(m, "%s %s", channel, name)
	return store.K(env, "sent", "target", base64.RawURLEncoding.EncodeToString(m.Sum(nil)))
}

const day = 24 * time.Hour

func dayOf(t time.Time) int64 { return t.Unix() / int64(day/time.Second) }

// load reads what was sent today.
func load(c *rest.Call, key store.Key) (*Spent, error) {
	today := &Spent{Day: dayOf(c.Tx.Now()), N: map[string]int{}}
	recs, err := c.Tx.Get(key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if recs[0].Rev == 0 {
		return today, nil
	}
	s := &Spent{}
	if err := json.Unmarshal(recs[0].Value, s); err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	if s.Day < today.Day {
		return today, nil
	}
	return s, nil
}

// Spent reads on which channels a user gets no more messages today.
func (n Notifier) Spent(c *rest.Call, user string) (func(channel string) bool, error) {
	if n.Quota.PerUser == 0 {
		return func(string) bool { return false }, nil
	}
	s, err := load(c, userKey(c.Env, user))
	return func(channel string) bool { return s.N[channel] >= n.Quota.PerUser }, err
}

// spend counts a message, or refuses it.
func (n Notifier) spend(c *rest.Call, m Code) error {
	for _, l := range []struct {
		limit int
		key   store.Key
		name  string
	}{
		{n.Quota.PerUser, userKey(c.Env, m.User), m.Channel},
		{n.Quota.PerTarget, n.Quota.targetKey(c.Env, m.Channel, m.To), ""},
	} {
		if l.limit == 0 {
			continue
		}
		s, err := load(c, l.key)
		if err != nil {
			return err
		}
		if s.N[l.name] >= l.limit {
			return Exceeded(m.Channel, l.limit, c.Tx.Now())
		}
		s.N[l.name]++
		b, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("encode %s: %w", l.key, err)
		}
		c.Tx.Put(l.key, b)
	}
	return nil
}

// Exceeded is the refusal of a message beyond a limit. It says when to come again.
func Exceeded(channel string, limit int, now time.Time) *rest.Problem {
	reset := time.Unix((dayOf(now)+1)*int64(day/time.Second), 0)
	return rest.Refuse(rest.RequestFailed, rest.QuotaExceeded, "", DailyLimit(channel)).
		With("quotaLimit", limit).With("quotaResetTime", rest.At(reset))
}

// DailyLimit says that the day's messages on a channel are used up.
func DailyLimit(channel string) string {
	return "Daily limit of " + channel + " authentication attempts has been exceeded"
}

// Counts is the range of the records of what was sent.
func Counts(env string) store.Range { return store.Under(store.K(env, "sent", "")) }

// Former reports whether such a record is of a day that has passed.
func Former(rec store.Record, now time.Time) bool {
	var s Spent
	return json.Unmarshal(rec.Value, &s) != nil || s.Day < dayOf(now)
}
