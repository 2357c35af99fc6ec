package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// walk is one execution in the terminal. Everything happens in one goroutine, in turn:
// a step, the delivery of its messages, the timers that are due. So a code is printed
// before it is asked for.
type walk struct {
	app  *app
	mail *mailbox
	in   *lines
	out  printer
	rec  *record

	polled time.Time // when the step shown was polled last
}

// mailbox takes the messages of every channel.
type mailbox struct {
	arrived func(outbox.Message)
	seen    map[string]bool  // by id: a message may come twice
	list    []outbox.Message // newest first
}

func (m *mailbox) send(_ context.Context, msg outbox.Message) error {
	if m.seen[msg.ID] {
		return nil
	}
	m.seen[msg.ID] = true
	m.list = slices.Insert(m.list, 0, msg)
	m.arrived(msg)
	return nil
}

var manager = engine.Access{Manager: true}

// errCancel says that the person wants no more.
var errCancel = errors.New("canceled")

var errStopped = errors.New("the store has stopped")

// on walks to the end. When the input ends, or the process is told to, the execution is
// canceled.
func (w *walk) on(ctx context.Context, e *engine.Execution) (*engine.Execution, error) {
	for {
		if err := w.deliver(ctx); err != nil {
			return nil, err
		}
		var err error
		switch e.Status {
		case engine.Waiting:
			e, err = w.step(ctx, e)
		case engine.Running:
			e, err = w.later(ctx, e)
		default:
			return e, nil
		}
		switch {
		case errors.Is(err, errCancel):
			return w.cancel(ctx, e)
		case err != nil:
			return nil, err
		}
	}
}

func (w *walk) deliver(ctx context.Context) error {
	if _, err := w.app.outbox.Drain(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("deliver messages: %w", err)
	}
	return nil
}

// cancel ends an execution that is left open.
func (w *walk) cancel(ctx context.Context, e *engine.Execution) (*engine.Execution, error) {
	w.rec.canceled(e.Step)
	e, err := w.app.runner.Cancel(context.WithoutCancel(ctx), e.ID, manager)
	if err != nil {
		return nil, fmt.Errorf("cancel: %w", err)
	}
	return e, nil
}

// later waits for an outside call.
func (w *walk) later(ctx context.Context, e *engine.Execution) (*engine.Execution, error) {
	select {
	case <-ctx.Done():
		return e, errCancel
	case <-time.After(time.Duration(e.PollAfterMs) * time.Millisecond):
	}
	return w.look(ctx, e)
}

// look returns the execution as it is now.
func (w *walk) look(ctx context.Context, e *engine.Execution) (*engine.Execution, error) {
	now, err := w.app.runner.Get(ctx, e.ID, manager)
	switch {
	case ctx.Err() != nil:
		return e, errCancel
	case err != nil:
		return e, fmt.Errorf("read the execution: %w", err)
	}
	return now, nil
}

// step shows a step and asks until an answer is accepted or the step is over. With
// errCancel it returns the execution that is left.
func (w *walk) step(ctx context.Context, e *engine.Execution) (*engine.Execution, error) {
	began := time.Now()
	w.polled = began
	w.out.step(e)
	for a := newAnswer(e.Step, e.Step.Values); ; a = a.again() {
		moved, err := w.collect(ctx, e, a)
		if err != nil {
			return e, err
		}
		if moved != nil {
			w.rec.moved(e.Step, began)
			return moved, nil
		}
		next, err := w.app.runner.Resume(ctx, e.ID, engine.ResumeRequest{
			Token: e.Step.Token, Action: a.action.ID, Form: a.form, Access: manager,
		})
		if err == nil {
			w.rec.answered(e.Step, a)
			return next, nil
		}
		var refused *engine.Error
		if !errors.As(err, &refused) || refused.Code == engine.Internal || refused.Code == engine.Unavailable {
			return e, fmt.Errorf("answer %s: %w", e.Step.Node, err)
		}
		w.out.refused(e.Step, refused)
		if now := refused.Execution; now != nil && (now.Step == nil || now.Step.Token != e.Step.Token) {
			w.rec.moved(e.Step, began)
			return now, nil
		}
		a.bad = refused.Fields
	}
}

