package store

import (
	"context"
	"slices"
	"sync"
	"time"
)

// latches are in-process locks by key, first come first served. They make conflicts
// rare; that a unit's reads still hold is decided by the commit's checks alone.
type latches struct {
	waiters int
	wait    time.Duration
	after   func(time.Duration) <-chan time.Time

	mu   sync.Mutex
	held map[Key]*latch
}

// latch is held from its creation to the release that finds nobody waiting.
type latch struct {
	queue []chan struct{} // closed when the latch has passed to the waiter
}

func newLatches(o Options) *latches {
	return &latches{waiters: o.LatchWaiters, wait: o.LatchWait, after: o.After, held: map[Key]*latch{}}
}

// lock waits its turn for key: ErrBusy, ErrContended or the context's error.
func (l *latches) lock(ctx context.Context, key Key) error {
	l.mu.Lock()
	la := l.held[key]
	if la == nil {
		l.held[key] = &latch{}
		l.mu.Unlock()
		return nil
	}
	if len(la.queue) >= l.waiters {
		l.mu.Unlock()
		return ErrBusy
	}
	turn := make(chan struct{})
	la.queue = append(la.queue, turn)
	l.mu.Unlock()

	var err error
	select {
	case <-turn:
		return nil
	case <-l.after(l.wait):
		err = ErrContended
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(la.queue, turn)
	if i < 0 {
		return nil // it passed to us in the same moment
	}
	la.queue = slices.Delete(la.queue, i, i+1)
	return err
}

// unlock passes the latch to who has waited longest.
func (l *latches) unlock(key Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	la := l.held[key]
	if len(la.queue) == 0 {
		delete(l.held, key)
		return
	}
	close(la.queue[0])
	la.queue = slices.Delete(la.queue, 0, 1)
}
