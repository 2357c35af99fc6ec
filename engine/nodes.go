package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/store"
)

// uses runs a capability, or leaves it to the space between two commits.
func (w *walker) uses(n *flows.Node) error {
	input, err := w.object(n.With, nil, w.givenTo(n.Takes))
	if err != nil {
		return w.fail(n, infoOf(err))
	}
	info, err := w.confirmProofs()
	if err != nil {
		return err
	}
	if info != nil {
		return w.finish(eventFail, "failed", info)
	}
	call := connector.Call{Input: input, Key: w.callKey(n)}
	if needsCommit(n.Capability) {
		return w.leaveTo(n, call)
	}
	ctx, cancel := w.r.deadline(w.ctx, n.Timeout)
	defer cancel()
	return w.took(n, timedOut(ctx, n.Capability.Run(ctx, call)))
}

// callKey is the same for every attempt at this visit and no other.
func (w *walker) callKey(n *flows.Node) string {
	return fmt.Sprintf("%s/%s/%d", w.st.id, strings.Join(w.path(), "/"), w.st.top().Visits[n.ID])
}

// timedOut gives a failure its right name when the time was up.
func timedOut(ctx context.Context, o connector.Outcome) connector.Outcome {
	f, failed := o.(connector.Fail)
	if failed && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return connector.Fail{Code: connector.CodeTimeout, Message: "the capability took too long", Err: f.Err}
	}
	return o
}

// took routes what a capability returned.
func (w *walker) took(n *flows.Node, o connector.Outcome) error {
	w.noteRun(n.Capability, o)
	switch o := o.(type) {
	case connector.Complete:
		w.note(TraceEntry{Event: "complete", Capability: n.Capability.ID})
		w.takeSession(n.Capability, o.Output)
		w.noteUndo(n.Capability.ID, o)
		w.forgetResource(n)
		w.keepOutput(n, n.Capability, n.Save, n.SaveMember, o.Output)
		if o.Proof != nil {
			w.prove(n.Capability, *o.Proof)
		}
		return w.leave(n, "", o.Output)
	case connector.Fail:
		if dropsUnit(o.Err) {
			return o.Err // not the capability's failure: the whole unit did not happen
		}
		if o.Err != nil {
			w.r.logFailure(w.st.id, n.ID, o)
		}
		info := &ErrorInfo{Code: o.Code, Message: o.Message, Details: o.Details, Path: w.path()}
		w.note(TraceEntry{Event: "fail", Capability: n.Capability.ID, Error: info})
		return w.fail(n, info)
	}
	return fmt.Errorf("capability %s returned an outcome of type %T", n.Capability.ID, o)
}

// dropsUnit reports an error of the store itself, met inside a joined capability. Only
// these drop a unit; routing them would count an attempt that was never made.
func dropsUnit(err error) bool {
	for _, of := range []error{store.ErrConflict, store.ErrContended, store.ErrBusy, store.ErrUnknown, store.ErrStopped, store.ErrCorrupt} {
		if errors.Is(err, of) {
			return true
		}
	}
	return false
}

// keepOutput stores what later steps can read of an output: the members that some
// expression names, the variable of `save`, and the resource for the day it must be
// canceled.
func (w *walker) keepOutput(n *flows.Node, c *connector.Entry, save, member string, out map[string]any) {
	depth := w.st.depth()
	if n.Kind == flows.Uses {
		if kept := w.program().trim(n.ID, out); kept != nil {
			w.st.set(slotName(depth, slotNode, n.ID), kept)
		}
	}
	if save != "" {
		var v any = out
		if member != "" {
			v = out[member]
		}
		w.st.set(slotName(depth, slotVar, save), v)
	}
	w.noteResource(c, out)
}

// push begins a sub-flow. The child sees nothing but its inputs.
func (w *walker) push(n *flows.Node) error {
	child := w.bundle.programs[n.Name]
	if child == nil {
		return fmt.Errorf("flow %q is not in the bundle", n.Name)
	}
	with, err := w.object(n.With, nil, w.givenTo(child.Flow.InputType))
	if err != nil {
		return w.fail(n, infoOf(err))
	}
	if len(w.st.head.Frames) > w.r.limits.CallDepth {
		return w.fail(n, &ErrorInfo{Code: connector.CodeLimitExceeded, Message: "sub-flows are nested too deep", Path: w.path()})
	}
	inputs, bad := completeInputs(child.Flow, with)
	if bad != nil {
		return w.fail(n, &ErrorInfo{Code: connector.CodeInputInvalid, Message: refuseFields(InputInvalid, "inputs have", bad).fieldText(), Path: w.path()})
	}
	w.note(TraceEntry{Event: "call", Next: n.Name})
	w.st.head.Frames = append(w.st.head.Frames, frame{Flow: n.Name, Node: child.Flow.Start})
	w.takeInputs(child.Flow, inputs)
	return nil
}

