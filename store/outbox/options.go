package outbox

import "time"

// Options tune an Outbox; the zero value is what a server wants.
type Options struct {
	// Parallel is how many messages of a channel Run sends at once; 0 is 16. To one target
	// it sends one at a time, and to targets that are not proven half as many.
	Parallel int

	// Slow is when a sending no longer counts in Parallel, so that a gateway which is slow for
	// some numbers does not hold up the others; 0 is half a second. MaxUnderWay is how many of a channel
	// are sent at once with those; 0 is 128: each is a connection.
	Slow        time.Duration
	MaxUnderWay int

	// Timeout ends the context of one sending; 0 is 30 s.
	Timeout time.Duration

	// Backoff is the wait after the n-th failure of a message (from 1); nil is 1 s,
	// doubling, at most a minute. After a restart a message is tried at once.
	Backoff func(n int) time.Duration

	// After is the timer of Run, for that wait and for Slow; nil is time.After.
	After func(time.Duration) <-chan time.Time

	// Failed is told of each failure, for the log; nil is silent.
	Failed func(m Message, err error)
}

func (o Options) complete() Options {
	if o.Parallel == 0 {
		o.Parallel = 16
	}
	if o.Slow == 0 {
		o.Slow = 500 * time.Millisecond
	}
	if o.MaxUnderWay == 0 {
		o.MaxUnderWay = 128
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Backoff == nil {
		o.Backoff = backoff
	}
	if o.After == nil {
		o.After = time.After
	}
	if o.Failed == nil {
		o.Failed = func(Message, error) {}
	}
	return o
}

func backoff(n int) time.Duration { return min(time.Second<<min(n-1, 6), time.Minute) }
