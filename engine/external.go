package engine

import (
	"context"
	"log/slog"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// An outside call is one whose effect the unit of work cannot take back and that must
// not be made twice. The step commits before it, saying RUNNING, who makes it and until
// when; the outcome goes into a second unit. If this process dies in between, whoever
// finds the record afterwards asks Recover (x-effect probe) or says OUTCOME_UNKNOWN
// (once): a call of unknown outcome is never made again.

// outside is what happens between two units: a call, or a nap before a retry.
type outside struct {
	node  *flows.Node
	entry *connector.Entry
	call  connector.Call
	nap   time.Duration

	step int     // of the execution while this is under way: whoever moves it takes over
	now  present // what only this step knows
}

// needsCommit reports whether a capability must be called between two commits.
func needsCommit(c *connector.Entry) bool {
	return !c.Joined && (c.Spec.Effect == connector.Once || c.Spec.Effect == connector.Probe)
}

// leaveTo ends this unit before the call.
func (w *walker) leaveTo(n *flows.Node, call connector.Call) error {
	w.call = &outside{node: n, entry: n.Capability, call: call}
	return nil
}

// park makes the execution RUNNING until the outside call or the nap is over.
func (w *walker) park() error {
	until := w.now.Add(w.call.nap)
	if w.call.nap <= w.r.limits.Nap { // the timer serves only if this process ends meanwhile
		until = until.Add(w.r.limits.Step)
	}
	w.call.now = w.present
	w.st.head.Running = &running{Owner: w.r.owner, Retry: w.call.nap > 0, Until: millis(until)}
	return w.become(eventCall)
}

// resumeAfter returns what the next unit does with the outcome of the call.
func (o *outside) resumeAfter(out connector.Outcome) func(*walker) error {
	return func(w *walker) error {
		if w.st.head.Running == nil || w.st.head.Step != o.step {
			return nil // somebody else took over, or a cancel came first
		}
		w.st.head.Running = nil
		w.present = o.now
		w.client, w.answers = true, true
		w.changed = true
		if o.nap > 0 {
			return w.walk()
		}
		if err := w.took(o.node, out); err != nil {
			return err
		}
		return w.walk()
	}
}

// make makes the call, or sleeps. No unit of work is open.
func (r *Runner) make(ctx context.Context, until time.Time, o *outside) connector.Outcome {
	if o.nap > 0 {
		<-r.after(o.nap)
		return nil
	}
	ctx, stop := context.WithDeadline(ctx, until)
	defer stop()
	ctx, cancel := r.deadline(ctx, o.node.Timeout)
	defer cancel()
	return timedOut(ctx, o.entry.Run(ctx, o.call))
}

// takeOver goes on with an execution whose owner is gone or whose nap is over.
func (w *walker) takeOver() error {
	run := w.st.head.Running
	w.st.head.Running = nil
	w.changed, w.answers = true, true
	if run.Retry {
		return w.walk()
	}
	n := w.node()
	unknown := connector.Fail{Code: connector.CodeOutcomeUnknown, Message: "the process ended during the call"}
	if n.Capability.Spec.Effect != connector.Probe {
		if err := w.took(n, unknown); err != nil {
			return err
		}
		return w.walk()
	}
	input, err := w.object(n.With, nil, w.givenTo(n.Takes))
	out := connector.Outcome(unknown)
	if err == nil {
		out = n.Capability.Recover(w.ctx, connector.Call{Input: input, Key: w.callKey(n)})
	}
	if err := w.took(n, out); err != nil {
		return err
	}
	return w.walk()
}

func (r *Runner) logFailure(execution, node string, f connector.Fail) {
	r.log.Warn("capability failed", slog.String("execution", execution), slog.String("node", node),
		slog.String("code", f.Code), slog.String("error", cond.HideText(f.Err.Error(), r.hash)))
}
