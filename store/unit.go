package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// unit is what outlives the single runs of a unit of work.
type unit struct {
	db *DB

	mu      sync.Mutex // for the unit, its runs and its Txs
	memo    memo
	latched []Key
	own     []Key
}

type txKey struct{}

// Update runs fn as one unit of work: when it returns nil, all that it wrote is durable,
// provided that all it read still holds; else nothing is.
//
// It is optimistic. Nothing that fn says is believed before its reads were checked, and
// when they no longer hold, fn runs again, with one memo of ids, randomness, clock and
// Once, up to Options.Reruns times; then Update returns ErrContended. A conflict on a
// record that fn marked with Tx.Own is returned as ErrConflict instead.
//
// If fn returns an error and its reads held, Update drops the writes and returns the
// error. If fn panics and its reads held, Update panics with the same value. Errors of
// the store itself, such as a latch's ErrBusy, are returned as they are.
//
// A context that carries a unit of this DB joins it: fn runs inside as a savepoint, its
// error drops its writes and callbacks and leaves the rest, its reads stay checked, and
// nothing is committed before the outermost unit. A unit that has finished or is of
// another DB gives ErrFinished.
//
// Other errors: ErrUnknown, the commit may or may not have happened and the DB has
// failed; ErrStopped; ErrCorrupt; the context's, when it ended before the commit began.
func (db *DB) Update(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if outer, ok := ctx.Value(txKey{}).(*Tx); ok {
		return outer.join(ctx, db, fn)
	}
	u := &unit{db: db}
	after, err := u.do(ctx, fn)
	for _, f := range after {
		f()
	}
	return err
}

// join runs fn as a savepoint of the unit.
func (tx *Tx) join(ctx context.Context, db *DB, fn func(context.Context, *Tx) error) error {
	u, r := tx.unit, tx.run
	u.mu.Lock()
	if u.db != db || tx.finished() {
		u.mu.Unlock()
		return ErrFinished
	}
	back := r.save()
	u.mu.Unlock()

	inner := &Tx{unit: u, run: r, ctx: ctx}
	kept := false
	defer func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		inner.done = true
		if !kept {
			r.restore(back)
		}
	}()
	err := fn(context.WithValue(ctx, txKey{}, inner), inner)
	kept = err == nil
	return err
}

// do runs fn until its reads held and returns the callbacks of the run that counts.
func (u *unit) do(ctx context.Context, fn func(context.Context, *Tx) error) ([]func(), error) {
	defer u.unlatch()
	for range u.db.opts.Reruns + 1 {
		r := newRun()
		said := u.call(ctx, r, fn)
		if said.panic == nil && ours(said.err) {
			return nil, said.err
		}
		err := u.settle(ctx, r, said)
		switch {
		case err == nil && said.panic != nil:
			panic(said.panic)
		case err == nil && said.err != nil:
			return nil, said.err
		case err == nil:
			return r.after, nil
		case !errors.Is(err, ErrConflict):
			return nil, err
		}
		if err := u.ownHeld(ctx, r); err != nil {
			return nil, err
		}
		u.db.count.reruns.Add(1)
	}
	u.db.count.reruns.Add(^uint64(0)) // the last conflict was not followed by a run
	return nil, fmt.Errorf("%w: %d runs conflicted", ErrContended, u.db.opts.Reruns+1)
}

// saying is how a run of a unit's function ended.
type saying struct {
	err   error
	panic any
}

func (u *unit) call(ctx context.Context, r *run, fn func(context.Context, *Tx) error) (said saying) {
	tx := &Tx{unit: u, run: r, ctx: ctx}
	defer func() {
		u.mu.Lock()
		r.done = true
		u.mu.Unlock()
		said.panic = recover() // nil for runtime.Goexit, which then goes on
	}()
	said.err = fn(context.WithValue(ctx, txKey{}, tx), tx)
	if said.err == nil {
		said.err = r.misuse
	}
	return said
}

// ours tells errors that came out of the store from judgements of fn on what it read:
// they need no check, and running again would only wait again.
func ours(err error) bool {
	for _, e := range []error{ErrBusy, ErrContended, ErrUnknown, ErrStopped, ErrCorrupt, ErrFinished} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// settle checks the reads of a run and, if fn was content, commits its writes.
func (u *unit) settle(ctx context.Context, r *run, said saying) error {
	var writes []Write
	if said.err == nil && said.panic == nil && len(r.writes) > 0 {
		writes = make([]Write, len(r.writes))
		u.mu.Lock()
		now := u.clock(r)
		u.mu.Unlock()
		for i, w := range r.writes {
			writes[i] = w
			if w.Value != nil {
				writes[i].Value = u.db.seal.seal(w.Key, w.Value, now)
			}
		}
	}
	// Reads of one snapshot held together at the moment it was taken, which lies
	// within the unit: a commit of checks only could say no more than that.
	if len(writes) == 0 && r.snapshots <= 1 {
		return nil
	}
	return u.db.commit(ctx, r.checks(), writes)
}

// ownHeld returns ErrConflict if a record marked with Own is no longer what r read.
func (u *unit) ownHeld(ctx context.Context, r *run) error {
	if len(u.own) == 0 {
		return nil
	}
	recs, err := u.db.store.Get(ctx, u.own...)
	if err != nil {
		return u.db.note(err)
	}
	for _, rec := range recs {
		if read, ok := r.reads[rec.Key]; ok && read.Rev != rec.Rev {
			return fmt.Errorf("%w: %q", ErrConflict, rec.Key)
		}
	}
	return nil
}

// latch takes the latch of key for the unit, if it does not hold it.
func (u *unit) latch(tx *Tx, key Key) error {
	u.mu.Lock()
	held, finished := slices.Contains(u.latched, key), tx.finished()
	u.mu.Unlock()
	if finished {
		return ErrFinished
	}
	if held {
		return nil
	}
	if err := u.db.latches.lock(tx.ctx, key); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if tx.finished() { // while waiting, on a goroutine that outlived the function
		u.db.latches.unlock(key)
		return ErrFinished
	}
	u.latched = append(u.latched, key)
	return nil
}

func (u *unit) unlatch() {
	for _, k := range u.latched {
		u.db.latches.unlock(k)
	}
}
