package engine

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/store"
)

// undo is what the execution runs when it is left: when it ends in any other way than
// COMPLETED. Whoever makes something that must not outlive the execution gives one
// (connector.Undo). It is part of the state, so a time-out, a closed window, a cancel from
// outside and a crash lead to it as surely as a button does.
//
// A person can finish elsewhere what was begun here: sign on to the new account in another
// window, or have the address proven by an administrator. What is somebody's by then stays,
// however this execution ends.
type undo struct {
	Subject    string         `json:"s"`
	Maker      string         `json:"m,omitempty"` // the capability that made the subject
	Capability string         `json:"c"`
	Input      map[string]any `json:"i"`
}

// undoKey is the record that stands as long as nobody has signed on as the subject of an
// undo. An execution that completes for the subject removes it.
func (r *Runner) undoKey(subject string) store.Key { return store.K(r.environment, "undo", subject) }

// noteUndo keeps the undo that a run gives, and lets go of those that it makes needless.
func (w *walker) noteUndo(maker string, done connector.Complete) {
	h := &w.st.head
	if done.Keeps != "" {
		h.Undo = slices.DeleteFunc(h.Undo, func(u undo) bool { return u.Subject == done.Keeps })
		w.tx.Delete(w.r.undoKey(done.Keeps))
	}
	if u := done.Undo; u != nil {
		h.Undo = append(h.Undo, undo{Subject: u.Subject, Maker: maker, Capability: u.Capability, Input: u.Input})
		w.tx.Put(w.r.undoKey(u.Subject), []byte(w.st.id))
	}
}

// settleUndos keeps what this execution made, and of other executions what is the user's
// whom this one has authenticated.
func (w *walker) settleUndos(result *Result) error {
	for _, u := range w.st.head.Undo {
		w.tx.Delete(w.r.undoKey(u.Subject))
	}
	if result == nil {
		return nil
	}
	open, err := w.hasUndo(result.UserID)
	if err == nil && open {
		w.tx.Delete(w.r.undoKey(result.UserID))
	}
	return err
}

// hasUndo reports whether nobody has signed on as the subject of an undo yet.
func (w *walker) hasUndo(subject string) (bool, error) {
	recs, err := w.tx.Get(w.r.undoKey(subject))
	if err != nil {
		return false, fmt.Errorf("read the undo of %s: %w", subject, err)
	}
	return recs[0].Rev != 0, nil
}

// undoAll undoes what the execution made, the last thing first. A refusal changes nothing:
// the execution ends all the same. An error drops the unit.
func (w *walker) undoAll() error {
	for _, u := range slices.Backward(w.st.head.Undo) {
		open, err := w.hasUndo(u.Subject)
		if err != nil {
			return err
		}
		if !open {
			continue
		}
		w.tx.Delete(w.r.undoKey(u.Subject))
		if err := w.undo(u); err != nil {
			return err
		}
	}
	return nil
}

// undo runs one undo, unless its subject is proven to be somebody's, or nobody can tell.
func (w *walker) undo(u undo) error {
	c, ok := w.r.caps.Lookup(u.Capability)
	if !ok {
		return nil
	}
	if maker, ok := w.r.caps.Lookup(u.Maker); ok {
		proven, fail := maker.IsProven(w.ctx, u.Subject)
		if fail != nil {
			return w.noteRefusedUndo(maker, *fail)
		}
		if proven {
			return nil
		}
	}
	if f, refused := c.Run(w.ctx, connector.Call{Input: u.Input, Key: w.st.id + "/undo/" + u.Subject}).(connector.Fail); refused {
		return w.noteRefusedUndo(c, f)
	}
	w.note(TraceEntry{Event: "undo", Capability: c.ID})
	return nil
}

// noteRefusedUndo tells that an undo was refused.
func (w *walker) noteRefusedUndo(c *connector.Entry, f connector.Fail) error {
	if dropsUnit(f.Err) {
		return f.Err
	}
	w.r.log.Warn("what an execution made was not undone", slog.String("execution", w.st.id),
		slog.String("capability", c.ID), slog.String("code", f.Code))
	w.note(TraceEntry{Event: "fail", Capability: c.ID, Error: &ErrorInfo{Code: f.Code}})
	return nil
}
