package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/flows"
)

// view is the execution as its client sees it. It changes nothing.
func (r *Runner) view(st *state, b *Bundle) (*Execution, error) {
	h := &st.head
	e := &Execution{ID: st.id, Flow: h.Flow, Revision: h.Pins[h.Flow], Status: h.Status}
	switch {
	case h.Status == Waiting:
		var err error
		if e.Step, err = r.step(st, b); err != nil {
			return nil, err
		}
	case h.Status == Running:
		e.PollAfterMs = pollRunning
	default:
		e.Outcome, e.Error, e.Result = h.Outcome, h.Error.shown(), h.Result
		outputs, _, err := st.get(slotName(0, slotOutputs, ""))
		if err != nil {
			return nil, err
		}
		if m, ok := outputs.(map[string]any); ok && len(m) > 0 {
			e.Outputs = m
		}
	}
	return e, nil
}

// shown is an error as clients see it.
func (e *ErrorInfo) shown() *ErrorInfo {
	if e == nil || e.Hidden == nil {
		return e
	}
	c := *e
	c.Hidden = nil
	return &c
}

// pollRunning is how soon a client should ask again for a RUNNING execution, in ms.
const pollRunning = 1000

func (r *Runner) step(st *state, b *Bundle) (*Step, error) {
	f := st.top()
	p := b.programs[f.Flow]
	if b.programs[st.head.Flow] == nil {
		return nil, stoppedError(st.head.Flow)
	}
	if p == nil || p.nodes[f.Node] == nil {
		return nil, fmt.Errorf("flow %s has no node %q", f.Flow, f.Node)
	}
	n := p.nodes[f.Node]
	with, err := slotMap(st, slotWith, "")
	if err != nil {
		return nil, err
	}
	values, err := slotMap(st, slotForm, n.ID)
	if err != nil {
		return nil, err
	}
	s := &Step{
		Node: n.ID, Screen: n.Name, Title: n.Screen.Title, With: n.Screen.View(with), Values: withoutSecrets(values, n.Screen),
		Token: r.secrets.tokenOf(st.id, st.head.Step), Form: map[string]any{},
		ExpiresAt: fromMillis(st.due()), Message: r.message(st, p.Flow),
	}
	if n.Screen.Form != nil {
		s.Form = n.Screen.Form.Doc
	}
	if n.Poll != nil {
		s.PollAfterMs = int(n.Poll.Every.Milliseconds())
	}
	s.Actions, err = actions(st, n)
	return s, err
}

// withoutSecrets are the values of a form without its secret fields, which an earlier
// version may have kept.
func withoutSecrets(values map[string]any, s *flows.Screen) map[string]any {
	if !slices.ContainsFunc(s.Secret, func(name string) bool { return values[name] != nil }) {
		return values
	}
	kept := maps.Clone(values)
	for _, name := range s.Secret {
		delete(kept, name)
	}
	return kept
}

func slotMap(st *state, kind, name string) (map[string]any, error) {
	v, _, err := st.get(slotName(st.depth(), kind, name))
	if m, ok := v.(map[string]any); ok && err == nil {
		return m, nil
	}
	if kind == slotWith && err == nil {
		return map[string]any{}, nil
	}
	return nil, err
}

// actions are those offered when the screen was reached.
func actions(st *state, n *flows.Node) ([]StepAction, error) {
	v, _, err := st.get(slotName(st.depth(), slotActions, ""))
	if err != nil {
		return nil, err
	}
	offered, _ := v.([]any)
	list := make([]StepAction, 0, len(offered)+1)
	for _, a := range n.Actions {
		if slices.Contains(offered, any(a.ID)) {
			list = append(list, StepAction{ID: a.ID, Title: a.Title, Form: a.Form})
		}
	}
	if n.Poll != nil {
		list = append(list, StepAction{ID: actionPoll, Title: "Poll"})
	}
	return list, nil
}

// message is the pending message in the client's language.
func (r *Runner) message(st *state, f *flows.Flow) *StepMessage {
	m := st.head.Message
	if m == nil {
		return nil
	}
	text := r.text(f, or(st.head.Client.Locale, "en"), m.Key)
	var pairs []string
	for name, v := range m.Params {
		pairs = append(pairs, "{"+name+"}", matchText(v))
	}
	text = strings.NewReplacer(pairs...).Replace(text)
	return &StepMessage{Key: m.Key, Text: text, Params: m.Params}
}

// text finds a message: the flow's own before the library's, the locale before its
// language before English.
func (r *Runner) text(f *flows.Flow, locale, key string) string {
	language, _, _ := strings.Cut(locale, "-")
	for _, l := range []string{locale, language, "en"} {
		if t, ok := f.Text[l][key]; ok {
			return t
		}
	}
	if t, ok := flows.LibraryMessage(locale, key); ok {
		return t
	}
	for _, l := range slices.Sorted(maps.Keys(f.Text)) { // better in another language than not at all
		if t, ok := f.Text[l][key]; ok {
			return t
		}
	}
	return key
}

// due is when the screen or the flow times out, whichever is first.
func (s *state) due() int64 {
	due := s.head.Expires
	if d := s.top().Deadline; d != 0 && d < due {
		due = d
	}
	return due
}
