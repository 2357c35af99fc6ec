package engine

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
)

// Actions that the engine adds to a screen's own.
const (
	actionPoll     = "poll"
	outcomeTimeout = "timeout"
	outcomeDone    = "done"
)

// Resume answers the current step: token, action, and the form if the action takes one.
//
// The same answer given twice has one effect; the second is answered with the current
// step and Repeated. Errors, none of which changes anything: NOT_FOUND, STALE_TOKEN,
// INVALID_ACTION, NOT_WAITING, FORM_INVALID (these four with the current execution),
// RATE_LIMITED, CONTENDED, UNAVAILABLE.
func (r *Runner) Resume(ctx context.Context, id string, q ResumeRequest) (*Execution, error) {
	return r.run(ctx, id, "FLOW.STEPPED", func(w *walker) error {
		w.client = true
		return w.answer(q)
	})
}

func (w *walker) answer(q ResumeRequest) error {
	step, genuine := w.r.secrets.stepOf(w.st.id, q.Token)
	mark, err := w.r.secrets.printOf(w.st.id, q.Action, q.Form)
	if err != nil {
		return err
	}
	repeats := genuine && w.isRepeat(step, mark)
	if !w.mayAnswer(q.Access, repeats) {
		w.refusal = notFound()
		return nil
	}
	if w.isStopped() {
		w.refusal = stoppedError(w.st.head.Flow)
		return nil
	}
	if repeats {
		w.repeat = true
		return nil
	}
	w.updateRequest(q.Request, q.Access.Manager)
	w.hear(q.Client)
	if err := w.fireDue(); err != nil {
		return err
	}
	switch {
	case w.st.head.Status != Waiting:
		w.refuse(NotWaiting, "the execution does not wait for an answer")
	case !genuine || step != w.st.head.Step || w.changed:
		w.refuse(StaleToken, "this step is over; the current one is in `execution`")
	default:
		return w.accept(q, mark)
	}
	return nil
}

func (w *walker) refuse(code Code, text string) { w.refusal = &Error{Code: code, Text: text} }

// isRepeat reports whether this is the answer given last, with nothing moved since.
func (w *walker) isRepeat(step int, mark []byte) bool {
	a := w.st.head.Answered
	return a != nil && a.Step == step && w.st.head.Step == a.Next && bytes.Equal(a.Print, mark)
}

// mayAnswer: the handle before the last rotation may repeat the step that rotated it,
// so that a client which lost that answer can get the new handle.
func (w *walker) mayAnswer(a Access, repeats bool) bool {
	if w.r.allowed(w.st, a) {
		return true
	}
	return repeats && w.st.head.rotatedByLast() && w.r.secrets.isHandle(w.st.id, w.st.head.Rotation-1, a.Handle)
}

// updateRequest keeps what the server saw of this request, and its address for what runs
// when no client waits: a timer, or whoever takes over. The holder of the management token
// is a back end that speaks for many people; its address is not kept.
func (w *walker) updateRequest(f RequestFacts, manager bool) {
	w.request = f
	if !manager {
		w.st.head.Address = f.IP
	}
	w.ctx = w.withSource(w.ctx)
}

// withSource tells capabilities for whom they run.
func (w *walker) withSource(ctx context.Context) context.Context {
	return connector.WithSource(ctx, connector.Source{Execution: w.st.id, Address: w.st.head.Address, DeviceSession: w.session})
}

// hear takes the client's newest word about itself.
func (w *walker) hear(c *ClientFacts) {
	if c == nil {
		return
	}
	w.st.head.Client = clientFacts{
		WebAuthn: or(c.WebAuthn, w.st.head.Client.WebAuthn),
		Locale:   or(c.Locale, w.st.head.Client.Locale),
	}
	w.session = c.DeviceSession
	w.ctx = w.withSource(w.ctx)
}

// accept checks action and form, and goes on.
func (w *walker) accept(q ResumeRequest, mark []byte) error {
	n := w.node()
	if q.Action == actionPoll && n.Poll != nil {
		return w.poll(n, mark)
	}
	offered, err := actions(w.st, n)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(offered, func(a StepAction) bool { return a.ID == q.Action })
	if i < 0 {
		w.refuse(InvalidAction, fmt.Sprintf("the step offers no action %.64q", q.Action))
		return nil
	}
	form := map[string]any{}
	if offered[i].Form {
		if form = q.Form; form == nil {
			form = map[string]any{}
		}
		if bad := checkForm(n.Screen, form); bad != nil {
			w.refusal = refuseFields(FormInvalid, "form has", bad)
			return nil
		}
	}
	w.keepAnswer(mark)
	w.typed(n, q.Action, form)
	return w.outcome(n, q.Action)
}

