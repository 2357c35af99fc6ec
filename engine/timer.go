package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/store"
)

// An execution has one timer record, whose key begins with the time it fires. It is
// written only when something is due earlier than it fires; when it fires too early it
// is put where the execution says. The execution is the truth, the timer only a
// reminder: a timer that is left over changes nothing.

const timerLayout = "20060102T150405.000"

// timerKey orders timers by time.
func (r *Runner) timerKey(at int64, id string) store.Key {
	return store.K(r.environment, "timer", fromMillis(at).Format(timerLayout), id)
}

// next is when the execution needs attention without a client: a screen's or the flow's
// timeout, the end of an outside call or nap, the end of its retention.
func (w *walker) next() int64 {
	h := &w.st.head
	switch {
	case h.Status.final():
		return millis(fromMillis(h.Finished).Add(w.r.limits.Keep))
	case w.isStopped():
		return min(millis(w.now.Add(stoppedPause)), h.Expires)
	case h.Status == Running && h.Running != nil:
		return min(h.Running.Until, h.Expires)
	}
	return w.st.due()
}

// stoppedPause is how often an execution that cannot run is looked at again.
const stoppedPause = time.Minute

// arm puts the timer record where it is needed.
func (w *walker) arm() {
	at := w.next()
	if w.st.head.Timer != 0 && w.st.head.Timer <= at && w.st.head.Status != Running {
		return // while RUNNING the record also tells the next process of an orphan
	}
	if w.st.head.Timer != 0 {
		w.tx.Delete(w.r.timerKey(w.st.head.Timer, w.st.id))
	}
	w.st.head.Timer = at
	w.tx.Put(w.r.timerKey(at, w.st.id), []byte(w.st.head.Status))
	w.tx.AfterCommit(w.r.nudge)
}

func (r *Runner) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// fireDue does what is overdue: the flow's end before the screen's, so that both at
// once give one terminal state.
func (w *walker) fireDue() error {
	now, h := w.now.UnixMilli(), &w.st.head
	if h.Status.final() {
		return nil
	}
	if now >= h.Expires {
		return w.finish(eventExpire, "", &ErrorInfo{Code: connector.CodeFlowExpired})
	}
	if w.isStopped() {
		return nil
	}
	if h.Status == Running && h.Running != nil && now >= h.Running.Until {
		return w.takeOver()
	}
	if d := w.st.top().Deadline; h.Status == Waiting && d != 0 && now >= d {
		return w.timeout()
	}
	return nil
}

// timeout takes the screen's `timeout` outcome, unless the poll finds that what the
// screen waited for came first.
func (w *walker) timeout() error {
	n := w.node()
	w.changed = true
	if n.Poll != nil {
		if over, err := w.ask(n, nil); over || err != nil {
			return err
		}
	}
	w.note(TraceEntry{Event: "timeout"})
	return w.outcome(n, outcomeTimeout)
}

// Tick fires every timer that is due and returns when the next one is; zero: none. It
// is safe to call at any time, from several Runners on one store.
func (r *Runner) Tick(ctx context.Context) (next time.Time, err error) {
	var failed []error
	for rec, err := range r.db.Scan(ctx, store.Under(store.K(r.environment, "timer", ""))) {
		if err != nil {
			return time.Time{}, refuse(err)
		}
		at, id, err := parseTimer(rec.Key)
		if err != nil {
			return time.Time{}, refuse(err)
		}
		if at.After(r.db.Now()) {
			return at, errors.Join(failed...)
		}
		if err := r.fire(ctx, rec.Key, id); err != nil {
			failed = append(failed, err) // one execution must not hold up the others
		}
	}
	return time.Time{}, errors.Join(failed...)
}

func parseTimer(k store.Key) (time.Time, string, error) {
	parts := strings.Split(string(k), "/")
	if len(parts) < 2 {
		return time.Time{}, "", fmt.Errorf("timer key of %d parts", len(parts))
	}
	at, err := time.Parse(timerLayout, parts[len(parts)-2])
	if err != nil {
		return time.Time{}, "", fmt.Errorf("timer key: %w", err)
	}
	return at, parts[len(parts)-1], nil
}

