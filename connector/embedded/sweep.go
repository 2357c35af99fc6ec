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
	n, err := s.sweep(ctx, func(ctx context.Context) ([]store.Key, error) { return s.dead(ctx, s.db.Now().Add(-life)) })
	return old + n, err
}

// sweep deletes what find finds, until it finds nothing.
func (s *Service) sweep(ctx context.Context, find func(context.Context) ([]store.Key, error)) (n int, err error) {
	for {
		keys, err := find(ctx)
		if err != nil || len(keys) == 0 {
			return n, err
		}
		err = s.db.Update(ctx, func(_ context.Context, tx *store.Tx) error {
			for _, k := range keys {
				tx.Delete(k)
			}
			return nil
		})
		if err != nil {
			return n, fmt.Errorf("sweep: %w", err)
		}
		n += len(keys)
	}
}

// former lists counts of messages of days before today.
func (s *Service) former(ctx context.Context) ([]store.Key, error) {
	var keys []store.Key
	for rec, err := range s.db.Scan(ctx, notify.Counts(s.opts.Environment)) {
		if err != nil {
			return nil, fmt.Errorf("find counts of messages: %w", err)
		}
		if notify.Former(rec, s.db.Now()) {
			keys = append(keys, rec.Key)
		}
		if len(keys) == sweepBatch {
			break
		}
	}
	return keys, nil
}

// dead lists the oldest deviceAuthentications made before a time: their ids rise with it.
func (s *Service) dead(ctx context.Context, before time.Time) ([]store.Key, error) {
	r := authn.MadeBefore(s.opts.Environment, before)
	r.Limit = sweepBatch
	var keys []store.Key
	for rec, err := range s.db.Scan(ctx, r) {
		if err != nil {
			return nil, fmt.Errorf("find dead deviceAuthentications: %w", err)
		}
		keys = append(keys, rec.Key)
	}
	return keys, nil
}
