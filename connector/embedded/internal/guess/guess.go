package guess

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Guard bounds how many codes can be tried. The caller holds the user's latch.
type Guard struct {
	Key     []byte        // HMAC key of targets
	InRow   int           // wrong codes in a row until a target waits; 0 is off
	Wait    time.Duration // of the first time; twice as long each further time
	Longest time.Duration // that a target waits

	// Browser is the id of the user's remembered browser that a deviceSession is the live
	// value of, "" for none.
	Browser func(c *rest.Call, user, deviceSession string) (string, error)
}

// Memory is how long wrong codes are remembered after the last one.
const Memory = 7 * 24 * time.Hour

// Target is what codes are guessed at.
type Target string

// Email is the target of an e-mail address.
func Email(s string) Target { return Target("email " + address.Fold(s)) }

// Phone is the target of a telephone number, by whatever channel.
func Phone(s string) Target { return Target("phone " + address.Digits(s)) }

// Device is the target of a device that makes its codes itself.
func Device(id string) Target { return Target("device " + id) }

// elsewhere stands for all addresses that are not the user's own.
const elsewhere Target = "elsewhere"

// ForeignTargets are the targets of an address that is not the user's own.
func ForeignTargets(t Target) []Target { return []Target{t, elsewhere} }

// count is what is kept of a target.
type count struct {
	N     int   `json:"n"`           // wrong codes in a row
	Until int64 `json:"t,omitempty"` // it waits until then, Unix ms
	Last  int64 `json:"l"`           // the last wrong code, Unix ms
}

// Counts are the counts of a user for the client that asks.
type Counts struct {
	guard   *Guard
	user    string
	browser string
	known   map[Target]*count
}

// Load reads the counts of targets of a user.
func (g *Guard) Load(c *rest.Call, user string, targets ...Target) (*Counts, error) {
	x := &Counts{guard: g, user: user, known: map[Target]*count{}}
	if session := connector.SourceOf(c.Ctx).DeviceSession; session != "" {
		var err error
		if x.browser, err = g.Browser(c, user, session); err != nil {
			return nil, err
		}
	}
	return x, x.Load(c, targets...)
}

// Load reads the counts of further targets.
func (x *Counts) Load(c *rest.Call, targets ...Target) error {
	if x.guard.InRow == 0 {
		return nil
	}
	keys := make([]store.Key, len(targets))
	for i, t := range targets {
		keys[i] = x.key(c, t)
	}
	recs, err := c.Tx.Get(keys...)
	if err != nil {
		return fmt.Errorf("read wrong codes of %s: %w", x.user, err)
	}
	for i, t := range targets {
		n := &count{}
		if recs[i].Rev != 0 {
			if err := json.Unmarshal(recs[i].Value, n); err != nil {
				return fmt.Errorf("record %s: %w", keys[i], err)
			}
		}
		if n.isOld(c.Tx.Now()) {
			n = &count{}
		}
		x.known[t] = n
	}
	return nil
}

func (n *count) isOld(now time.Time) bool { return now.Sub(time.UnixMilli(n.Last)) >= Memory }

func (x *Counts) key(c *rest.Call, t Target) store.Key {
	return store.K(c.Env, "guess", x.user, hex.EncodeToString(otp.MAC(x.guard.Key, x.user, x.browser, string(t))))
}

// MustWait reports whether one of the targets waits: no code is sent to it or compared now.
func (x *Counts) MustWait(now time.Time, targets ...Target) bool {
	for _, t := range targets {
		if n := x.known[t]; n != nil && now.Before(time.UnixMilli(n.Until)) {
			return true
		}
	}
	return false
}

// Record counts the verdict on a guess: a right code forgets the wrong ones, and the wrong
// one that makes a target wait is one too many. What was not compared is not counted.
func (x *Counts) Record(c *rest.Call, res otp.Result, targets ...Target) (otp.Result, error) {
	if res.Verdict == otp.Right {
		return res, x.ResetFailures(c, targets...)
	}
	if !res.Changed {
		return res, nil
	}
	waits, err := x.RecordFailure(c, targets...)
	if waits {
		res.Verdict, res.Left, res.Waits = otp.TooMany, 0, true
	}
	return res, err
}

// RecordFailure counts a wrong code of the targets. It reports whether one waits now.
func (x *Counts) RecordFailure(c *rest.Call, targets ...Target) (waits bool, err error) {
	if x.guard.InRow == 0 {
		return false, nil
	}
	now := c.Tx.Now()
	for _, t := range targets {
		n := x.known[t]
		n.N++
		n.Last = now.UnixMilli()
		if n.N%x.guard.InRow == 0 {
			n.Until = now.Add(x.guard.wait(n.N / x.guard.InRow)).UnixMilli()
		}
		if err := c.Put(x.key(c, t), n); err != nil {
			return false, err
		}
	}
	return x.MustWait(now, targets...), nil
}

// wait is how long a target waits for the nth time.
func (g *Guard) wait(n int) time.Duration {
	d := g.Wait
	for ; n > 1 && d < g.Longest; n-- {
		d *= 2
	}
	return min(d, g.Longest)
}

// ResetFailures forgets the wrong codes of the first target, and takes as many from the
// others.
func (x *Counts) ResetFailures(c *rest.Call, targets ...Target) error {
	if x.guard.InRow == 0 || x.known[targets[0]].N == 0 {
		return nil
	}
	given := x.known[targets[0]].N
	for _, t := range targets {
		n := x.known[t]
		if n.N, n.Until = max(n.N-given, 0), 0; n.N == 0 {
			c.Tx.Delete(x.key(c, t))
			continue
		}
		if err := c.Put(x.key(c, t), n); err != nil {
			return err
		}
	}
	return nil
}

// Forget deletes all counts of a user.
func Forget(c *rest.Call, user string) error {
	for rec, err := range c.DB.Scan(c.Ctx, store.Under(store.K(c.Env, "guess", user, ""))) {
		if err != nil {
			return fmt.Errorf("find wrong codes of %s: %w", user, err)
		}
		c.Tx.Delete(rec.Key)
	}
	return nil
}

// Records is the range of all counts.
func Records(env string) store.Range { return store.Under(store.K(env, "guess", "")) }

// IsDead reports whether a count says nothing any more.
func IsDead(rec store.Record, now time.Time) bool {
	var n count
	return json.Unmarshal(rec.Value, &n) == nil && n.isOld(now)
}
