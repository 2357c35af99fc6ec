package flowtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
)

// crash ends world and engine, and starts both again on what was stored: now, or in the
// middle of the next step.
func (r *running) crash(ctx context.Context, s step) error {
	if s.after != "" {
		r.dieAfter = s.after
		return nil
	}
	if err := r.lab.World.Crash(ctx); err != nil {
		return fmt.Errorf("crash: %w", err)
	}
	if err := r.boot(ctx); err != nil {
		return fmt.Errorf("start again: %w", err)
	}
	return r.look(ctx)
}

// fragile is a capability after which the power goes out, if a crash waits for its node
// or for this call of the step.
func (r *running) fragile(c connector.Capability) func(context.Context, connector.Call) connector.Outcome {
	return func(ctx context.Context, call connector.Call) connector.Outcome {
		out := c.Run(ctx, call)
		r.made++
		if r.made == r.dieAt || r.dieAfter != "" && nodeOf(call.Key) == r.dieAfter {
			r.lab.Unplug()
			r.dead = true
		}
		return out
	}
}

// perilously does a step. In a test of crashes it first lets the step die after each of
// its capabilities in turn, and starts everything again each time.
func (r *running) perilously(ctx context.Context, do func() (*engine.Execution, error)) (*engine.Execution, error) {
	if !r.everywhere || r.dieAfter != "" { // a step that is to die does so once
		return do()
	}
	for n := 1; ; n++ {
		before := maps.Clone(r.calls)
		r.made, r.dieAt = 0, n
		e, err := do()
		r.dieAt = 0
		if !r.dead {
			return e, err // it has fewer than n
		}
		r.dead, r.calls = false, before
		if err := r.crash(ctx, step{}); err != nil {
			return nil, err
		}
		r.crashes++
		if err == nil {
			return e, nil // nothing was to be written, so nothing got lost
		}
		if !errors.Is(err, &engine.Error{Code: engine.Unavailable}) {
			return nil, fmt.Errorf("the step went on without power: %w", err)
		}
	}
}

// nodeOf is the node that a call is made for. The engine's keys read
// execution/node/…/node/visit.
func nodeOf(key string) string {
	parts := strings.Split(key, "/")
	if len(parts) < 3 {
		return ""
	}
	return parts[len(parts)-2]
}

// died starts everything again after a step that was to die. Its answer got lost, so
// `again` may be the first time that it has an effect.
func (r *running) died(ctx context.Context, s step, err error) error {
	node := r.dieAfter
	r.dieAfter = ""
	switch {
	case !r.dead:
		r.breaks(s.Pos, fmt.Sprintf("this step was to die after node `%s`, and did not come there", node))
		return nil
	case !errors.Is(err, &engine.Error{Code: engine.Unavailable}):
		return fmt.Errorf("the step went on without power: %w", err)
	}
	r.dead, r.lost = false, true
	return r.crash(ctx, step{})
}