// keepAnswer remembers what ended the step, so that the same again has no effect.
func (w *walker) keepAnswer(mark []byte) {
	w.st.head.Answered = &answered{Step: w.st.head.Step, Print: mark}
	w.st.head.forgetIssued()
	w.answers = true
}

// outcome ends the wait.
func (w *walker) outcome(n *flows.Node, name string) error {
	w.st.head.Message = nil
	depth := w.st.depth()
	w.st.drop(slotName(depth, slotWith, ""))
	w.st.drop(slotName(depth, slotActions, ""))
	w.st.top().Deadline = 0
	w.r.polls.Delete(w.st.id)
	if err := w.leave(n, name, nil); err != nil {
		return err
	}
	return w.walk()
}

// typed keeps a form: whole for this step, without its secrets for later ones.
func (w *walker) typed(n *flows.Node, action string, form map[string]any) {
	kept := maps.Clone(form)
	for _, name := range n.Screen.Secret {
		delete(kept, name)
	}
	if w.secret == nil {
		w.secret = map[string]map[string]any{}
	}
	w.secret[n.ID] = form
	depth := w.st.depth()
	left := w.program().trim(n.ID, map[string]any{"form": kept, "action": action})
	if left != nil {
		w.st.set(slotName(depth, slotNode, n.ID), left)
	}
	if len(kept) > 0 {
		w.st.set(slotName(depth, slotForm, n.ID), kept)
	}
}

// checkForm validates a form. Fields that the screen does not have are refused; they come
// last, for a refusal lists only the first few errors.
func checkForm(s *flows.Screen, form map[string]any) []FieldError {
	var bad []FieldError
	var known map[string]any
	if s.Form != nil {
		bad = fieldErrors(s.Form, form)
		known, _ = s.Form.Doc["properties"].(map[string]any)
	}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if _, ok := known[name]; !ok {
			bad = append(bad, FieldError{Field: name, Key: "unknown", Text: "the screen has no such field"})
		}
	}
	return bad
}

func fieldErrors(p *connector.Part, v map[string]any) []FieldError {
	var bad []FieldError
	for _, x := range p.Validate(v) {
		if x.Pointer == "" && x.Keyword == "required" {
			bad = append(bad, missing(p.Doc, v)...)
			continue
		}
		if x.Keyword == "additionalProperties" {
			continue // said already, by name
		}
		field, _, _ := strings.Cut(strings.TrimPrefix(x.Pointer, "/"), "/")
		bad = append(bad, FieldError{Field: field, Key: x.Keyword, Text: x.Text})
	}
	return bad
}

func missing(doc, v map[string]any) []FieldError {
	var bad []FieldError
	required, _ := doc["required"].([]any)
	for _, name := range required {
		if s, ok := name.(string); ok {
			if _, there := v[s]; !there {
				bad = append(bad, FieldError{Field: s, Key: "required", Text: "is required"})
			}
		}
	}
	return bad
}

// poll asks the node's capability whether the wait is over. It answers with the same
// step and commits nothing unless something changed.
func (w *walker) poll(n *flows.Node, mark []byte) error {
	last, asked := w.r.polls.Load(w.st.id)
	if asked && w.now.Sub(last.(time.Time)) < n.Poll.Every {
		return nil
	}
	w.r.polls.Store(w.st.id, w.now)
	_, err := w.ask(n, mark)
	return err
}

// ask runs the poll once and reports whether it ended the wait. A poll that fails is
// no news: the screen stays as it is. mark is that of the client's answer, nil for none.
func (w *walker) ask(n *flows.Node, mark []byte) (over bool, err error) {
	input, err := w.object(n.Poll.With, nil, w.givenTo(n.Poll.Takes))
	if err != nil {
		return false, nil
	}
	done, ok := n.Poll.Capability.Run(w.ctx, connector.Call{Input: input, Key: w.callKey(n) + "/poll"}).(connector.Complete)
	if !ok {
		return false, nil
	}
	over, err = w.truth(n.Poll.Until, done.Output)
	if err != nil || !over {
		return false, nil
	}
	if mark != nil {
		w.keepAnswer(mark)
	}
	w.takeSession(n.Poll.Capability, done.Output)
	w.keepOutput(n, n.Poll.Capability, n.Poll.Save, n.Poll.SaveMember, done.Output)
	if done.Proof != nil {
		w.prove(n.Poll.Capability, *done.Proof)
	}
	w.note(TraceEntry{Event: "poll", Capability: n.Poll.Capability.ID, Expression: n.Poll.Until.Source, Value: true})
	return true, w.outcome(n, outcomeDone)
}
