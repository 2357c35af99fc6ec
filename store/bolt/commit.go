package bolt

import (
	"context"
	"fmt"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/mfaflow/mfaflow/store"
)

// maxValue is far below bbolt's own limit of 2 GiB: a value is read and copied whole.
const maxValue = 64 << 20

// Commit implements store.Store. A context that ends takes a unit out of the queue, but
// not out of a group that a leader has taken.
func (s *Store) Commit(ctx context.Context, checks []store.Check, writes []store.Write) error {
	for i := range writes {
		if err := writes[i].Key.Validate(); err != nil {
			return err
		}
		if len(writes[i].Value) > maxValue {
			return fmt.Errorf("store/bolt: %q: the value has more than %d bytes", writes[i].Key, maxValue)
		}
	}
	if len(writes) == 0 {
		return s.verify(ctx, checks)
	}
	if err := s.usable(ctx); err != nil {
		return err
	}
	u := &unit{checks: checks, writes: writes}
	lead, err := s.queue.join(ctx, u)
	if err != nil {
		return err
	}
	if lead {
		s.lead(u)
	}
	return u.err
}

// verify is a commit that writes nothing: one snapshot in which all checks hold, and
// which is durable.
func (s *Store) verify(ctx context.Context, checks []store.Check) error {
	return s.view(ctx, func(tx *bbolt.Tx) (seen uint64, err error) {
		b := tx.Bucket([]byte(dataBucket))
		for _, c := range checks {
			rev, err := revision(b, c.Key)
			if err != nil {
				return 0, err
			}
			if rev != c.Rev {
				return 0, store.ErrConflict
			}
			seen = max(seen, rev)
			if rev == 0 {
				seen = math.MaxUint64
			}
		}
		return seen, nil
	})
}

// lead commits u together with all that waits, passes the lead on, so that the disk is
// not idle meanwhile, and answers the others.
func (s *Store) lead(u *unit) {
	group := s.queue.take(u)
	s.commitGroup(group)
	s.queue.pass()
	for _, other := range group[1:] {
		other.wake <- false
	}
}

func (s *Store) commitGroup(group []*unit) {
	s.flight.Lock()
	defer s.flight.Unlock()
	if s.stopped.Load() {
		answer(group, store.ErrStopped)
		return
	}
	err := guard(s.path, func() error { return s.write(group) })
	if err != nil {
		s.stopped.Store(true)
		answer(group, fmt.Errorf("%w: %w", store.ErrUnknown, err))
	}
}

// answer gives err to the units that have no answer of their own yet.
func answer(group []*unit, err error) {
	for _, u := range group {
		if u.err == nil {
			u.err = err
		}
	}
}

// write makes one bbolt transaction of the group. An error leaves open whether it
// happened.
func (s *Store) write(group []*unit) error {
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	open := true
	defer func() {
		if open { // bbolt panicked: free its locks if it lets us, else never touch it again
			s.crashed.Store(true)
			if tx.Rollback() == nil {
				s.crashed.Store(false)
			}
		}
	}()
	rev, whole := s.apply(tx, group)
	if !whole || rev == s.rev {
		open = false
		if err := tx.Rollback(); err != nil || whole {
			return err
		}
		return s.write(group) // each round has one unit less
	}
	id := tx.ID()
	err = s.commit(tx)
	open = false
	if err != nil {
		return err
	}
	s.rev = rev
	s.durable.Store(&durable{tx: id, rev: rev})
	s.groups.Add(1)
	s.witness.saw(rev)
	s.restored.Store(false)
	return nil
}

// apply writes the units whose checks hold, one after the other, and returns the last
// revision given. It is not whole if bbolt refused a write: that unit is answered, and
// the transaction, which has a part of it, must not be committed.
func (s *Store) apply(tx *bbolt.Tx, group []*unit) (rev uint64, whole bool) {
	data := tx.Bucket([]byte(dataBucket))
	s.arena = slices.Grow(s.arena[:0], arenaSize(group))
	rev = s.rev
	for _, u := range group {
		if u.bad {
			continue
		}
		if u.err = hold(data, u.checks); u.err != nil {
			continue
		}
		rev++
		if err := s.put(data, rev, u.writes); err != nil {
			u.bad, u.err = true, fmt.Errorf("store/bolt: %w", err)
			return rev, false
		}
	}
	if rev == s.rev {
		return rev, true
	}
	if err := putState(tx.Bucket([]byte(metaBucket)), rev); err != nil {
		panic(err) // key and value are legal: the file is damaged
	}
	return rev, true
}

// hold answers ErrConflict if a check does not hold.
func hold(b *bbolt.Bucket, checks []store.Check) error {
	for _, c := range checks {
		rev, err := revision(b, c.Key)
		if err != nil {
			return err
		}
		if rev != c.Rev {
			return store.ErrConflict
		}
	}
	return nil
}

func revision(b *bbolt.Bucket, key store.Key) (uint64, error) {
	v := b.Get([]byte(key))
	if v == nil {
		return 0, nil
	}
	rev, _, err := unframe(string(key), v)
	return rev, err
}

// put lays the values out in the arena, which bbolt refers to until the transaction
// ends; keys it copies itself.
func (s *Store) put(b *bbolt.Bucket, rev uint64, writes []store.Write) error {
	for _, w := range writes {
		if w.Value == nil {
			if err := b.Delete([]byte(w.Key)); err != nil {
				return err
			}
			continue
		}
		at := len(s.arena)
		s.arena = frame(s.arena, string(w.Key), rev, w.Value)
		if err := b.Put([]byte(w.Key), s.arena[at:]); err != nil {
			return err
		}
	}
	return nil
}

func arenaSize(group []*unit) (n int) {
	for _, u := range group {
		for _, w := range u.writes {
			n += frameSize + len(w.Value)
		}
	}
	return n
}
