package store

import (
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"time"
)

// Options are what a DB takes from outside. Only Key is required.
type Options struct {
	// Key is the master key: 32 bytes, kept outside the store. All sealing keys and
	// everything that Derive gives come from it.
	Key []byte

	// Now is the local clock; nil is time.Now.
	Now func() time.Time

	// Rand is the source of salts, ids and Tx.Random; nil is crypto/rand. A reader
	// that repeats itself (tests) must not open the same store twice: the salt of a
	// process start must be fresh.
	Rand io.Reader

	// Reruns is how often a unit that met a conflict is run again; 0 is 8.
	Reruns int

	// LatchWaiters is how many may wait for one latch before ErrBusy; 0 is 32, which
	// at 10 ms a step is a third of a second of queue.
	LatchWaiters int

	// LatchWait is how long one of them waits before ErrContended; 0 is 2 s.
	LatchWait time.Duration

	// After is the timer of that wait; nil is time.After.
	After func(time.Duration) <-chan time.Time
}

func (o *Options) complete() error {
	if len(o.Key) != 32 {
		return errors.New("store: the master key must have 32 bytes")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	} else {
		o.Rand = &lockedReader{r: o.Rand}
	}
	if o.Reruns == 0 {
		o.Reruns = 8
	}
	if o.LatchWaiters == 0 {
		o.LatchWaiters = 32
	}
	if o.LatchWait == 0 {
		o.LatchWait = 2 * time.Second
	}
	if o.After == nil {
		o.After = time.After
	}
	return nil
}

// lockedReader lets units share a reader that is not safe for concurrent use.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}
