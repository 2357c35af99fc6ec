package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/store"
)

// Start begins an execution of the deployed revision of a flow and walks to its first
// screen or end. The answer carries the handle.
//
// A repeated start with the same IdempotencyKey and body gets the answer of the first
// while its first step is open. Errors: BAD_REQUEST (an IdempotencyKey of the wrong
// length), NOT_FOUND (no such flow, or not public), FORBIDDEN (an input the caller may not
// set), INPUT_INVALID (with Fields), IDEMPOTENCY_MISMATCH, STALE_TOKEN (a repeat too late),
// CONTENDED, UNAVAILABLE.
func (r *Runner) Start(ctx context.Context, q StartRequest) (*Execution, error) {
	if err := checkIdempotencyKey(q.IdempotencyKey); err != nil {
		return nil, err
	}
	body, err := r.startPrint(q)
	if err != nil {
		return nil, refuse(err)
	}
	var id string
	var before *Execution
	until := time.Now().Add(r.limits.Step)
	var w *walker
	var e *Execution
	err = r.db.Update(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		w, e, before = nil, nil, nil
		if q.IdempotencyKey != "" {
			known, err := r.repeatStart(ctx, tx, q, body)
			if err != nil || known != nil {
				before = known
				return err
			}
		}
		ctx, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		id = tx.NewID()
		if w, err = r.begin(ctx, tx, id, q); err != nil {
			return err
		}
		if q.IdempotencyKey != "" {
			if err := r.recordStart(tx, q, id, body); err != nil {
				return err
			}
		}
		if err := w.walk(); err != nil {
			return err
		}
		e, err = w.commit("FLOW.STARTED")
		return err
	})
	if err != nil {
		return nil, refuse(err)
	}
	if before != nil {
		return before, nil
	}
	return r.begun(ctx, id, w, e)
}

// begun goes on after the first unit, if it ended before an outside call.
func (r *Runner) begun(ctx context.Context, id string, w *walker, e *Execution) (*Execution, error) {
	if w.call != nil {
		first := e
		var err error
		e, err = r.await(ctx, id, func(ctx context.Context) (*Execution, error) {
			return r.carryOn(ctx, time.Now().Add(r.limits.Step), w, first)
		})
		if err != nil {
			return nil, err
		}
	}
	if e.Handle == "" {
		e.Handle = r.secrets.handleOf(id, 0)
	}
	return e, nil
}

// begin makes the state of a new execution.
func (r *Runner) begin(ctx context.Context, tx *store.Tx, id string, q StartRequest) (*walker, error) {
	b, err := r.catalog.deployed(tx)
	if err != nil {
		return nil, err
	}
	e := b.entries[q.Flow]
	if e != nil && e.program == nil && (q.Manager || e.flow == nil || e.flow.Public) {
		return nil, stoppedError(q.Flow)
	}
	p := b.programs[q.Flow]
	if p == nil || !(p.Flow.Public || q.Manager) {
		return nil, &Error{Code: NotFound, Text: fmt.Sprintf("there is no flow %q to start", q.Flow)}
	}
	if err := maySet(p.Flow, q); err != nil {
		return nil, err
	}
	inputs, bad := completeInputs(p.Flow, q.Inputs)
	if bad != nil {
		return nil, refuseFields(InputInvalid, "inputs have", bad)
	}
	st := newState(id)
	w := r.walker(ctx, tx, st, b)
	st.head = head{
		Flow: q.Flow, Pins: b.pins(q.Flow), Created: millis(w.now),
		Expires: millis(w.now.Add(or(p.Flow.Timeout, flows.DefaultTimeout))),
		Frames:  []frame{{Flow: q.Flow, Node: p.Flow.Start}},
	}
	w.takeInputs(p.Flow, inputs)
	w.client = true
	w.updateRequest(q.Request, q.Manager)
	w.hear(&q.Client)
	return w, nil
}

// maySet: without the management token only inputs marked `client: true`.
func maySet(f *flows.Flow, q StartRequest) error {
	if q.Manager {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(q.Inputs)) {
		i := slices.IndexFunc(f.Inputs, func(in flows.Input) bool { return in.Name == name })
		if i >= 0 && !f.Inputs[i].Client {
			return &Error{Code: Forbidden, Text: fmt.Sprintf("input %q may be set with the management token only", name)}
		}
	}
	return nil
}

// completeInputs validates a flow's inputs and fills in the defaults.
func completeInputs(f *flows.Flow, given map[string]any) (map[string]any, []FieldError) {
	var bad []FieldError
	inputs := make(map[string]any, len(f.Inputs))
	for _, in := range f.Inputs {
		v, ok := given[in.Name]
		switch {
		case ok:
			for _, x := range in.Schema.Validate(v) {
				bad = append(bad, FieldError{Field: in.Name + x.Pointer, Key: x.Keyword, Text: x.Text})
			}
			inputs[in.Name] = v
		case in.HasDefault:
			inputs[in.Name] = in.Default
		case in.Required:
			bad = append(bad, FieldError{Field: in.Name, Key: "required", Text: "is required"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(f.Inputs, func(in flows.Input) bool { return in.Name == name }) {
			bad = append(bad, FieldError{Field: name, Key: "unknown", Text: "the flow has no such input"})
		}
	}
	return inputs, bad
}
