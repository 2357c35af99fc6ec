package engine

import (
	"log/slog"
	"slices"

	"github.com/mfaflow/mfaflow/connector"
)

// undo is what the execution runs when it is left: when it ends in any other way than
// COMPLETED. Whoever makes something that must not outlive the execution gives one
// (connector.Undo). It is part of the state, so a time-out, a closed window, a cancel from
// outside and a crash lead to it as surely as a button does.
type undo struct {
	Subject    string         `json:"s"`
	Capability string         `json:"c"`
	Input      map[string]any `json:"i"`
}

// noteUndo keeps the undo that a run gives, and lets go of those that it makes needless.
func (w *walker) noteUndo(done connector.Complete) {
	h := &w.st.head
	if done.Keeps != "" {
		h.Undo = slices.DeleteFunc(h.Undo, func(u undo) bool { return u.Subject == done.Keeps })
	}
	if u := done.Undo; u != nil {
		h.Undo = append(h.Undo, undo{Subject: u.Subject, Capability: u.Capability, Input: u.Input})
	}
}

// undoAll undoes what the execution made, the last thing first. A refusal changes nothing:
// the execution ends all the same. An error drops the unit.
func (w *walker) undoAll() error {
	for _, u := range slices.Backward(w.st.head.Undo) {
		c, ok := w.r.caps.Lookup(u.Capability)
		if !ok {
			continue
		}
		out := c.Run(w.ctx, connector.Call{Input: u.Input, Key: w.st.id + "/undo/" + u.Subject})
		f, refused := out.(connector.Fail)
		switch {
		case !refused:
			w.note(TraceEntry{Event: "undo", Capability: c.ID})
		case dropsUnit(f.Err):
			return f.Err
		default:
			w.r.log.Warn("what an execution made was not undone", slog.String("execution", w.st.id),
				slog.String("capability", c.ID), slog.String("code", f.Code))
			w.note(TraceEntry{Event: "fail", Capability: c.ID, Error: &ErrorInfo{Code: f.Code}})
		}
	}
	return nil
}
