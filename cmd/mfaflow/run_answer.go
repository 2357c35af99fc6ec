package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/engine"
)

// pollAction is the action that the engine adds to steps that poll.
const pollAction = "poll"

func polls(s *engine.Step) bool {
	return s.PollAfterMs > 0 && slices.ContainsFunc(s.Actions, func(a engine.StepAction) bool { return a.ID == pollAction })
}

// answer is the answer to a step as it is typed, line by line.
type answer struct {
	step   *engine.Step
	fields []field
	action *engine.StepAction // nil: none is chosen yet
	form   map[string]any     // nil: the action takes none
	asked  int                // fields asked for
	waits  bool               // nothing is asked for: the step will change by itself
	done   bool
	bad    []engine.FieldError // why it was refused
}

// question is what is asked next: a field, or without one an action.
type question struct {
	field   *field
	actions []engine.StepAction
	polls   bool
	secret  bool
}

func newAnswer(s *engine.Step, typed map[string]any) *answer {
	a := &answer{step: s}
	i := slices.IndexFunc(s.Actions, func(x engine.StepAction) bool { return x.Form })
	if i >= 0 {
		a.action, a.form = &s.Actions[i], map[string]any{}
		a.fields = fieldsOf(s, typed)
	}
	return a
}

// next is the next question, nil when the answer is complete.
func (a *answer) next() *question {
	switch {
	case a.done:
		return nil
	case a.asked < len(a.fields):
		f := &a.fields[a.asked]
		return &question{field: f, secret: f.secret}
	case len(a.fields) > 0:
		return nil
	}
	return &question{actions: offered(a.step), polls: polls(a.step)}
}

// offered are the actions a person chooses from: polling is done for them.
func offered(s *engine.Step) []engine.StepAction {
	return slices.DeleteFunc(slices.Clone(s.Actions), func(a engine.StepAction) bool { return a.ID == pollAction })
}

// take takes the line typed for q, or says what is wrong with it.
func (a *answer) take(q *question, text string) (problem string) {
	if name, ok := strings.CutPrefix(text, ":"); ok {
		if literal := strings.HasPrefix(name, ":"); !literal || q.field == nil {
			return a.command(strings.TrimSpace(name))
		}
		text = name
	}
	if q.field == nil {
		return a.choose(q, strings.TrimSpace(text))
	}
	v, given, problem := q.field.parse(text)
	if problem != "" {
		return problem
	}
	if given {
		a.form[q.field.name] = v
	}
	a.asked++
	return ""
}

// command obeys a line with a colon.
func (a *answer) command(name string) (problem string) {
	if name == "wait" && polls(a.step) {
		a.waits = true
		return ""
	}
	list := offered(a.step)
	i := slices.IndexFunc(list, func(x engine.StepAction) bool { return x.ID == name })
	if i < 0 {
		var ids []string
		for _, x := range list {
			ids = append(ids, ":"+x.ID)
		}
		if polls(a.step) {
			ids = append(ids, ":wait")
		}
		return fmt.Sprintf("there is no :%s here, only %s; a value that begins with a colon is typed with two", clean(name), strings.Join(ids, " "))
	}
	a.act(&list[i])
	return ""
}

// act chooses an action. One that takes the form leaves the fields to be asked for.
func (a *answer) act(x *engine.StepAction) {
	a.action = x
	if !x.Form {
		a.form, a.done = nil, true
	} else if len(a.fields) == 0 {
		a.done = true
	}
}

// choose takes the number or the id of an action, where there are no fields.
func (a *answer) choose(q *question, text string) (problem string) {
	if text == "" && q.polls {
		a.waits = true
		return ""
	}
	for i := range q.actions {
		if text == fmt.Sprint(i+1) || text == q.actions[i].ID || text == "" && i == q.first() {
			a.act(&q.actions[i])
			return ""
		}
	}
	return fmt.Sprintf("type a number from 1 to %d", len(q.actions))
}

// first is the action of an empty line: the first that takes the form, else the first.
func (q *question) first() int {
	return max(slices.IndexFunc(q.actions, func(x engine.StepAction) bool { return x.Form }), 0)
}

// again is the answer to ask for after this one was refused: with its action, and what
// need not be typed anew, which is all but secrets and what was wrong.
func (a *answer) again() *answer {
	kept := maps.Clone(a.form)
	for _, f := range a.fields {
		if f.secret || slices.ContainsFunc(a.bad, func(x engine.FieldError) bool { return x.Field == f.name }) {
			delete(kept, f.name)
		}
	}
	next := newAnswer(a.step, kept)
	if a.action.Form {
		next.action = a.action
	}
	return next
}
