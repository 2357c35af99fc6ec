package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/authn"
	"github.com/mfaflow/mfaflow/store"
)

// sweepBatch is how many records one commit of Sweep deletes.
const sweepBatch = 200

// Sweep deletes deviceAuthentications that can no longer be used, and returns how many.
// Call it now and then, with store.Background(ctx): nothing waits for it.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	life := s.opts.Limits.AuthenticationLife
	if life == 0 {
		return 0, nil
	}
	n := 0
	for {
		keys, err := s.dead(ctx, s.db.Now().Add(-life))
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
			return n, fmt.Errorf("sweep deviceAuthentications: %w", err)
		}
		n += len(keys)
	}
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