// collect asks for what the answer lacks. It returns the execution when that went on by
// itself meanwhile.
func (w *walk) collect(ctx context.Context, e *engine.Execution, a *answer) (moved *engine.Execution, err error) {
	for q := a.next(); q != nil; q = a.next() {
		if a.waits {
			moved, err = w.sit(ctx, e)
			if moved != nil || err != nil {
				return moved, err
			}
		}
		text, moved, err := w.line(ctx, e, q)
		if moved != nil || err != nil {
			return moved, err
		}
		if problem := a.take(q, text); problem != "" {
			w.out.note(problem)
		}
	}
	return nil, nil
}

// line asks for a line and attends to what happens meanwhile. A line begun at a screen
// that is over, seen where this one must not be or the other way round, is thrown away.
func (w *walk) line(ctx context.Context, e *engine.Execution, q *question) (string, *engine.Execution, error) {
	for {
		other := w.in.ask(q.secret)
		if other {
			w.out.note("press Enter to go on")
		} else {
			w.out.prompt(q)
		}
		text, moved, err := w.read(ctx, e)
		if moved != nil || err != nil || !other {
			return text, moved, err
		}
	}
}

// read waits for the line that was asked for.
func (w *walk) read(ctx context.Context, e *engine.Execution) (string, *engine.Execution, error) {
	for {
		select {
		case l := <-w.in.got:
			w.in.take()
			w.out.answered(w.in.secret)
			if errors.Is(l.err, io.EOF) {
				w.out.note("the input has ended")
				return "", nil, errCancel
			}
			return l.text, nil, l.err
		case <-w.due(e):
			moved, err := w.attend(ctx, e)
			if moved != nil || err != nil {
				return "", moved, err
			}
		case <-ctx.Done():
			return "", nil, errCancel
		case <-w.app.db.Failed():
			return "", nil, errStopped
		}
	}
}

// sit waits until the step changes by itself.
func (w *walk) sit(ctx context.Context, e *engine.Execution) (*engine.Execution, error) {
	for {
		select {
		case <-w.due(e):
			moved, err := w.attend(ctx, e)
			if moved != nil || err != nil {
				return moved, err
			}
		case <-ctx.Done():
			return nil, errCancel
		case <-w.app.db.Failed():
			return nil, errStopped
		}
	}
}

// due is when the step shown must be attended to: its next poll or its end.
func (w *walk) due(e *engine.Execution) <-chan time.Time {
	at := e.Step.ExpiresAt
	if polls(e.Step) {
		if next := w.polled.Add(time.Duration(e.Step.PollAfterMs) * time.Millisecond); next.Before(at) {
			at = next
		}
	}
	return time.After(max(time.Until(at), time.Millisecond))
}

// attend fires what is due and polls. It returns the execution if it is at another step.
func (w *walk) attend(ctx context.Context, e *engine.Execution) (moved *engine.Execution, err error) {
	if _, err := w.app.runner.Tick(ctx); err != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("timers: %w", err)
	}
	if polls(e.Step) {
		w.polled = time.Now()
		_, err := w.app.runner.Resume(ctx, e.ID, engine.ResumeRequest{Token: e.Step.Token, Action: pollAction, Access: manager})
		var refused *engine.Error // the step is over: that is seen below
		if err != nil && !errors.As(err, &refused) {
			return nil, fmt.Errorf("poll: %w", err)
		}
	}
	now, err := w.look(ctx, e)
	if err != nil {
		return nil, err
	}
	if now.Status == engine.Waiting && now.Step.Token == e.Step.Token {
		return nil, w.deliver(ctx)
	}
	w.out.answered(true)
	if !time.Now().Before(e.Step.ExpiresAt) {
		w.out.note("this took too long")
	}
	return now, nil
}
