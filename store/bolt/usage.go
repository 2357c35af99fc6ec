package bolt

import (
	"context"

	"go.etcd.io/bbolt"

	"github.com/mfaflow/mfaflow/store"
)

// Space is the size of the file and how much of it is in pages that are free to be used
// again, in bytes.
func (s *Store) Space() (size, free int64) {
	if s.usable(context.Background()) != nil {
		return 0, 0
	}
	err := guard(s.path, func() error {
		return s.db.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil })
	})
	if err != nil {
		return 0, 0
	}
	stats := s.db.Stats()
	return size, int64(stats.FreePageN+stats.PendingPageN) * int64(s.db.Info().PageSize)
}

// keysAtOnce bounds how long a walk holds a transaction: pages that are freed meanwhile
// cannot be used again before it ends.
const keysAtOnce = 20_000

// WalkKeys visits all keys, in order, without their values. It is no snapshot.
func (s *Store) WalkKeys(ctx context.Context, visit func(store.Key)) error {
	var from []byte
	for more := true; more; {
		err := s.view(ctx, func(tx *bbolt.Tx) (uint64, error) {
			c := tx.Bucket([]byte(dataBucket)).Cursor()
			k, _ := c.Seek(from)
			for n := 0; k != nil && n < keysAtOnce; n++ {
				visit(store.Key(k))
				k, _ = c.Next()
			}
			if more = k != nil; more {
				from = append(from[:0], k...)
			}
			return 0, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
