package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	over chan struct{} // some of ended wait

	mu     sync.Mutex
	states map[string]state // by message ID, of those that failed
	ended  []*ticket        // sendings that Run does not know of yet
}

// state is what this process knows of a row; a restart forgets it.
type state struct {
	sent   bool // but not deleted: this process does not send it again
	failed int
	next   time.Time // not tried again before
}

// New makes an Outbox that delivers through send, which may run many times at once. An
// error of send, or a panic, means "try later".
func New(db *store.DB, env string, send func(context.Context, Message) error, o Options) *Outbox {
	return &Outbox{
		db: db, env: env, send: send, o: o.complete(),
		wake: make(chan struct{}, 1), over: make(chan struct{}, 1), states: map[string]state{},
	}
}

// Wake makes Run look at the rows. It is not needed after Add in the same process.
func (b *Outbox) Wake() {
	signal(b.wake)
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run delivers what is there and then whatever is committed, without polling, until ctx
// ends (nil) or the store stops (its error). It returns when nothing is under way. Which
// message is next, Lane says.
func (b *Outbox) Run(ctx context.Context) error {
	added, stop := b.db.Watch(prefix(b.env))
	defer stop()
	d := &dispatcher{b: b, added: added, lanes: lanes{o: b.o, byName: map[string]*lane{}}}
	defer d.flying.Wait()
	for ctx.Err() == nil {
		next, err := d.dispatch(ctx)
		if err != nil && ctx.Err() == nil {
			return err
		}
		var retry <-chan time.Time
		if !next.IsZero() {
			retry = b.o.After(next.Sub(b.db.Now()))
		}
		select {
		case <-ctx.Done():
		case <-added:
			d.plan = nil
		case <-b.wake:
			d.plan = nil
		case <-b.over:
		case <-retry:
		}
	}
	return nil
}

// dispatcher is the state of Run.
type dispatcher struct {
	b      *Outbox
	added  <-chan struct{}
	plan   *plan // nil: the rows must be read
	lanes  lanes
	flying sync.WaitGroup
}

// dispatch starts sendings while there are rows that are due and room in their lanes. It
// returns when a row will be.
func (d *dispatcher) dispatch(ctx context.Context) (next time.Time, err error) {
	for ctx.Err() == nil {
		d.land()
		if d.plan == nil || pending(d.added) { // perhaps a row that replaces the next one
			if err := d.read(ctx); err != nil {
				return time.Time{}, err
			}
			continue // something may have ended meanwhile
		}
		now := d.b.db.Now()
		t, next := d.lanes.pick(d.plan, now, d.b.due)
		if t == nil {
			return next, nil
		}
		d.lanes.start(t, now)
		d.flying.Go(func() {
			_, _ = d.b.deliver(ctx, t.id) // Failed is told
			d.b.end(t)
		})
	}
	return time.Time{}, nil
}

// read makes a plan of the rows.
func (d *dispatcher) read(ctx context.Context) error {
	rows, err := d.b.rows(ctx)
	if err != nil {
		return err
	}
	d.plan = newPlan()
	for _, m := range rows {
		d.plan.add(m)
	}
	d.lanes.forget(d.plan)
	return nil
}

// end tells Run that a sending is over.
func (b *Outbox) end(t *ticket) {
	b.mu.Lock()
	b.ended = append(b.ended, t)
	b.mu.Unlock()
	signal(b.over)
}

// land takes what is over out of lanes and, unless it must be tried again, plan.
func (d *dispatcher) land() {
	b := d.b
	b.mu.Lock()
	ended := b.ended
	b.ended = nil
	b.mu.Unlock()
	for _, t := range ended {
		d.lanes.end(t)
		if d.plan != nil && !b.hasFailed(t.id) && d.plan.remove(t) {
			d.plan = nil
		}
	}
}

// Drain sends everything that is due, one after the other in the order of Add, also what
// is added meanwhile, each at most once. It returns how many were sent and the errors of
// the others. It is for tests and for virtual time; it does not go with Run.
func (b *Outbox) Drain(ctx context.Context) (sent int, err error) {
	added, stop := b.db.Watch(prefix(b.env))
	defer stop()
	var errs []error
	visited := map[string]bool{}
	for again := true; again; {
		again = false
		rows, err := b.rows(ctx)
		if err != nil {
			return sent, errors.Join(append(errs, err)...)
		}
		for _, m := range rows {
			if visited[m.id] {
				continue
			}
			if again = pending(added); again {
				break
			}
			visited[m.id] = true
			if _, due := b.due(m.id); !due {
				continue
			}
			ok, err := b.deliver(ctx, m.id)
			if ok {
				sent++
			}
			errs = append(errs, err)
		}
	}
	return sent, errors.Join(errs...)
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
func (b *Outbox) deliver(ctx context.Context, id string) (sent bool, err error) {
	key := prefix(b.env) + store.Key(id)
	var m Message
	recs, err := b.db.Get(ctx, key)
	if err == nil && recs[0].Rev != 0 {
		err = json.Unmarshal(recs[0].Value, &m)
	}
	if err != nil {
		return false, b.fail(Message{ID: id}, err)
	}
	if recs[0].Rev == 0 || isPast(m.Expires, b.db.Now()) {
		b.forget(id)
		return false, nil // expired ones go with the next look at the rows
	}
	if err := b.try(ctx, m); err != nil {
		return false, b.fail(m, err)
	}
	// The message is out: a stop that was asked for meanwhile must not send it twice.
	if err := b.drop(context.WithoutCancel(ctx), []store.Key{key}); err != nil {
		b.set(id, func(s *state) { s.sent = true })
		return true, err
	}
	b.forget(id)
	return true, nil
}

// fail makes a message wait for its next try.
func (b *Outbox) fail(m Message, err error) error {
	b.set(m.ID, func(s *state) {
		s.failed++
		s.next = b.db.Now().Add(b.o.Backoff(s.failed))
	})
	b.o.Failed(m, err)
	return fmt.Errorf("outbox: %s: %w", m.ID, err)
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

// due says whether a row may be sent now and, if it waits for another try, when.
func (b *Outbox) due(id string) (at time.Time, due bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.states[id]
	if s.sent {
		return time.Time{}, false
	}
	return s.next, !s.next.After(b.db.Now())
}

// hasFailed reports whether a row is still there after a try.
func (b *Outbox) hasFailed(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, failed := b.states[id]
	return failed
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