// end reaches an end: of the execution, or of a sub-flow, whose name is then the
// outcome of the node that called it. An end of the execution that gives an error is a
// failure whatever its name: who refuses somebody must not seem to let them in.
func (w *walker) end(n *flows.Node) error {
	outputs, err := w.object(n.Outputs, nil, place{kind: leaves})
	if err != nil {
		return w.fail(n, infoOf(err))
	}
	info, err := w.endError(n)
	if err != nil {
		return w.fail(n, infoOf(err))
	}
	if len(w.st.head.Frames) > 1 {
		if n.Error == nil && n.Name != "failed" {
			info = nil
		}
		return w.pop(n.Name, outputs, info)
	}
	w.st.set(slotName(0, slotOutputs, ""), outputs)
	w.gaveBack = w.hideMembers(n.Outputs, outputs)
	switch {
	case n.Error != nil, n.Name == "failed":
		return w.finish(eventFail, n.Name, info)
	case n.Name == "canceled":
		return w.finish(eventCancel, n.Name, nil)
	}
	return w.finish(eventComplete, n.Name, nil)
}

// endError is the error of an `end`: its own, else the one that led there.
func (w *walker) endError(n *flows.Node) (*ErrorInfo, error) {
	if n.Error == nil {
		if e := w.st.top().Error; e != nil {
			return e, nil
		}
		return &ErrorInfo{Code: connector.CodeFlowFailed}, nil
	}
	v, err := w.value(*n.Error, nil, place{kind: leaves})
	if err != nil {
		return nil, err
	}
	return w.withHidden(errorOf(v), *n.Error, v), nil
}

// errorOf reads what the `error:` of an end gives: a code, or a map.
func errorOf(v any) *ErrorInfo {
	switch v := v.(type) {
	case string:
		return &ErrorInfo{Code: v}
	case map[string]any:
		return errorOfMap(v)
	}
	return &ErrorInfo{Code: connector.CodeFlowFailed}
}

// errorOfMap reads {code, message?, details?}; other members go to details.
func errorOfMap(v map[string]any) *ErrorInfo {
	info := &ErrorInfo{Code: connector.CodeFlowFailed, Details: map[string]any{}}
	for k, member := range v {
		text, isText := member.(string)
		nested, isMap := member.(map[string]any)
		switch {
		case k == "code" && isText:
			info.Code = text
		case k == "message" && isText:
			info.Message = text
		case k == "details" && isMap:
			for dk, dv := range nested {
				info.Details[dk] = dv
			}
		case k == "path":
		default:
			info.Details[k] = member
		}
	}
	if len(info.Details) == 0 {
		info.Details = nil
	}
	return info
}

// pop returns from a sub-flow to the node that called it. info is what the end says of
// the reason: always if it is `failed`, else if it has an `error:` of its own.
func (w *walker) pop(outcome string, outputs map[string]any, info *ErrorInfo) error {
	w.dropTop()
	n := w.node()
	left := map[string]any{"outcome": outcome, "outputs": outputs}
	if kept := w.program().trim(n.ID, left); kept != nil {
		w.st.set(slotName(w.st.depth(), slotNode, n.ID), kept)
	}
	if n.Save != "" {
		w.st.set(slotName(w.st.depth(), slotVar, n.Save), outputs)
	}
	if info != nil { // so that an end the parent routes to carries it on
		w.st.top().Error = info
	}
	return w.leave(n, outcome, left)
}

func (w *walker) dropTop() {
	w.st.dropFrame(w.st.depth())
	w.st.head.Frames = w.st.head.Frames[:len(w.st.head.Frames)-1]
}

// show computes the step and waits for the person.
func (w *walker) show(n *flows.Node) (shown bool, err error) {
	with, err := w.object(n.With, nil, w.shownOn(n.Takes))
	if err != nil {
		return false, w.fail(n, infoOf(err))
	}
	offered, err := w.offered(n)
	if err != nil {
		return false, w.fail(n, infoOf(err))
	}
	depth := w.st.depth()
	w.st.set(slotName(depth, slotWith, ""), with)
	w.st.set(slotName(depth, slotActions, ""), offered)
	f := w.st.top()
	f.Deadline = 0
	if n.Timeout > 0 {
		f.Deadline = millis(w.now.Add(n.Timeout))
	}
	w.note(TraceEntry{Event: "show"})
	return true, w.become(eventShow)
}

// offered returns the ids of the actions that `actions:` leaves, in the screen's order.
func (w *walker) offered(n *flows.Node) ([]any, error) {
	narrow, err := w.object(n.Narrow, nil, place{})
	if err != nil {
		return nil, err
	}
	list := make([]any, 0, len(n.Actions))
	for _, a := range n.Actions {
		if keep, narrowed := narrow[a.ID].(bool); !narrowed || keep {
			list = append(list, a.ID)
		}
	}
	return list, nil
}

func (w *walker) become(e event) error {
	s, err := w.st.head.Status.on(e)
	if err != nil {
		return err
	}
	w.st.head.Status = s
	w.changed = true
	return nil
}

// deadline bounds one call by the node's timeout and the step's own.
func (r *Runner) deadline(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout > 0 {
		return context.WithTimeout(ctx, timeout)
	}
	return context.WithCancel(ctx)
}
