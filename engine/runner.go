package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/cond"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
)

// Runner runs executions. It keeps nothing in memory that it could not lose.
type Runner struct {
	db          *store.DB
	caps        *connector.Registry
	environment string
	env         map[string]any
	limits      Limits
	log         *slog.Logger
	after       func(time.Duration) <-chan time.Time

	secrets   secrets
	hash      func(string) string         // what stands for a name or an address in trace, audit and log
	outside   bool                        // some capability works outside the unit of work
	owner     string                      // this Runner, in records of outside calls
	cancelers map[string]*connector.Entry // x-resource name → the capability that cancels one
	catalog   *Catalog
	wake      chan struct{} // a timer earlier than the one Run waits for

	polls sync.Map // execution id → time of the last poll
}

// New makes a Runner. It reads nothing yet: Run fires timers and takes over what an
// earlier process left behind.
func New(o Options) (*Runner, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	r := &Runner{
		db: o.DB, caps: o.Capabilities, environment: o.Environment, limits: o.Limits,
		log: o.Log, after: o.After, owner: o.DB.NewID(), wake: make(chan struct{}, 1),
		env: map[string]any{}, cancelers: map[string]*connector.Entry{},
		secrets: secrets{
			token: o.DB.Derive("engine/token"), handle: o.DB.Derive("engine/handle"),
			print: o.DB.Derive("engine/print"), epoch: o.DB.Epoch(),
		},
	}
	r.hash = audit.Pseudonyms(o.DB, o.Environment)
	for k, v := range o.Env {
		r.env[k] = v
	}
	for _, e := range o.Capabilities.All() {
		r.outside = r.outside || !e.Joined
		if c := e.Spec.Cancels; c != nil {
			r.cancelers[c.Resource] = e
		}
	}
	r.catalog = newCatalog(r, o.Env)
	return r, nil
}

// Catalog holds the flows that this Runner runs.
func (r *Runner) Catalog() *Catalog { return r.catalog }

// Get returns an execution as it is. Errors: NOT_FOUND (also for a wrong handle),
// UNAVAILABLE.
func (r *Runner) Get(ctx context.Context, id string, a Access) (*Execution, error) {
	st, err := r.read(ctx, id)
	if err != nil {
		return nil, err
	}
	if !r.allowed(st, a) {
		return nil, notFound()
	}
	b, err := r.catalog.bundle(ctx, st.head.Pins)
	if err != nil {
		return nil, refuse(err)
	}
	e, err := r.view(st, b)
	if err != nil {
		return nil, refuse(err)
	}
	return e, nil
}

func (r *Runner) read(ctx context.Context, id string) (*state, error) {
	if !canonicalID(id) {
		return nil, notFound()
	}
	recs, err := r.db.Get(ctx, r.key(id))
	if err != nil {
		return nil, refuse(err)
	}
	if recs[0].Rev == 0 {
		return nil, notFound()
	}
	st, err := decodeState(id, recs[0].Value)
	if err != nil {
		return nil, refuse(err)
	}
	return st, nil
}

func (r *Runner) key(id string) store.Key { return store.K(r.environment, "exec", id) }

func (r *Runner) allowed(st *state, a Access) bool {
	return a.Manager || (a.Handle != "" && r.secrets.isHandle(st.id, st.head.Rotation, a.Handle))
}

// Cancel ends an open execution as CANCELED and cancels what it leaves open. Errors:
// NOT_FOUND, NOT_WAITING (with the execution), CONTENDED, UNAVAILABLE.
func (r *Runner) Cancel(ctx context.Context, id string, a Access) (*Execution, error) {
	return r.run(ctx, id, "FLOW.CANCELED", func(w *walker) error {
		if !r.allowed(w.st, a) {
			w.refusal = notFound()
			return nil
		}
		if w.st.head.Status.final() {
			w.refusal = &Error{Code: NotWaiting, Text: "the execution is finished"}
			return nil
		}
		return w.finish(eventCancel, "canceled", nil)
	})
}

