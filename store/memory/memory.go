// Package memory is a store.Store that forgets everything: for tests, and for flows run
// once from the command line.
package memory

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/mfaflow/mfaflow/store"
)

// page is how many records a scan reads under one lock.
const page = 64

// Store keeps records in a map and its keys sorted beside it.
type Store struct {
	mu      sync.RWMutex
	records map[store.Key]store.Record
	keys    []store.Key
	rev     uint64
	closed  bool
}

var _ store.Store = (*Store)(nil)

// New returns an empty Store.
func New() *Store { return &Store{records: map[store.Key]store.Record{}} }

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	recs := make([]store.Record, len(keys))
	for i, k := range keys {
		recs[i] = s.records[k]
		recs[i].Key = k
	}
	return recs, nil
}

// Scan implements store.Store.
func (s *Store) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		for n := 0; ; {
			recs, more, err := s.page(ctx, r)
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			for _, rec := range recs {
				if n++; !yield(rec, nil) || n == r.Limit {
					return
				}
			}
			if !more {
				return
			}
			r.From = recs[len(recs)-1].Key + "\x00"
		}
	}
}

func (s *Store) page(ctx context.Context, r store.Range) (recs []store.Record, more bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, false, err
	}
	i, _ := slices.BinarySearch(s.keys, r.From)
	for ; i < len(s.keys) && (r.To == "" || s.keys[i] < r.To); i++ {
		if len(recs) == page {
			return recs, true, nil
		}
		recs = append(recs, s.records[s.keys[i]])
	}
	return recs, false, nil
}

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, checks []store.Check, writes []store.Write) error {
	for _, w := range writes {
		if err := w.Key.Validate(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	for _, c := range checks {
		if s.records[c.Key].Rev != c.Rev {
			return store.ErrConflict
		}
	}
	s.rev++
	for _, w := range writes {
		s.apply(w)
	}
	return nil
}

func (s *Store) apply(w store.Write) {
	i, found := slices.BinarySearch(s.keys, w.Key)
	switch {
	case w.Value == nil && found:
		s.keys = slices.Delete(s.keys, i, i+1)
		delete(s.records, w.Key)
		return
	case w.Value == nil:
		return
	case !found:
		s.keys = slices.Insert(s.keys, i, w.Key)
	}
	s.records[w.Key] = store.Record{Key: w.Key, Value: bytes.Clone(w.Value), Rev: s.rev}
}

// Close drops everything; the Store then answers ErrStopped.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.records, s.keys = true, nil, nil
	return nil
}

func (s *Store) usable(ctx context.Context) error {
	if s.closed {
		return store.ErrStopped
	}
	return context.Cause(ctx)
}
