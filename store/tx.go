package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Tx is a unit of work as its function sees it, in one run. Its methods may be called
// from several goroutines, but only until the function returns: then reads and latches
// say ErrFinished and writes do nothing.
type Tx struct {
	unit *unit
	run  *run
	ctx  context.Context
	done bool // by unit.mu
}

// finished needs unit.mu.
func (tx *Tx) finished() bool { return tx.done || tx.run.done }

// Get returns a record for each key, as this unit sees it: what it has written, else
// what it read before, else what the store holds now, all from one snapshot. Reads are
// remembered and must still hold when the unit commits. A record new in this unit has
// the revision math.MaxUint64.
func (tx *Tx) Get(keys ...Key) ([]Record, error) {
	u, r := tx.unit, tx.run
	u.mu.Lock()
	defer u.mu.Unlock()
	if tx.finished() {
		return nil, ErrFinished
	}
	if err := tx.read(r.unknown(keys)); err != nil {
		return nil, err
	}
	recs := make([]Record, len(keys))
	for i, k := range keys {
		recs[i] = r.known(k)
	}
	return recs, nil
}

// read fetches keys into the run's memory; it needs unit.mu.
func (tx *Tx) read(keys []Key) error {
	if len(keys) == 0 {
		return nil
	}
	for _, k := range keys {
		if err := usable(k); err != nil {
			return err
		}
	}
	db, r := tx.unit.db, tx.run
	recs, err := db.store.Get(tx.ctx, keys...)
	if err != nil {
		return db.note(err)
	}
	r.snapshots++
	for _, rec := range recs {
		if rec.Rev != 0 {
			var at time.Time
			if rec.Value, at, err = db.seal.open(rec.Key, rec.Value); err != nil {
				return err
			}
			if at.After(r.newest) {
				r.newest = at
			}
		}
		r.reads[rec.Key] = rec
	}
	return nil
}

// Put writes value, which must not be changed afterwards.
func (tx *Tx) Put(key Key, value []byte) {
	if value == nil {
		value = []byte{}
	}
	tx.write(Write{Key: key, Value: value})
}

// Delete removes the record, if there is one.
func (tx *Tx) Delete(key Key) { tx.write(Write{Key: key}) }

func (tx *Tx) write(w Write) {
	tx.unit.mu.Lock()
	defer tx.unit.mu.Unlock()
	if tx.finished() {
		return
	}
	if err := usable(w.Key); err != nil {
		tx.run.misuse = err
		return
	}
	tx.run.put(w)
}

// Pending returns what this unit is going to write at key, without reading the store.
// The value is nil if that is a deletion.
func (tx *Tx) Pending(key Key) (value []byte, ok bool) {
	tx.unit.mu.Lock()
	defer tx.unit.mu.Unlock()
	i, ok := tx.run.index[key]
	if !ok {
		return nil, false
	}
	return tx.run.writes[i].Value, true
}

// Latch waits for the in-process latches of keys, each first come first served within a
// lane (WithLane) and the lanes in turn, and holds them until the unit's commit is
// answered, over re-runs too. Taking one that the unit already holds does nothing. Two units that take two latches in different order
// end in ErrContended: take them in one call, which sorts. Errors: ErrBusy, too many
// wait already; ErrContended, not free in time.
func (tx *Tx) Latch(keys ...Key) error {
	if len(keys) > 1 {
		keys = slices.Clone(keys)
		slices.Sort(keys)
	}
	for _, k := range keys {
		if err := tx.unit.latch(tx, k); err != nil {
			return err
		}
	}
	return nil
}

// Own marks records whose conflicts mean that somebody else did what this unit is
// about: Update then returns ErrConflict at once and does not run the unit again.
func (tx *Tx) Own(keys ...Key) {
	tx.unit.mu.Lock()
	defer tx.unit.mu.Unlock()
	if !tx.finished() {
		tx.unit.own = append(tx.unit.own, keys...)
	}
}

// Now is the unit's time: the local clock at the first call, the same for the whole
// unit and its re-runs, unless a record that it has read was committed later than that
// (a clock went back): then the time of that record. So nothing expired revives.
func (tx *Tx) Now() time.Time {
	tx.unit.mu.Lock()
	defer tx.unit.mu.Unlock()
	return tx.unit.clock(tx.run)
}

// AfterCommit runs fn once, after the outermost unit has committed and let go of its
// latches, on the goroutine that called Update. A run that is dropped drops it.
func (tx *Tx) AfterCommit(fn func()) {
	tx.unit.mu.Lock()
	defer tx.unit.mu.Unlock()
	if !tx.finished() {
		tx.run.after = append(tx.run.after, fn)
	}
}

// usable refuses keys that no unit may touch.
func usable(key Key) error {
	if strings.HasPrefix(string(key), reserved) {
		return fmt.Errorf("store: %q is reserved", key)
	}
	return key.Validate()
}

// newRev stands for the revision that a record new in the unit will get.
const newRev = math.MaxUint64
