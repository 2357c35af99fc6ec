package bolt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/mfaflow/mfaflow/store"
)

// The buckets, and the key of meta under which the frame holds the last revision and the
// value the format.
const (
	dataBucket = "data"
	metaBucket = "meta"
	stateKey   = "state"
)

// Store is an open file. It is safe for concurrent use.
type Store struct {
	path    string
	db      *bbolt.DB
	queue   queue
	witness *witness

	// flight is held by the leader from the first check to the answer. Who has read
	// something that is not yet durable waits for it.
	flight  sync.RWMutex
	rev     uint64                // the counter; by flight
	arena   []byte                // of a group's values; by flight
	commit  func(*bbolt.Tx) error // (*bbolt.Tx).Commit, but in tests of its failure
	durable atomic.Pointer[durable]

	stopped  atomic.Bool
	crashed  atomic.Bool // bbolt panicked in a write and may hold its locks
	restored atomic.Bool
	groups   atomic.Uint64
}

// durable is the last state that a crash would leave.
type durable struct {
	tx  int // bbolt's transaction id
	rev uint64
}

var _ store.Store = (*Store)(nil)

// Restored says that the file is older than, or another than, the one that the witness
// last saw. It says so until the next commit.
func (s *Store) Restored() bool { return s.restored.Load() }

// Groups counts the durable commits since Open, each of one or more units.
func (s *Store) Groups() uint64 { return s.groups.Load() }

// Close waits for the commit under way and closes the file.
func (s *Store) Close() error {
	s.stopped.Store(true)
	if s.crashed.Load() {
		return errors.Join(s.witness.close(), fmt.Errorf("store/bolt: %s: left open after a failure: %w", s.path, store.ErrStopped))
	}
	s.flight.Lock()
	defer s.flight.Unlock()
	return errors.Join(s.witness.close(), s.db.Close())
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	recs := make([]store.Record, len(keys))
	err := s.view(ctx, func(tx *bbolt.Tx) (seen uint64, err error) {
		b := tx.Bucket([]byte(dataBucket))
		raw := make([][]byte, len(keys))
		for i, k := range keys {
			raw[i] = b.Get([]byte(k))
			recs[i].Key = k
		}
		return copyOut(recs, raw)
	})
	if err != nil {
		return nil, err
	}
	return recs, nil
}

// copyOut fills recs from raw, whose bytes die with the transaction, with one
// allocation. It returns the highest revision that the caller may be told of, which is
// no upper bound if a record is absent: it may have been deleted a moment ago.
func copyOut(recs []store.Record, raw [][]byte) (seen uint64, err error) {
	size := 0
	for _, v := range raw {
		size += len(v)
	}
	buf := make([]byte, 0, size)
	for i, v := range raw {
		if v == nil {
			seen = math.MaxUint64
			continue
		}
		rev, value, err := unframe(string(recs[i].Key), v)
		if err != nil {
			return 0, err
		}
		at := len(buf)
		buf = append(buf, value...)
		recs[i].Value, recs[i].Rev = buf[at:len(buf):len(buf)], rev
		seen = max(seen, rev)
	}
	return seen, nil
}

// view runs read in a transaction. If what it has seen is not yet durable, it waits
// until it is.
func (s *Store) view(ctx context.Context, read func(*bbolt.Tx) (seen uint64, err error)) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	var id int
	var seen uint64
	err := guard(s.path, func() error {
		return s.db.View(func(tx *bbolt.Tx) (err error) {
			id = tx.ID()
			seen, err = read(tx)
			return err
		})
	})
	switch {
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return store.ErrStopped
	case err != nil:
		return err
	}
	if d := s.durable.Load(); id > d.tx && seen > d.rev {
		s.flight.RLock()
		defer s.flight.RUnlock()
		return s.usable(ctx)
	}
	return nil
}

func (s *Store) usable(ctx context.Context) error {
	if s.stopped.Load() {
		return store.ErrStopped
	}
	return context.Cause(ctx)
}
