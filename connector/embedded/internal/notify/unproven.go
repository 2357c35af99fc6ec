package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/netip"
	"strconv"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Unproven limits the messages to targets of which nobody has shown that they are the
// user's: what strangers can make the service send to others, or to numbers that earn.
// Zero is no limit.
//
//	E/unproven/target/<hmac>         the number, or the mailbox, whatever the channel
//	E/unproven/execution/<id>
//	E/unproven/address/<hmac>        the client's IP; of IPv6 its /64, which one line has
//	E/unproven/environment/<shard>
type Unproven struct {
	Hour, Day   int // to one target
	Execution   int // of one execution, whatever its methods
	Address     int // for one client address, an hour
	Environment int // of all, an hour
}

// bound is a tally and how much it may hold.
type bound struct {
	key     store.Key
	windows []window
}

type window struct {
	span time.Duration // zero: for ever
	most int           // zero: no limit
}

// longest is the span of the widest window; zero if one lasts for ever.
func (b bound) longest() time.Duration {
	var span time.Duration
	for _, w := range b.windows {
		if w.most > 0 {
			span = max(span, w.span)
		}
	}
	return span
}

func unprovenKey(env, kind, name string) store.Key { return store.K(env, "unproven", kind, name) }

// countUnproven counts a message in every tally, or refuses it and counts it in none.
func (q Quota) countUnproven(c *rest.Call, target string) error {
	bounds, err := q.boundsOf(c, target)
	if err != nil {
		return err
	}
	tallies := make([]tally, len(bounds))
	for i, b := range bounds {
		if tallies[i], err = b.load(c); err != nil {
			return err
		}
	}
	if err := q.Unproven.countShard(c, target); err != nil {
		return err
	}
	for i, b := range bounds {
		if err := tallies[i].save(c, b.key, b.longest()); err != nil {
			return err
		}
	}
	return nil
}

// boundsOf lists the tallies of a message, but that of the environment. Many people may
// come from one address at once; its latch makes them wait for each other.
func (q Quota) boundsOf(c *rest.Call, target string) (bounds []bound, err error) {
	u, from := q.Unproven, connector.SourceOf(c.Ctx)
	if u.Hour > 0 || u.Day > 0 {
		bounds = append(bounds, bound{unprovenKey(c.Env, "target", target), []window{{time.Hour, u.Hour}, {day, u.Day}}})
	}
	if u.Execution > 0 && from.Execution != "" {
		bounds = append(bounds, bound{unprovenKey(c.Env, "execution", from.Execution), []window{{0, u.Execution}}})
	}
	if u.Address > 0 && from.Address != "" {
		key := unprovenKey(c.Env, "address", q.hideAddress(from.Address))
		bounds, err = append(bounds, bound{key, []window{{time.Hour, u.Address}}}), c.Tx.Latch(key)
	}
	return bounds, err
}

// load reads the tally, or refuses when one of its windows is full.
func (b bound) load(c *rest.Call) (tally, error) {
	t, err := loadTally(c, b.key)
	if err != nil {
		return nil, err
	}
	var full window
	var reset time.Time
	for _, w := range b.windows {
		in := t.keepWithin(w.span, c.Tx.Now())
		if w.most == 0 || in.sum() < w.most {
			continue
		}
		if at := in.freeAt(w.most, w.span); full.most == 0 || at.After(reset) {
			full, reset = w, at
		}
	}
	switch {
	case full.most == 0:
		return t, nil
	case full.span == 0:
		return nil, refuseUnproven(full.most)
	}
	return nil, refuseUnproven(full.most).With("quotaResetTime", rest.At(reset))
}

// refuseUnproven is the refusal of a message beyond a limit.
func refuseUnproven(most int) *rest.Problem {
	return rest.Refuse(rest.RequestFailed, rest.QuotaExceeded, "", "The limit of messages has been reached").With("quotaLimit", most)
}

// hideAddress names a client's network: one IPv4 address, a /64 of IPv6.
func (q Quota) hideAddress(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return q.hide("address", ip)
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return q.hide("address", p.String())
		}
	}
	return q.hide("address", a.String())
}

// The environment's tally is in shards, so that two messages at once seldom touch the same
// record. Each holds its share of the limit. A message counts in the shard of its target or,
// where that is full, in one of the next; when those are full too, all are but for a few
// hundredths.
const (
	maxShards  = 32
	perShard   = 50 // a smaller limit has fewer shards, and is exact while these are all probed
	probes     = 4
	nearlyFull = 95 // percent of the limit; from about there on messages are refused
)

func (u Unproven) shards() int { return min(max(u.Environment/perShard, 1), maxShards) }

// shareOf is what a shard may hold: together they hold the limit.
func (u Unproven) shareOf(shard int) int {
	n := u.shards()
	share := u.Environment / n
	if shard < u.Environment%n {
		share++
	}
	return share
}

func shardKey(env string, shard int) store.Key {
	return unprovenKey(env, "environment", strconv.Itoa(shard))
}

func (u Unproven) countShard(c *rest.Call, target string) error {
	if u.Environment == 0 {
		return nil
	}
	n := u.shards()
	first := int(crc32.ChecksumIEEE([]byte(target)) % uint32(n))
	for i := range min(probes, n) {
		shard := (first + i) % n
		t, err := loadTally(c, shardKey(c.Env, shard))
		if err != nil {
			return err
		}
		if t.keepWithin(time.Hour, c.Tx.Now()).sum() < u.shareOf(shard) {
			return t.save(c, shardKey(c.Env, shard), time.Hour)
		}
	}
	return refuseUnproven(u.Environment).With("quotaResetTime", rest.At(c.Tx.Now().Add(time.Hour)))
}

// IsFull reports whether messages to unproven targets are refused because of the
// environment's limit.
func (u Unproven) IsFull(ctx context.Context, db *store.DB, env string) (bool, error) {
	if u.Environment == 0 {
		return false, nil
	}
	n := 0
	for rec, err := range db.Scan(ctx, store.Under(unprovenKey(env, "environment", ""))) {
		if err != nil {
			return false, fmt.Errorf("read the messages of the environment: %w", err)
		}
		var t tally
		if err := json.Unmarshal(rec.Value, &t); err != nil {
			return false, fmt.Errorf("record %s: %w", rec.Key, err)
		}
		n += t.keepWithin(time.Hour, db.Now()).sum()
	}
	return n*100 >= u.Environment*nearlyFull, nil
}

// UnprovenCounts is the range of the tallies.
func UnprovenCounts(env string) store.Range { return store.Under(store.K(env, "unproven", "")) }

// IsIdle reports whether nothing was counted in such a record for a day: no window is
// longer. An execution that waits longer than that for its person begins anew.
func IsIdle(rec store.Record, now time.Time) bool {
	var t tally
	return json.Unmarshal(rec.Value, &t) != nil || len(t.keepWithin(day, now)) == 0
}
