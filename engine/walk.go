package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/store"
)

// walker moves one execution inside one unit of work. It ends in one of four ways: a
// screen (WAITING), an outside call (call is set), an end, or a Go error, which drops
// the unit.
type walker struct {
	scope

	ctx    context.Context // of the unit; capabilities get it with the step's deadline
	tx     *store.Tx
	now    time.Time
	bundle *Bundle

	client  bool // a client waits for the answer of this unit
	answers bool // this unit is part of the step answered last
	visits  int  // in this step
	changed bool
	call    *outside // what to do between this unit and the next
	refusal *Error   // what to tell the caller; what changed is committed all the same
	repeat  bool
	rotated bool
	fresh   bool // the answer of this unit carries a new remember-me value
	trace   []TraceEntry

	gaveBack  map[string]any // the outputs of the end that was reached, as the audit holds them
	confirmed bool           // the proofs were judged in this unit, and nothing ran since that could matter
}

// walk goes on from the current node until there is something to wait for.
func (w *walker) walk() error {
	w.changed = true
	for !w.st.head.Status.final() && w.call == nil {
		shown, err := w.enter()
		if err != nil || shown {
			return err
		}
	}
	return nil
}

// isStopped reports whether the execution cannot go on in this version: its flow or one
// that it calls cannot run. It can be canceled, it expires, and it goes on with a version
// that can run it.
func (w *walker) isStopped() bool {
	h := &w.st.head
	return !h.Status.final() && w.bundle.programs[h.Flow] == nil
}

func (w *walker) program() *Program { return w.bundle.programs[w.st.top().Flow] }

func (w *walker) node() *flows.Node { return w.program().nodes[w.st.top().Node] }

// enter begins a visit of the current node and does what its kind says.
func (w *walker) enter() (shown bool, err error) {
	n := w.node()
	if n == nil {
		return false, fmt.Errorf("flow %s has no node %q", w.st.top().Flow, w.st.top().Node)
	}
	if !w.count(n) {
		return false, w.finish(eventFail, "failed", &ErrorInfo{
			Code: connector.CodeLimitExceeded, Message: "too many nodes were visited", Path: w.path()})
	}
	switch n.Kind {
	case flows.Decide:
		return false, w.leave(n, "", nil)
	case flows.Match:
		return false, w.match(n)
	case flows.Uses:
		return false, w.uses(n)
	case flows.Show:
		return w.show(n)
	case flows.Call:
		return false, w.push(n)
	case flows.End:
		return false, w.end(n)
	}
	return false, fmt.Errorf("node %q is of unknown kind %d", n.ID, n.Kind)
}

// count notes the visit and forgets what the last one left, unless this is a retry. It
// reports false when the execution went round too often.
func (w *walker) count(n *flows.Node) bool {
	f := w.st.top()
	w.visits++
	w.st.head.Visits++
	limits := w.r.limits
	if w.visits > limits.StepVisits || w.st.head.Visits > limits.TotalVisits {
		return false
	}
	if f.Attempt == 0 {
		if f.Visits == nil {
			f.Visits = map[string]int{}
		}
		f.Visits[n.ID]++
		w.st.drop(slotName(w.st.depth(), slotNode, n.ID))
	}
	return true
}

// match routes by the value of an expression.
func (w *walker) match(n *flows.Node) error {
	v, err := w.eval(n.On, nil)
	if err != nil {
		return w.fail(n, infoOf(err))
	}
	w.note(TraceEntry{Event: "match", Expression: n.On.Source, Read: w.read(n.On, nil), Value: w.hide(v, n.On.Program.Type())})
	return w.leave(n, matchText(v), nil)
}

// matchText spells a match value as the outcome that `next` names it by.
func matchText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool, int, int64:
		return fmt.Sprint(v)
	case float64:
		if v == float64(int64(v)) {
			return fmt.Sprint(int64(v))
		}
	}
	return "" // nil and what else no route can name: else
}

// leave ends a visit well: set, then the first edge that fits.
func (w *walker) leave(n *flows.Node, outcome string, out any) error {
	w.st.top().Attempt = 0
	if err := w.assign(n, out); err != nil {
		return w.fail(n, infoOf(err))
	}
	fallback := -1
	for i := range n.Next {
		r := &n.Next[i]
		switch {
		case r.When != nil:
			ok, err := w.truth(r.When, out)
			if err != nil {
				return w.fail(n, infoOf(err))
			}
			w.note(TraceEntry{Event: "when", Expression: r.When.Source, Read: w.read(r.When, out), Value: ok})
			if ok {
				return w.follow(n, flows.NextEdge(n, i), r, nil)
			}
		case r.On == "" || r.On == outcome:
			return w.follow(n, flows.NextEdge(n, i), r, nil)
		case r.On == "else":
			fallback = i
		}
	}
	if fallback >= 0 {
		return w.follow(n, flows.NextEdge(n, fallback), &n.Next[fallback], nil)
	}
	return w.fail(n, &ErrorInfo{Code: connector.CodeInternal, Message: fmt.Sprintf("outcome %q has no route", outcome)})
}

// assign computes `set:`. All values are computed before any is set.
func (w *walker) assign(n *flows.Node, out any) error {
	if len(n.Set) == 0 {
		return nil
	}
	values := make([]any, len(n.Set))
	for i, m := range n.Set {
		var err error
		if values[i], err = w.value(m.Value, out, place{}); err != nil {
			return err
		}
	}
	for i, m := range n.Set {
		w.st.set(slotName(w.st.depth(), slotVar, m.Name), values[i])
	}
	return nil
}

// follow takes an edge, which the trace names. info is the error that a catch edge was
// taken for.
func (w *walker) follow(n *flows.Node, edge string, r *flows.Route, info *ErrorInfo) error {
	if r.Message != nil {
		params, err := w.object(r.Message.With, nil, place{kind: leaves})
		if err != nil {
			return w.fail(n, infoOf(err))
		}
		w.st.head.Message = &StepMessage{Key: r.Message.Key, Params: withDetails(params, info)}
	}
	w.note(TraceEntry{Event: "next", Next: r.To, Edge: edge, Error: info})
	w.st.top().Node = r.To
	return nil
}

// withDetails gives a message the members of the error's innerError, for texts such as
// "2 tries left". What the flow sets by hand wins.
func withDetails(params map[string]any, info *ErrorInfo) map[string]any {
	if info != nil {
		inner, ok := info.Details["innerError"].(map[string]any)
		if !ok {
			inner = info.Details
		}
		for k, v := range inner {
			if _, set := params[k]; !set && isScalar(v) {
				params[k] = v
			}
		}
	}
	if len(params) == 0 {
		return nil
	}
	return params
}

func isScalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any, nil:
		return false
	}
	return true
}

// path is the node ids from the outermost flow to the current node.
func (w *walker) path() []string {
	path := make([]string, len(w.st.head.Frames))
	for i, f := range w.st.head.Frames {
		path[i] = f.Node
	}
	return path
}

// note records what happened for the trace.
func (w *walker) note(e TraceEntry) {
	e.Error = w.hideError(e.Error)
	e.At, e.Step, e.Path = w.now, w.st.head.Step, w.path()
	w.trace = append(w.trace, e)
}

// read returns the values that a decision read, without secrets and names of people.
func (w *walker) read(e *flows.Expr, out any) map[string]any {
	env, err := w.roots(e.Program, out)
	if err != nil {
		return nil
	}
	values := map[string]any{}
	for i, path := range e.Program.Reads() {
		values[joinPath(path)] = shorten(w.hide(lookup(env, path), e.Program.ReadType(i)))
	}
	return values
}
