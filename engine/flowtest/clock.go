package flowtest

import (
	"context"
	"fmt"
	"time"
)

// move moves the clock to each timer in turn, and then to where it should be.
func (r *running) move(ctx context.Context, d time.Duration) error {
	world := r.lab.World
	until := world.Now().Add(d)
	for {
		next, err := r.ring(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(until) {
			break
		}
		world.Advance(max(next.Sub(world.Now()), time.Millisecond))
	}
	world.Advance(until.Sub(world.Now()))
	_, err := r.ring(ctx)
	return err
}

// ring fires what is due and returns when the next timer is; zero: none. A timer that
// is put off while timers are fired is seen the second time only.
func (r *running) ring(ctx context.Context) (next time.Time, err error) {
	for range 2 {
		if next, err = r.runner.Tick(ctx); err != nil {
			return next, fmt.Errorf("timers: %w", err)
		}
	}
	if err := r.look(ctx); err != nil { // it may not be kept until the clock stops
		return next, err
	}
	return next, r.note(ctx)
}
