package store

import (
	"context"
	"slices"
)

type laneKey struct{}

// WithLane returns a context whose units wait in a lane of their own, such as the address of
// a client, wherever they have to wait. Lanes take turns, so that a queue of one of them
// delays another by a single turn.
func WithLane(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, laneKey{}, name)
}

// LaneOf returns the lane of a context, "" if it has none.
func LaneOf(ctx context.Context) string {
	name, _ := ctx.Value(laneKey{}).(string)
	return name
}

// line is who waits for one thing: first come first served within a lane, and the lanes in
// turn. It needs the lock of whoever has it.
type line struct {
	lanes []*lane // the first is served next; none is empty
	size  int
}

type lane struct {
	name  string
	queue []*waiter
}

// waiter waits for an answer: nil when it is its turn, ErrBusy when it was pushed out.
type waiter struct {
	lane   string
	answer chan error
}

// join puts a newcomer at the end of its lane, or returns nil if there is no place for it:
// its lane has as many as share, or all lanes together as many as most. A full line makes
// room for a lane shorter than the longest, whose last waiter is pushed out.
func (l *line) join(name string, share, most int) *waiter {
	mine := l.lane(name)
	if share > 0 && mine != nil && len(mine.queue) >= share {
		return nil
	}
	if most > 0 && l.size >= most {
		longest := slices.MaxFunc(l.lanes, func(a, b *lane) int { return len(a.queue) - len(b.queue) })
		if mine != nil && len(longest.queue) <= len(mine.queue)+1 || len(longest.queue) <= 1 {
			return nil
		}
		last := longest.queue[len(longest.queue)-1]
		l.leave(last)
		last.answer <- ErrBusy
	}
	w := &waiter{lane: name, answer: make(chan error, 1)}
	if mine == nil {
		mine = &lane{name: name}
		l.lanes = append(l.lanes, mine)
	}
	mine.queue = append(mine.queue, w)
	l.size++
	return w
}

// callNext tells the next waiter that it is its turn, and reports whether there was one.
func (l *line) callNext() bool {
	if l.size == 0 {
		return false
	}
	first := l.lanes[0]
	w := first.queue[0]
	l.lanes = append(l.lanes[1:], first) // behind the others
	l.leave(w)
	w.answer <- nil
	return true
}

// leave takes a waiter out, and reports whether it still waited.
func (l *line) leave(w *waiter) bool {
	at := slices.IndexFunc(l.lanes, func(la *lane) bool { return la.name == w.lane })
	if at < 0 {
		return false
	}
	la := l.lanes[at]
	i := slices.Index(la.queue, w)
	if i < 0 {
		return false
	}
	la.queue = slices.Delete(la.queue, i, i+1)
	if len(la.queue) == 0 {
		l.lanes = slices.Delete(l.lanes, at, at+1)
	}
	l.size--
	return true
}

func (l *line) lane(name string) *lane {
	for _, la := range l.lanes {
		if la.name == name {
			return la
		}
	}
	return nil
}