// idemTimer begins the name of a timer that removes the record of an Idempotency-Key.
const idemTimer = "idem-"

// fire serves one timer record and removes it.
func (r *Runner) fire(ctx context.Context, key store.Key, id string) error {
	if idem, ok := strings.CutPrefix(id, idemTimer); ok {
		return r.forgetIdem(ctx, key, r.idemKey(idem))
	}
	_, err := r.runUnits(store.Background(context.WithoutCancel(ctx)), id, "FLOW.TIMER", func(w *walker) error {
		return w.ring(key)
	})
	var known *Error
	if errors.As(err, &known) && known.Code == NotFound {
		return r.forget(ctx, key)
	}
	return err
}

// forget deletes a timer whose execution is gone.
func (r *Runner) forget(ctx context.Context, timer store.Key) error {
	err := r.db.Update(store.Background(ctx), func(_ context.Context, tx *store.Tx) error {
		tx.Delete(timer)
		return nil
	})
	if err != nil {
		return refuse(err)
	}
	return nil
}

// forgetIdem deletes the record of an Idempotency-Key with its timer, unless the key
// was used anew meanwhile and so has a timer of its own.
func (r *Runner) forgetIdem(ctx context.Context, timer, key store.Key) error {
	err := r.db.Update(store.Background(ctx), func(_ context.Context, tx *store.Tx) error {
		tx.Delete(timer)
		recs, err := tx.Get(key)
		if err != nil || recs[0].Rev == 0 {
			return err
		}
		var i idem
		if err := json.Unmarshal(recs[0].Value, &i); err != nil {
			return fmt.Errorf("decode idempotency record: %w", err)
		}
		if i.Until <= tx.Now().UnixMilli() {
			tx.Delete(key)
		}
		return nil
	})
	if err != nil {
		return refuse(err)
	}
	return nil
}

func (w *walker) ring(key store.Key) error {
	w.tx.Delete(key)
	if w.r.timerKey(w.st.head.Timer, w.st.id) != key {
		return nil // left over
	}
	w.st.head.Timer = 0
	if w.st.head.Status.final() && w.now.UnixMilli() >= w.next() {
		w.tx.Delete(w.r.key(w.st.id))
		return nil
	}
	if err := w.fireDue(); err != nil {
		return err
	}
	if !w.changed {
		return w.rearm()
	}
	return nil
}

// rearm writes the execution with its new timer and nothing else: the step shown, and
// so its token, stay as they are.
func (w *walker) rearm() error {
	w.arm()
	b, err := w.st.encode()
	if err != nil {
		return err
	}
	w.tx.Put(w.r.key(w.st.id), b)
	return nil
}

// orphans takes over what an earlier process was running when it ended.
func (r *Runner) orphans(ctx context.Context) error {
	for rec, err := range r.db.Scan(ctx, store.Under(store.K(r.environment, "timer", ""))) {
		if err != nil {
			return refuse(err)
		}
		if Status(rec.Value) != Running {
			continue
		}
		_, id, err := parseTimer(rec.Key)
		if err != nil {
			return refuse(err)
		}
		_, err = r.runUnits(ctx, id, "FLOW.TAKEN_OVER", func(w *walker) error {
			run := w.st.head.Running
			if run == nil || run.Retry || run.Owner == r.owner || w.isStopped() {
				return nil
			}
			return w.takeOver()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Run takes over orphans, then fires timers as they come due, until ctx is done or the
// store stops. It returns nil when ctx is done.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.orphans(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	for {
		next, err := r.Tick(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, &Error{Code: Unavailable}):
			return err
		case err != nil:
			r.log.Error("timers", slog.Any("error", err))
			next = r.db.Now().Add(time.Second)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		case <-r.after(r.pause(next)):
		}
	}
}

// pause is how long Run sleeps: to the next timer, at most a minute, for the clock may
// be set.
func (r *Runner) pause(next time.Time) time.Duration {
	if next.IsZero() {
		return time.Minute
	}
	return min(max(next.Sub(r.db.Now()), 0), time.Minute)
}
