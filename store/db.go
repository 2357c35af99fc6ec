package store

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"
)

// reserved begins the keys that DB keeps for itself; Scan leaves them out and a unit
// that touches one fails.
const reserved = "!mfaflow/"

// DB is a Store with sealed values, units of work and latches. It is safe for
// concurrent use.
type DB struct {
	store   Store
	opts    Options
	seal    *sealer
	ids     *idSource
	latches *latches
	watches watches
	count   counters
	epoch   uint64

	failOnce sync.Once
	failed   chan struct{}
}

// Open makes a DB of an opened Store, which the DB then owns. The first Open binds the
// store to the master key; a later one with another key gets ErrWrongKey.
func Open(ctx context.Context, s Store, o Options) (*DB, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	seal, err := newSealer(o.Key, o.Rand)
	if err != nil {
		return nil, err
	}
	db := &DB{
		store:   s,
		opts:    o,
		seal:    seal,
		ids:     &idSource{now: o.Now, rand: o.Rand},
		latches: newLatches(o),
		failed:  make(chan struct{}),
	}
	if err := db.start(ctx); err != nil {
		return nil, err
	}
	return db, nil
}

// Close closes the Store. Units that still run get ErrStopped.
func (db *DB) Close() error { return db.store.Close() }

// Get reads records outside of any unit, all of one snapshot, with opened values. What
// it says may be old by the time it returns: decide nothing on it that a unit should.
func (db *DB) Get(ctx context.Context, keys ...Key) ([]Record, error) {
	recs, err := db.store.Get(ctx, keys...)
	if err != nil {
		return nil, db.note(err)
	}
	for i := range recs {
		if recs[i].Rev == 0 {
			continue
		}
		if recs[i].Value, _, err = db.seal.open(recs[i].Key, recs[i].Value); err != nil {
			return nil, err
		}
	}
	return recs, nil
}

// Scan yields the records of a range with opened values (see Store.Scan). A record that
// does not open is yielded as its key and ErrCorrupt, and the scan goes on after it.
func (db *DB) Scan(ctx context.Context, r Range) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for rec, err := range db.store.Scan(ctx, r) {
			if err != nil {
				yield(Record{}, db.note(err))
				return
			}
			if strings.HasPrefix(string(rec.Key), reserved) {
				continue
			}
			rec.Value, _, err = db.seal.open(rec.Key, rec.Value)
			if !yield(rec, err) {
				return
			}
		}
	}
}

// Derive gives 32 bytes that only a holder of the master key can give, one value for
// each purpose: keys for HMACs of tokens and codes, for blind indexes, for signatures.
func (db *DB) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, db.opts.Key, nil, "mfaflow derive "+purpose, 32)
	if err != nil {
		panic(fmt.Sprintf("store: derive: %v", err)) // only for lengths over 8,160
	}
	return key
}

// Epoch is 0 until an older state of the store was put back, and rises each time that
// happens. Mix it into every hash of a token or code, so that those of the lost time
// are worth nothing.
func (db *DB) Epoch() uint64 { return db.epoch }

// Now is the local clock.
func (db *DB) Now() time.Time { return db.opts.Now() }

// NewID gives a UUIDv7, greater than all that this DB gave before.
func (db *DB) NewID() string { return db.ids.next() }

// Failed is closed when a commit ended in ErrUnknown. Nothing is served from then on:
// fail readiness and exit; opening the store again tells what became durable.
func (db *DB) Failed() <-chan struct{} { return db.failed }

// commit passes a sealed unit on and keeps the counts.
func (db *DB) commit(ctx context.Context, checks []Check, writes []Write) error {
	err := db.store.Commit(ctx, checks, writes)
	switch {
	case err == nil:
		if len(writes) > 0 {
			db.count.committed(ctx, writes)
			db.watches.wake(writes)
		}
		return nil
	case errors.Is(err, ErrConflict):
		db.count.conflicts.Add(1)
		return err
	default:
		return db.note(err)
	}
}

// note closes Failed when err says that the store has stopped.
func (db *DB) note(err error) error {
	if errors.Is(err, ErrUnknown) {
		db.failOnce.Do(func() { close(db.failed) })
	}
	return err
}