// run does one step: a unit of work for do, and if that ends before an outside call,
// the call and further units. It runs on when ctx is canceled; the caller waits no
// longer than Limits.Wait and is then told RUNNING.
func (r *Runner) run(ctx context.Context, id, kind string, do func(*walker) error) (*Execution, error) {
	if !canonicalID(id) {
		return nil, notFound()
	}
	work := func(ctx context.Context) (*Execution, error) { return r.runUnits(ctx, id, kind, do) }
	if !r.outside {
		return work(context.WithoutCancel(ctx)) // nothing to wait for but the commit, or a nap
	}
	return r.await(ctx, id, work)
}

// await runs work on its own and waits for it as long as Limits.Wait.
func (r *Runner) await(ctx context.Context, id string, work func(context.Context) (*Execution, error)) (*Execution, error) {
	type answer struct {
		e   *Execution
		err error
	}
	detached := context.WithoutCancel(ctx)
	done := make(chan answer, 1)
	go func() {
		e, err := work(detached)
		done <- answer{e, err}
	}()
	select {
	case a := <-done:
		return a.e, a.err
	case <-r.after(r.limits.Wait):
		return r.underWay(ctx, id)
	}
}

// underWay answers for a step that goes on without its request.
func (r *Runner) underWay(ctx context.Context, id string) (*Execution, error) {
	st, err := r.read(ctx, id)
	if err != nil {
		return nil, err
	}
	h := &st.head
	return &Execution{ID: id, Flow: h.Flow, Revision: h.Pins[h.Flow], Status: Running, PollAfterMs: pollRunning}, nil
}

func (r *Runner) runUnits(ctx context.Context, id, kind string, do func(*walker) error) (*Execution, error) {
	until := time.Now().Add(r.limits.Step) // of outside calls: the process's clock, not the flow's
	w, e, err := r.unit(ctx, id, kind, until, do)
	if err != nil {
		return nil, err
	}
	if w.refusal != nil {
		w.refusal.Execution = e
		return nil, w.refusal
	}
	if r.outside || w.call == nil {
		return r.carryOn(ctx, until, w, e)
	}
	return r.await(ctx, id, func(ctx context.Context) (*Execution, error) { return r.carryOn(ctx, until, w, e) })
}

// carryOn makes the outside calls that a unit ended before, each followed by a unit
// that takes its outcome, until there is none.
func (r *Runner) carryOn(ctx context.Context, until time.Time, w *walker, e *Execution) (*Execution, error) {
	for w.call != nil && w.call.nap <= r.limits.Nap {
		call := w.call
		out := r.make(w.withSource(ctx), until, call)
		next, view, err := r.unit(ctx, w.st.id, "FLOW.STEPPED", until, call.resumeAfter(out))
		if err != nil {
			return nil, err
		}
		if view.Handle == "" {
			view.Handle = e.Handle // rotated in an earlier unit of this step
		}
		if view.DeviceSession == "" {
			view.DeviceSession = e.DeviceSession
		}
		w, e = next, view
	}
	return e, nil
}

// unit runs do in one unit of work and commits what it changed. The returned view is
// of the committed state. Capabilities get until as their deadline; the commit has none,
// so that a step which ran out of time is still counted.
func (r *Runner) unit(ctx context.Context, id, kind string, until time.Time, do func(*walker) error) (w *walker, e *Execution, err error) {
	err = r.db.Update(ctx, func(ctx context.Context, tx *store.Tx) error {
		w, e = nil, nil
		ctx, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		if err := tx.Latch(r.key(id)); err != nil {
			return err
		}
		tx.Own(r.key(id))
		recs, err := tx.Get(r.key(id))
		if err != nil {
			return err
		}
		if recs[0].Rev == 0 {
			return notFound()
		}
		st, err := decodeState(id, recs[0].Value)
		if err != nil {
			return err
		}
		b, err := r.catalog.bundle(ctx, st.head.Pins)
		if err != nil {
			return err
		}
		w = r.walker(ctx, tx, st, b)
		if err := do(w); err != nil {
			return err
		}
		e, err = w.commit(kind)
		return err
	})
	if err != nil {
		return nil, nil, refuse(err)
	}
	return w, e, nil
}

