// Package store is the port through which everything durable goes: four methods that
// bbolt, PostgreSQL and a map can all offer, and above them DB, which seals values and
// runs units of work. It imports nothing else of mfaflow.
//
//	engine, embedded ──► DB.Update(fn) ──► Tx (reads remembered, writes buffered)
//	                                         │ sealed, checked
//	                                         ▼
//	                         Store.Commit(checks, writes): all or nothing
//
// A Store is what passes storetest.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
)

// Key names a record. It begins with the environment, its segments are joined by "/",
// and it never holds personal data: put a keyed hash of a user name there, not the name.
type Key string

// K joins segments to a Key.
func K(segments ...string) Key { return Key(strings.Join(segments, "/")) }

// Record is a value with its revision. Rev 0 means that there is no such record.
type Record struct {
	Key   Key
	Value []byte // read only
	Rev   uint64 // store-wide, rising, never used twice for a key, deletes included
}

// Check demands at commit that the record's revision is still Rev (0: absent).
type Check struct {
	Key Key
	Rev uint64
}

// Write puts Value at Key; a nil Value deletes.
type Write struct {
	Key   Key
	Value []byte
}

// Range is the keys from From (inclusive) to To (exclusive), ascending; To "" has no
// end. Limit 0 has no limit.
type Range struct {
	From, To Key
	Limit    int
}

// Under is the range of all keys that begin with prefix.
func Under(prefix Key) Range {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return Range{From: prefix, To: Key(end[:i+1])}
		}
	}
	return Range{From: prefix}
}

// Store is the port. Implementations are safe for concurrent use.
type Store interface {
	// Get returns one record for each key, in order, all of one snapshot.
	Get(ctx context.Context, keys ...Key) ([]Record, error)

	// Scan yields the records of a range, read in pages and never inside a
	// transaction, so the loop body may commit. It is no snapshot and is not
	// checked at commit: hang an invariant on a record read by key.
	Scan(ctx context.Context, r Range) iter.Seq2[Record, error]

	// Commit applies all writes durably if all checks hold, else nothing. Errors:
	// ErrConflict, nothing was applied; ErrUnknown, nobody can say, and the store
	// serves no more.
	Commit(ctx context.Context, checks []Check, writes []Write) error

	Close() error
}

// Errors of stores and units of work.
var (
	// ErrConflict: a check did not hold; nothing was written.
	ErrConflict = errors.New("store: a record changed meanwhile")

	// ErrUnknown: the commit failed in a way that leaves open whether it happened
	// (measured: most failed bbolt commits were visible afterwards). Never re-run;
	// stop, re-open, read.
	ErrUnknown = errors.New("store: the outcome of the commit is unknown")

	// ErrStopped: an earlier commit ended in ErrUnknown, or the store was closed.
	ErrStopped = errors.New("store: stopped")

	// ErrBusy: too many wait for the same latch (HTTP 429).
	ErrBusy = errors.New("store: too many requests wait for this record")

	// ErrContended: the latch was not free in time, or a unit kept conflicting (HTTP 503).
	ErrContended = errors.New("store: the record is contended")

	// ErrCorrupt: a sealed value does not open: bit rot, a swapped record, a wrong key.
	ErrCorrupt = errors.New("store: a record is corrupt")

	// ErrWrongKey: the master key is not the one that this store was made with.
	ErrWrongKey = errors.New("store: wrong master key")

	// ErrFinished: a unit of work was used after its function returned, or belongs to another DB.
	ErrFinished = errors.New("store: the unit of work is finished or of another store")
)

// MaxKey is the longest key in bytes: far below bbolt's own limit, so that a page of
// keys holds many.
const MaxKey = 1024

// Validate refuses a key that is empty or longer than MaxKey.
func (k Key) Validate() error {
	if k == "" || len(k) > MaxKey {
		return fmt.Errorf("store: a key must have 1 to %d bytes, not %d", MaxKey, len(k))
	}
	return nil
}
