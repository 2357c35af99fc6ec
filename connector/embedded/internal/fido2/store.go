package fido2

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Load returns the policy of an id, or the environment's default for "". A policy that is
// not there is INVALID_VALUE of "fido2PolicyId".
func Load(tx *store.Tx, env, id string) (*Policy, error) {
	k := kind(policiesPath)
	if id == "" {
		ix, err := k.Index(tx, env)
		if err != nil {
			return nil, err
		}
		id = ix.Default
	}
	missing := rest.Invalid("fido2PolicyId", "is not a FIDO2 policy")
	if !rest.IsID(id) {
		return nil, missing
	}
	p, err := k.Get(tx, env, id)
	if err == nil && p == nil {
		err = missing
	}
	return p, err
}

// Effective is Load for a policy that once was there: if it was deleted since, the
// environment's default rules.
func Effective(tx *store.Tx, env, id string) (*Policy, error) {
	p, err := Load(tx, env, id)
	if _, gone := rest.ProblemOf(err); gone && id != "" {
		return Load(tx, env, "")
	}
	return p, err
}

// Seed writes the default policy of an environment that has none.
func Seed(tx *store.Tx, env, rpID string) error {
	return kind(policiesPath).Seed(tx, env, Default(rest.FixedID(env, "fido2Policy"), rpID))
}
