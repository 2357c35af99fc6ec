package outbox

import "time"

// Options tune an Outbox; the zero value is what a server wants.
type Options struct {
	// Parallel is how many messages Run sends at once; 0 is 8. A slow gateway then
	// holds up others only when 8 of its messages are under way.
	Parallel int

	// Timeout ends the context of one sending; 0 is 30 s.
	Timeout time.Duration

	// Backoff is the wait after the n-th failure of a message (from 1); nil is 1 s,
	// doubling, at most a minute. After a restart a message is tried at once.
	Backoff func(n int) time.Duration

	// After is the timer of that wait in Run; nil is time.After.
	After func(time.Duration) <-chan time.Time

	// Failed is told of each failure, for the log; nil is silent.
	Failed func(m Message, err error)
}

func (o Options) complete() Options {
	if o.Parallel == 0 {
		o.Parallel = 8
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
