package notify

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// Quota limits the messages with codes. Zero is no limit.
type Quota struct {
	PerUser   int      // to one user on one channel, a day, UTC
	PerTarget int      // to one address or number on one channel, a day, UTC, whoever asks
	Unproven  Unproven // to targets that are not proven to be the user's
	Key       []byte   // HMAC key that hides addresses in keys

	// Browser is the id of the user's remembered browser that a deviceSession is the live
	// value of, "" for none. Such a browser has a day's limit of its own, so that strangers
	// who ask for codes in a user's name do not use up those of the user.
	Browser func(c *rest.Call, user, deviceSession string) (string, error)

	// Verified is the e-mail address of a user that is known to be theirs; "" for none.
	Verified func(c *rest.Call, user string) (string, error)
}

// Spent is what was sent on a day: a record for each user, and one for each target.
//
//	E/sent/user/<user>     by channel, or channel and remembered browser
//	E/sent/target/<hmac>   of channel and address; "" is the channel
type Spent struct {
	Day int64          `json:"d"`
	N   map[string]int `json:"n"`
}

func userKey(env, user string) store.Key { return store.K(env, "sent", "user", user) }

func (q Quota) targetKey(env, channel, to string) store.Key {
	return store.K(env, "sent", "target", q.hide(channel, foldMailbox(channel, to)))
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
	browser, err := n.Quota.browserOf(c, user)
	if err != nil {
		return nil, err
	}
	s, err := load(c, userKey(c.Env, user))
	return func(channel string) bool { return s.N[channel+browser] >= n.Quota.PerUser }, err
}

// browserOf tells the remembered browser that asks from others, and from strangers: "".
func (q Quota) browserOf(c *rest.Call, user string) (string, error) {
	session := connector.SourceOf(c.Ctx).DeviceSession
	if session == "" || q.Browser == nil || q.PerUser == 0 {
		return "", nil
	}
	id, err := q.Browser(c, user, session)
	if id == "" || err != nil {
		return "", err
	}
	return "/" + id, nil
}

// Count counts a message as if it was sent, or refuses it and counts nothing. It returns
// by what the outbox is fair. What only looks like sending counts like this too, so that
// the limits tell nobody which of the two it was. The caller has the user's latch.
func (n Notifier) Count(c *rest.Call, m Code) (outbox.Lane, error) {
	proven, err := n.Quota.isProven(c, m.User, m.Channel, m.To)
	if err != nil {
		return outbox.Lane{}, err
	}
	target := n.Quota.hide("target", foldMailbox(m.Channel, m.To))
	days, err := n.Quota.days(c, m)
	if err != nil {
		return outbox.Lane{}, err
	}
	if !proven {
		if err := n.Quota.countUnproven(c, target); err != nil {
			return outbox.Lane{}, err
		}
	}
	for key, value := range days {
		c.Tx.Put(key, value)
	}
	return outbox.Lane{Target: target, Source: n.Quota.sourceOf(c), Proven: proven}, nil
}

// days are the records of the day's limits with one message more; or the refusal.
func (q Quota) days(c *rest.Call, m Code) (map[store.Key][]byte, error) {
	records := map[store.Key][]byte{}
	browser, err := q.browserOf(c, m.User)
	if err != nil {
		return nil, err
	}
	for _, l := range []struct {
		limit int
		key   store.Key
		name  string
	}{
		{q.PerUser, userKey(c.Env, m.User), m.Channel + browser},
		{q.PerTarget, q.targetKey(c.Env, m.Channel, m.To), ""},
	} {
		if l.limit == 0 {
			continue
		}
		s, err := load(c, l.key)
		if err != nil {
			return nil, err
		}
		if s.N[l.name] >= l.limit {
			return nil, Exceeded(m.Channel, l.limit, c.Tx.Now())
		}
		s.N[l.name]++
		if records[l.key], err = json.Marshal(s); err != nil {
			return nil, fmt.Errorf("encode %s: %w", l.key, err)
		}
	}
	return records, nil
}

// sourceOf names the client for whom a message is sent, "" for none.
func (q Quota) sourceOf(c *rest.Call) string {
	if ip := connector.SourceOf(c.Ctx).Address; ip != "" {
		return q.hideAddress(ip)
	}
	return ""
}

// Exceeded is the refusal of a message beyond a limit. It says when to come again.
func Exceeded(channel string, limit int, now time.Time) *rest.Problem {
	reset := time.Unix((dayOf(now)+1)*int64(day/time.Second), 0)
	return rest.Refuse(rest.RequestFailed, rest.QuotaExceeded, "", DailyLimit(channel)).
		With("quotaLimit", limit).With("quotaResetTime", rest.At(reset))
}

// IsExceeded reports whether an error is the refusal of a message beyond a limit.
func IsExceeded(err error) bool { return rest.HasDetail(err, rest.QuotaExceeded) }

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
