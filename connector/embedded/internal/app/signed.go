package app

import (
	"context"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// Caller is who has signed.
type Caller struct{ User, Device, Application string }

// Signed answers a call of a paired app: route app/devices/:deviceID/…. The proof is
// verified before the user's latch is asked for, so that strangers hold up nobody, and its
// sequence number is used up under the latch. Then run answers, with the latch held. What
// run refuses drops what it wrote, unless it keeps that, but the number stays used.
func (s *Apps) Signed(run func(c *rest.Call, who Caller) (rest.Reply, error)) rest.Handler {
	return func(c *rest.Call) (rest.Reply, error) {
		id, err := c.ID("deviceID")
		if err != nil {
			return rest.Reply{}, refusal()
		}
		known, err := peek(c, id)
		if err != nil {
			return rest.Reply{}, err
		}
		p, err := known.verify(c, id)
		if err != nil {
			return rest.Reply{}, refusal()
		}
		if err := c.Tx.Latch(account.Key(c.Env, known.User)); err != nil {
			return rest.Reply{}, err
		}
		who, err := s.spend(c, id, p)
		if err != nil {
			return rest.Reply{}, err
		}
		return within(c, who, run)
	}
}

// verify checks the proof of a call against the key of a device.
func (r *record) verify(c *rest.Call, id string) (proof, error) {
	var p proof
	t, err := parseProof(c)
	if err != nil {
		return p, err
	}
	if r == nil || t.header.KeyID != id {
		return p, errForeign
	}
	if err := t.claims(r.Key, &p); err != nil {
		return p, err
	}
	return p, p.check(c)
}

// spend uses up the sequence number of a proof.
func (s *Apps) spend(c *rest.Call, id string, p proof) (Caller, error) {
	r, err := load(c, id)
	if err != nil {
		return Caller{}, err
	}
	if r == nil || p.Seq <= r.Seq {
		return Caller{}, refusal()
	}
	a, err := r.owned(c, id)
	if err != nil {
		return Caller{}, err
	}
	if a == nil {
		return Caller{}, refusal()
	}
	r.Seq = p.Seq
	return Caller{User: r.User, Device: id, Application: r.Application}, r.save(c, id)
}

// within runs the answer as a part of the unit that it can lose alone.
func within(c *rest.Call, who Caller, run func(c *rest.Call, who Caller) (rest.Reply, error)) (rest.Reply, error) {
	var reply rest.Reply
	var kept *rest.Problem
	err := c.DB.Update(c.Ctx, func(ctx context.Context, tx *store.Tx) error {
		inner := *c
		inner.Ctx, inner.Tx = ctx, tx
		r, err := run(&inner, who)
		reply = r
		if p, ok := rest.ProblemOf(err); ok && p.Kept() {
			kept = p
			return nil
		}
		return err
	})
	if kept != nil {
		return rest.Reply{}, kept
	}
	if p, ok := rest.ProblemOf(err); ok {
		return rest.Reply{}, p.Keep()
	}
	return reply, err
}
