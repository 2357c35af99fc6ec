package notify

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// A target is proven when its user has answered a code that was sent to it, or when it is
// the user's e-mail address and verified. That a device is ACTIVE proves nothing: an
// administrator, or a flow, may have made it so.
//
//	E/proven/<user>    HMACs of the targets, the newest last

// maxProven is how many targets of a user are kept: more than a user has devices.
const maxProven = 40

func provenKey(env, user string) store.Key { return store.K(env, "proven", user) }

func loadProven(c *rest.Call, user string) ([]string, error) {
	key := provenKey(c.Env, user)
	recs, err := c.Tx.Get(key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	var targets []string
	if recs[0].Rev == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(recs[0].Value, &targets); err != nil {
		return nil, fmt.Errorf("record %s: %w", key, err)
	}
	return targets, nil
}

// hideProof names a target by what is surely the same one: a mailbox of another name,
// though it may be the same, is not proven.
func (q Quota) hideProof(channel, to string) string {
	kind := "number"
	if channel == Email {
		kind = "mailbox"
	}
	return q.hide(kind, foldTarget(channel, to))
}

// Prove notes that a user has answered a code that was sent to a target. The caller has
// the user's latch.
func (n Notifier) Prove(c *rest.Call, user, channel, to string) error {
	targets, err := loadProven(c, user)
	if err != nil {
		return err
	}
	target := n.Quota.hideProof(channel, to)
	if slices.Contains(targets, target) {
		return nil
	}
	if targets = append(targets, target); len(targets) > maxProven {
		targets = targets[1:]
	}
	b, err := json.Marshal(targets)
	if err != nil {
		return fmt.Errorf("encode what user %s has proven: %w", user, err)
	}
	c.Tx.Put(provenKey(c.Env, user), b)
	return nil
}

func (q Quota) isProven(c *rest.Call, user, channel, to string) (bool, error) {
	targets, err := loadProven(c, user)
	if err != nil || slices.Contains(targets, q.hideProof(channel, to)) {
		return err == nil, err
	}
	if channel != Email || q.Verified == nil {
		return false, nil
	}
	verified, err := q.Verified(c, user)
	return verified != "" && foldTarget(Email, verified) == foldTarget(Email, to), err
}
