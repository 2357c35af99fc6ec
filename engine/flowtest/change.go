package flowtest

import (
	"context"
	"fmt"

	"github.com/mfaflow/mfaflow/engine"
)

// Changed is what became of a test whose world changed while it ran.
type Changed struct {
	Before *engine.Execution // as its client saw it when the world changed
	After  *engine.Execution // at the end; nil if it is gone

	// Proven says that somebody had been authenticated before, by the execution or on a
	// phone that answered for it.
	Proven bool
}

// Moments are the steps of a test before which its world may change: those that do
// something, and its end.
func (t *Test) Moments() []int {
	var list []int
	for i, s := range t.steps {
		if s.kind != see && s.kind != end && s.kind != expect {
			list = append(list, i)
		}
	}
	return append(list, len(t.steps))
}

// RunChanging plays a test as Run does until it comes to a step, counted from 0, and lets
// the world change there. Then it goes on to give the person's answers until one of them
// cannot be given any more; what the test expects to see is not judged from then on. An
// error means that the test could not be played, or failed before the change.
func (s *Suite) RunChanging(ctx context.Context, t *Test, at int, change func(context.Context, World) error) (*Changed, error) {
	r, err := s.open(ctx, t, false)
	if err != nil {
		return nil, fmt.Errorf("open the world of %q: %w", t.Name, err)
	}
	defer func() { _ = r.lab.Close() }() // what it leaves behind is in memory, or removed with its folder
	before := *t
	before.steps = t.steps[:at]
	r.test = &before
	if err := r.play(ctx); err != nil {
		return nil, err
	}
	if len(r.failures) > 0 {
		return nil, fmt.Errorf("%q fails before its step %d: %s", t.Name, at, r.failures[0].Text)
	}
	c := &Changed{Before: r.now, Proven: r.hasProven(t.steps[:at])}
	if err := change(ctx, r.lab.World); err != nil {
		return nil, fmt.Errorf("change the world of %q: %w", t.Name, err)
	}
	for _, step := range t.steps[at:] {
		if step.kind == see || step.kind == end || step.kind == expect {
			continue
		}
		step.expect = nil
		if err := r.take(ctx, step); err != nil {
			return nil, fmt.Errorf("step in line %d: %w", step.Line, err)
		}
		if len(r.failures) > 0 {
			break
		}
	}
	c.After, err = r.runner.Get(ctx, r.id, engine.Access{Manager: true})
	return c, err
}

// hasProven reports whether the current execution has authenticated somebody, which made its
// handle another one, or a phone has answered.
func (r *running) hasProven(steps []step) bool {
	for _, s := range steps {
		if (s.kind == push || s.kind == qr) && s.name == "approve" {
			return true
		}
	}
	return r.handle != r.firstHandle
}
