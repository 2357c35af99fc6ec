package policy

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Policies finds policies. Each is read from the store in every unit, so that it is
// checked at commit, but decoded once a revision: decoding was half of the time of an
// authentication. Make it with NewPolicies; it is safe for concurrent use.
type Policies struct {
	mu      sync.Mutex
	decoded map[store.Key]version
}

// version is a policy as it was at a revision of its record.
type version struct {
	rev    uint64
	policy *Policy
}

// NewPolicies makes a Policies that has decoded nothing yet.
func NewPolicies() *Policies { return &Policies{decoded: map[store.Key]version{}} }

// Load returns the policy of an id, or the environment's default for "". It must not be
// changed. A policy that is not there is INVALID_VALUE of "policy.id".
func (s *Policies) Load(tx *store.Tx, env, id string) (*Policy, error) {
	if id == "" {
		ix, err := kind().Index(tx, env)
		if err != nil {
			return nil, err
		}
		id = ix.Default
	}
	missing := rest.Invalid("policy.id", "is not a device authentication policy")
	if !rest.IsID(id) {
		return nil, missing
	}
	key := kind().Key(env, id)
	_, mine := tx.Pending(key)
	recs, err := tx.Get(key)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read policy %s: %w", id, err)
	case recs[0].Rev == 0:
		return nil, missing
	case mine:
		return decode(recs[0])
	}
	return s.remember(recs[0])
}

// remember decodes a record unless that revision was decoded before.
func (s *Policies) remember(rec store.Record) (*Policy, error) {
	s.mu.Lock()
	v, ok := s.decoded[rec.Key]
	s.mu.Unlock()
	if ok && v.rev == rec.Rev {
		return v.policy, nil
	}
	p, err := decode(rec)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.decoded) >= 2*MaxPolicies { // of policies deleted since
		clear(s.decoded)
	}
	s.decoded[rec.Key] = version{rec.Rev, p}
	return p, nil
}

func decode(rec store.Record) (*Policy, error) {
	p := &Policy{}
	if err := json.Unmarshal(rec.Value, p); err != nil {
		return nil, fmt.Errorf("record %s: %w", rec.Key, err)
	}
	return p, nil
}

// Effective is Load for a policy that once was there: if it was deleted since, the
// environment's default rules.
func (s *Policies) Effective(tx *store.Tx, env, id string) (*Policy, error) {
	p, err := s.Load(tx, env, id)
	if _, gone := rest.ProblemOf(err); gone && id != "" {
		return s.Load(tx, env, "")
	}
	return p, err
}
