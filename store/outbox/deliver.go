package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// Outbox delivers the messages of one environment.
type Outbox struct {
	db   *store.DB
	env  string
	send func(context.Context, Message) error
	o    Options
	wake chan struct{}

	mu     sync.Mutex
	states map[string]state // by message ID, of those under way or failed
}

// state is what this process knows of a row; a restart forgets it.
type state struct {
	flying bool
	failed int
	next   time.Time // not tried again before
}

// New makes an Outbox that delivers through send, which may run many times at once. An
// error of send, or a panic, means "try later".
func New(db *store.DB, env string, send func(context.Context, Message) error, o Options) *Outbox {
	return &Outbox{
		db: db, env: env, send: send, o: o.complete(),
		wake: make(chan struct{}, 1), states: map[string]state{},
	}
}

// Wake makes Run look at the rows. It is not needed after Add in the same process.
func (b *Outbox) Wake() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Run delivers what is there and then whatever is committed, without polling, until ctx
// ends (nil) or the store stops (its error). It returns when nothing is under way.
func (b *Outbox) Run(ctx context.Context) error {
	added, stop := b.db.Watch(prefix(b.env))
	defer stop()
	slots := make(chan struct{}, b.o.Parallel)
	var flying sync.WaitGroup
	defer flying.Wait()
	for {
		next, err := b.dispatch(ctx, added, slots, &flying)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		var retry <-chan time.Time
		if !next.IsZero() {
			retry = b.o.After(next.Sub(b.db.Now()))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-added:
		case <-b.wake:
		case <-retry:
		}
	}
}

// dispatch starts the sending of all rows that are due and says when the next one is.
func (b *Outbox) dispatch(ctx context.Context, added <-chan struct{}, slots chan struct{}, flying *sync.WaitGroup) (next time.Time, err error) {
	err = b.walk(ctx, func(m Message) bool {
		at, due := b.due(m)
		if !due {
			if !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
			return true
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return true
		}
		if pending(added) { // perhaps one that replaces m, while we waited for the slot
			<-slots
			return false
		}
		b.set(m.ID, func(s *state) { s.flying = true })
		flying.Go(func() {
			if _, err := b.deliver(ctx, m); err != nil {
				b.Wake() // to wait for its next try
			}
			<-slots
		})
		return true
	})
	return next, err
}

// Drain sends everything that is due, one after the other in the order of Add, also what
// is added meanwhile, each at most once. It returns how many were sent and the errors of
// the others. It is for tests and for virtual time; it does not go with Run.
func (b *Outbox) Drain(ctx context.Context) (sent int, err error) {
	added, stop := b.db.Watch(prefix(b.env))
	defer stop()
	var errs []error
	err = b.walk(ctx, func(m Message) bool {
		if pending(added) {
			return false
		}
		if _, due := b.due(m); !due {
			return true
		}
		ok, err := b.deliver(ctx, m)
		if ok {
			sent++
		}
		errs = append(errs, err)
		return true
	})
	return sent, errors.Join(append(errs, err)...)
}

// walk calls visit once for each row. When visit says false it reads the rows again and
// goes on with those not yet visited.
func (b *Outbox) walk(ctx context.Context, visit func(Message) bool) error {
	visited := map[string]bool{}
	for {
		rows, err := b.rows(ctx)
		if err != nil {
			return err
		}
		stale := slices.ContainsFunc(rows, func(m Message) bool {
			if !visited[m.ID] {
				visited[m.ID] = visit(m)
			}
			return !visited[m.ID]
		})
		if !stale {
			return nil
		}
	}
}

// pending takes a signal if there is one.
func pending(signal <-chan struct{}) bool {
	select {
	case <-signal:
		return true
	default:
		return false
	}
}

// deliver sends a row that still exists, and deletes it.
func (b *Outbox) deliver(ctx context.Context, m Message) (sent bool, err error) {
	key := prefix(b.env) + store.Key(m.ID)
	recs, err := b.db.Get(ctx, key)
	if err != nil {
		b.set(m.ID, func(s *state) { s.flying = false })
		return false, fmt.Errorf("outbox: %s: %w", m.ID, err)
	}
	if recs[0].Rev == 0 || m.expired(b.db.Now()) {
		b.forget(m.ID)
		return false, nil // expired ones go with the next look at the rows
	}
	if err := b.try(ctx, m); err != nil {
		b.set(m.ID, func(s *state) {
			s.flying = false
			s.failed++
			s.next = b.db.Now().Add(b.o.Backoff(s.failed))
		})
		b.o.Failed(m, err)
		return false, fmt.Errorf("outbox: %s: %w", m.ID, err)
	}
	// The message is out: a stop that was asked for meanwhile must not send it twice.
	if err := b.drop(context.WithoutCancel(ctx), []store.Key{key}); err != nil {
		b.set(m.ID, func(s *state) { s.flying = true }) // for good: this process does not send it again
		return true, err
	}
	b.forget(m.ID)
	return true, nil
}

// try calls send within its time; a panic is an error.
func (b *Outbox) try(ctx context.Context, m Message) (err error) {
	ctx, cancel := context.WithTimeout(ctx, b.o.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return b.send(ctx, m)
}

// due says whether m may be sent now, and if it waits for another try, when.
func (b *Outbox) due(m Message) (at time.Time, due bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.states[m.ID]
	if s.flying {
		return time.Time{}, false
	}
	return s.next, !s.next.After(b.db.Now())
}

func (b *Outbox) set(id string, change func(*state)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.states[id]
	change(&s)
	b.states[id] = s
}

func (b *Outbox) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.states, id)
}
