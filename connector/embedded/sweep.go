package embedded

import (
	"context"
	"fmt"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/authcode"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/authn"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/browser"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/guess"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/pairing"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/risk"
	"github.com/mfaflow/mfaflow/store"
)

// sweepBatch is how many records one commit of Sweep deletes.
const sweepBatch = 200

// Sweep deletes deviceAuthentications and risk evaluations that can no longer be used,
// counts of messages of former days and of wrong codes of a week ago, browsers that are remembered no longer, pairing keys
// that expired the day before, authentication codes of more than an hour ago, and what is
// known of addresses that are quiet now and of users who have not come for long, and
// returns how many. Call it now and then, with store.Background(ctx): nothing waits for it.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	env, now, l := s.opts.Environment, s.db.Now(), s.opts.Limits
	past := func(store.Record) bool { return true }
	ranges := []expired{
		{notify.Counts(env), func(rec store.Record) bool { return notify.Former(rec, now) }},
		{guess.Records(env), func(rec store.Record) bool { return guess.IsDead(rec, now) }},
		{notify.UnprovenCounts(env), func(rec store.Record) bool { return notify.IsIdle(rec, now) }},
		{authn.StandIns(env), func(rec store.Record) bool { return authn.IsOldStandIn(rec, now) }},
		{risk.Addresses(env), func(rec store.Record) bool { return risk.Quiet(rec, now) }},
		{risk.Users(env), func(rec store.Record) bool { return risk.Stale(rec, now) }},
		{browser.Records(env), func(rec store.Record) bool { return browser.Expired(rec, now) }},
	}
	for _, keys := range pairing.Ranges(env) {
		ranges = append(ranges, expired{keys, func(rec store.Record) bool { return pairing.Dead(env, rec, now) }})
	}
	for _, codes := range authcode.Ranges(env) {
		ranges = append(ranges, expired{codes, func(rec store.Record) bool { return authcode.Dead(env, rec, now) }})
	}
	if l.AuthenticationLife > 0 {
		ranges = append(ranges, expired{authn.MadeBefore(env, now.Add(-l.AuthenticationLife)), past})
	}
	if l.RiskLife > 0 {
		ranges = append(ranges, expired{risk.MadeBefore(env, now.Add(-l.RiskLife)), past})
	}
	for _, r := range ranges {
		old, err := s.sweep(ctx, func(ctx context.Context) ([]store.Record, error) { return s.find(ctx, r) })
		if n += old; err != nil {
			return n, err
		}
	}
	return n, nil
}

// expired is a range of records of which some are of no use any more.
type expired struct {
	all  store.Range
	past func(store.Record) bool
}

// sweep deletes what find finds, until it finds nothing. A record that changed since it
// was found stays: scans are not checked.
func (s *Service) sweep(ctx context.Context, find func(context.Context) ([]store.Record, error)) (n int, err error) {
	for {
		found, err := find(ctx)
		if err != nil || len(found) == 0 {
			return n, err
		}
		err = s.db.Update(ctx, func(_ context.Context, tx *store.Tx) error {
			for _, rec := range found {
				now, err := tx.Get(rec.Key)
				if err != nil {
					return err
				}
				if now[0].Rev == rec.Rev {
					tx.Delete(rec.Key)
				}
			}
			return nil
		})
		if err != nil {
			return n, fmt.Errorf("sweep: %w", err)
		}
		n += len(found)
	}
}

// find lists the first records of a range that are of no use any more.
func (s *Service) find(ctx context.Context, r expired) ([]store.Record, error) {
	var found []store.Record
	for rec, err := range s.db.Scan(ctx, r.all) {
		if err != nil {
			return nil, fmt.Errorf("find expired records: %w", err)
		}
		if r.past(rec) {
			found = append(found, rec)
		}
		if len(found) == sweepBatch {
			break
		}
	}
	return found, nil
}
