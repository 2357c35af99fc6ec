package store

import (
	"context"
	"sync"
	"time"
)

// latches are in-process locks by key, lane by lane in turn, first come first served within
// a lane. They make conflicts rare; that a unit's reads still hold is decided by the commit's
// checks alone.
type latches struct {
	share, waiters int
	wait           time.Duration
	after          func(time.Duration) <-chan time.Time

	mu   sync.Mutex
	held map[Key]*line // of who waits; there from the first lock to the last unlock
}

func newLatches(o Options) *latches {
	return &latches{share: o.LatchShare, waiters: o.LatchWaiters, wait: o.LatchWait, after: o.After, held: map[Key]*line{}}
}

// lock waits its turn for key: ErrBusy, ErrContended or the context's error.
func (l *latches) lock(ctx context.Context, key Key) error {
	l.mu.Lock()
	queue := l.held[key]
	if queue == nil {
		l.held[key] = &line{}
		l.mu.Unlock()
		return nil
	}
	w := queue.join(LaneOf(ctx), l.share, l.waiters)
	l.mu.Unlock()
	if w == nil {
		return ErrBusy
	}

	var err error
	select {
	case err := <-w.answer:
		return err
	case <-l.after(l.wait):
		err = ErrContended
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if queue.leave(w) {
		return err
	}
	return <-w.answer // it passed to us, or we were pushed out, in the same moment
}

// unlock passes the latch to the next in line.
func (l *latches) unlock(key Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.held[key].callNext() {
		delete(l.held, key)
	}
}
