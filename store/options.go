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

	// LatchShare is how many of one lane (WithLane) may wait for one latch before ErrBusy; 0
	// is 128, which at 5 ms a step is two thirds of a second. Whoever shares an address with
	// somebody who queues on their name has to stand behind that queue, but finds a place.
	LatchShare int

	// LatchWaiters is how many may wait in all lanes together; 0 is 512. One more of a lane
	// shorter than the longest pushes that one's last waiter out.
	LatchWaiters int

	// LatchWait is how long one of them waits before ErrContended; 0 is 5 s, half of what a
	// client waits for the answer to a step.
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
		o.LatchWaiters = 512
	}
	if o.LatchShare == 0 {
		o.LatchShare = 128
	}
	if o.LatchWait == 0 {
		o.LatchWait = 5 * time.Second
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
