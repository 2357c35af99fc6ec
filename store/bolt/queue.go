package bolt

import (
	"context"
	"slices"
	"sync"

	"github.com/mfaflow/mfaflow/store"
)

// unit is one Commit on its way through the queue.
type unit struct {
	checks []store.Check
	writes []store.Write
	sweep  bool      // store.Background
	err    error     // the answer
	bad    bool      // bbolt refused one of its writes
	wake   chan bool // true: lead the next group; false: answered
}

// queue holds the units that arrived while a leader was busy.
type queue struct {
	mu       sync.Mutex
	leading  bool
	people   []*unit
	sweepers []*unit
}

// join returns when u is to lead (true) or was answered. The error is the context's,
// and u was taken out of the queue.
func (q *queue) join(ctx context.Context, u *unit) (lead bool, err error) {
	list := &q.people
	if u.sweep = store.IsBackground(ctx); u.sweep {
		list = &q.sweepers
	}
	q.mu.Lock()
	if !q.leading {
		q.leading = true
		q.mu.Unlock()
		return true, nil
	}
	u.wake = make(chan bool, 1)
	*list = append(*list, u)
	q.mu.Unlock()

	select {
	case lead := <-u.wake:
		return lead, nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	i := slices.Index(*list, u)
	if i >= 0 {
		*list = slices.Delete(*list, i, i+1)
	}
	q.mu.Unlock()
	if i < 0 {
		return <-u.wake, nil // too late: some leader has it
	}
	return false, context.Cause(ctx)
}

// take gives the group that u leads: all people that wait and, so that none of them
// starves and none holds up people for long, one sweeper; all sweepers if no person
// waits.
func (q *queue) take(u *unit) []*unit {
	q.mu.Lock()
	defer q.mu.Unlock()
	group := append(make([]*unit, 0, 2+len(q.people)), u)
	group = append(group, q.people...)
	clear(q.people)
	q.people = q.people[:0]

	n := min(1, len(q.sweepers))
	if u.sweep && len(group) == 1 {
		n = len(q.sweepers)
	}
	group = append(group, q.sweepers[:n]...)
	q.sweepers = slices.Delete(q.sweepers, 0, n)
	return group
}

// pass gives the lead to who waits first, or to the next that comes.
func (q *queue) pass() {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := &q.people
	if len(*list) == 0 {
		list = &q.sweepers
	}
	if len(*list) == 0 {
		q.leading = false
		return
	}
	next := (*list)[0]
	*list = slices.Delete(*list, 0, 1)
	next.wake <- true
}
