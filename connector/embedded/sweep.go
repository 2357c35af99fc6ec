package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/authn"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/store"
)

// sweepBatch is how many records one commit of Sweep deletes.
const sweepBatch = 200

// Sweep deletes deviceAuthentications that can no longer be used, and counts of messages
// of former days, and returns how many. Call it now and then, with store.Background(ctx):
// nothing waits for it.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	old, err := s.sweep(ctx, s.former)
	life := s.opts.Limits.AuthenticationLife
	if err != nil || life == 0 {
		return old, err
	}
	n, err := s.sweep(ctx, func(ctx context.Context) ([]store.Record, error) { return s.dead(ctx, s.db.Now().Add(-life)) })
	return old + n, err
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

// former lists counts of messages of days before today.
func (s *Service) former(ctx context.Context) ([]store.Record, error) {
	var found []store.Record
	for rec, err := range s.db.Scan(ctx, notify.Counts(s.opts.Environment)) {
		if err != nil {
			return nil, fmt.Errorf("find counts of messages: %w", err)
		}
		if notify.Former(rec, s.db.Now()) {
			found = append(found, rec)
		}
		if len(found) == sweepBatch {
			break
		}
	}
	return found, nil
}

// dead lists the oldest deviceAuthentications made before a time: their ids rise with it.
func (s *Service) dead(ctx context.Context, before time.Time) ([]store.Record, error) {
	r := authn.MadeBefore(s.opts.Environment, before)
	r.Limit = sweepBatch
	var found []store.Record
	for rec, err := range s.db.Scan(ctx, r) {
		if err != nil {
			return nil, fmt.Errorf("find dead deviceAuthentications: %w", err)
		}
		found = append(found, rec)
	}
	return found, nil
}