func (r *Runner) walker(ctx context.Context, tx *store.Tx, st *state, b *Bundle) *walker {
	now := tx.Now()
	w := &walker{
		scope: scope{r: r, st: st, budget: cond.NewBudget(r.limits.Exprs, now)},
		tx:    tx, now: now, bundle: b,
	}
	w.ctx = w.withSource(ctx)
	return w
}

// commit writes what the unit changed: execution, timer, audit.
func (w *walker) commit(kind string) (*Execution, error) {
	if w.refusal != nil && w.refusal.Code == NotFound {
		return nil, nil // whoever may not know of it sees nothing of it
	}
	if w.changed {
		if err := w.write(kind); err != nil {
			return nil, err
		}
	}
	if w.isStopped() {
		return nil, nil // it has nothing to show
	}
	e, err := w.r.view(w.st, w.bundle)
	if err != nil {
		return nil, err
	}
	e.Repeated = w.repeat
	if w.rotated || w.repeat && w.st.head.rotatedByLast() {
		e.Handle = w.r.secrets.handleOf(w.st.id, w.st.head.Rotation)
	}
	if w.fresh || w.repeat {
		e.DeviceSession = w.st.head.issuedValue()
	}
	return e, nil
}

func (w *walker) write(kind string) error {
	h := &w.st.head
	if w.call != nil {
		if err := w.park(); err != nil {
			return err
		}
	}
	h.Step++
	if h.First == 0 && h.Status == Waiting {
		h.First = h.Step
	}
	if w.call != nil {
		w.call.step = h.Step
	}
	if w.answers && h.Answered != nil {
		h.Answered.Next = h.Step
	}
	if h.Rotate && w.client {
		w.rotate()
	}
	w.giveSession()
	if err := w.record(kindOf(kind, h.Status)); err != nil {
		return err
	}
	w.arm()
	b, err := w.st.encode()
	if err != nil {
		return err
	}
	if len(b) > w.r.limits.StateBytes {
		if b, err = w.tooLarge(len(b)); err != nil {
			return err
		}
	}
	w.tx.Put(w.r.key(w.st.id), b)
	return nil
}

// rotate makes the handle another one, for the client that waits for this answer.
func (w *walker) rotate() {
	h := &w.st.head
	h.Rotate, w.rotated = false, true
	h.Rotation++
	h.RotatedBy = 0
	if h.Answered != nil {
		h.RotatedBy = h.Answered.Step
	}
}

// rotatedByLast reports whether the step answered last rotated the handle.
func (h *head) rotatedByLast() bool {
	return h.Rotation > 0 && h.Answered != nil && h.RotatedBy == h.Answered.Step
}

// tooLarge ends an execution whose state outgrew its limit.
func (w *walker) tooLarge(n int) ([]byte, error) {
	w.call = nil
	if w.st.head.Status.final() { // its outputs alone are too large
		w.st.head.Status = Running
	}
	err := w.finish(eventFail, "failed", &ErrorInfo{Code: connector.CodeLimitExceeded, Path: w.path(),
		Message: fmt.Sprintf("the execution's data is %d bytes, at most %d are kept", n, w.r.limits.StateBytes)})
	if err != nil {
		return nil, err
	}
	w.st.slots = map[string]*slot{}
	return w.st.encode()
}

// kindOf names the audit event: how the execution ended, if it did.
func kindOf(kind string, s Status) string {
	if s.final() {
		return "FLOW." + string(s)
	}
	return kind
}

func notFound() *Error { return &Error{Code: NotFound, Text: "there is no such execution"} }

// refuse turns an error of the store, or anything unforeseen, into a refusal.
func refuse(err error) error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, store.ErrBusy):
		return &Error{Code: RateLimited, Text: "too many requests for the same record wait already", Err: err}
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrContended):
		return &Error{Code: Contended, Text: "nothing happened; try again", Err: err}
	case errors.Is(err, store.ErrUnknown), errors.Is(err, store.ErrStopped):
		return &Error{Code: Unavailable, Text: "the service is stopping", Err: err}
	}
	return &Error{Code: Internal, Text: "something went wrong", Err: err}
}
