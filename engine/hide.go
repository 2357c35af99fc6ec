package engine

import (
	"reflect"
	"regexp"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// Trace, audit and log outlive the execution and are read by others than the person, so
// they hold no secret, and of a name or an address a keyed hash: the same value is the
// same hash, which tells that two entries are about one person and not about whom.

func (w *walker) hide(v any, t *cond.Type) any { return cond.Hide(v, t, w.r.hash) }

// errorCode is what codes of errors look like.
var errorCode = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// hideError is an error as the trace holds it.
func (w *walker) hideError(e *ErrorInfo) *ErrorInfo {
	if e == nil {
		return nil
	}
	if e.Hidden != nil {
		c := *e.Hidden
		c.Path = e.Path
		return &c
	}
	c := *e
	if !errorCode.MatchString(e.Code) { // which an expression of the flow gave
		c.Code = w.r.hash(e.Code)
	}
	c.Message = cond.HideText(e.Message, w.r.hash)
	if e.Details != nil {
		c.Details, _ = w.hide(e.Details, nil).(map[string]any)
	}
	return &c
}

// withHidden is an error that an `end` gives, with what trace and audit hold of it if the
// types of its expressions say more than the values do.
func (w *walker) withHidden(e *ErrorInfo, of flows.Value, v any) *ErrorInfo {
	hidden := w.hideError(errorOf(w.hideValue(of, v)))
	if !reflect.DeepEqual(hidden, w.hideError(e)) {
		e.Hidden = hidden
	}
	return e
}

// hideMembers are computed members as the audit holds them.
func (w *walker) hideMembers(list []flows.Member, values map[string]any) map[string]any {
	hidden := make(map[string]any, len(list))
	for _, m := range list {
		if v, ok := values[m.Name]; ok {
			hidden[m.Name] = w.hideValue(m.Value, v)
		}
	}
	return hidden
}

// hideValue walks a value beside what it was computed from.
func (w *walker) hideValue(of flows.Value, v any) any {
	switch {
	case of.Expr != nil:
		return w.hide(v, of.Expr.Program.Type())
	case of.Map != nil:
		members, _ := v.(map[string]any)
		return w.hideMembers(of.Map, members)
	case of.List != nil:
		items, _ := v.([]any)
		hidden := make([]any, len(items))
		for i, item := range items {
			hidden[i] = w.hideValue(of.List[i], item)
		}
		return hidden
	}
	return w.hide(v, nil)
}
