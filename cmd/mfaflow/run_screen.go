package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// textPrinter shows screens as text. All that flows and users write is cleaned of what
// a terminal would obey.
type textPrinter struct {
	w      io.Writer
	echo   bool // a terminal shows what is typed, and ends the line
	styled bool
}

func (p *textPrinter) say(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

func (p *textPrinter) strong(s string) string {
	if p.styled {
		return boldMark + s + plainMark
	}
	return s
}

func (p *textPrinter) user(name, password string) { p.say("demo user  %s / %s", name, password) }

func (p *textPrinter) mail(m outbox.Message) {
	p.say("\n%s %s to %s%s", p.strong("inbox:"), m.Channel, clean(m.To), prefixed(", code ", clean(m.Code)))
	for _, text := range []string{m.Subject, m.Text} {
		for line := range strings.Lines(text) {
			p.say("  | %s", clean(strings.TrimRight(line, "\r\n")))
		}
	}
}

// step shows a screen: title, message, view data, and the actions that are not the form.
func (p *textPrinter) step(e *engine.Execution) {
	s := e.Step
	p.say("\n%s", p.strong("== "+clean(s.Title)+" =="))
	if s.Message != nil {
		p.say("! %s", clean(s.Message.Text))
	}
	a := newAnswer(s, nil)
	for _, name := range slices.Sorted(maps.Keys(s.With)) {
		if !a.shows(name) {
			p.data(name, s.With[name])
		}
	}
	if len(a.fields) == 0 {
		return // the actions are the question
	}
	var others []string
	for _, x := range offered(s) {
		if x.ID != a.action.ID {
			others = append(others, ":"+x.ID+" ("+clean(x.Title)+")")
		}
	}
	if len(others) > 0 {
		p.say("  or %s", strings.Join(others, " "))
	}
}

// shows reports whether a field is a choice from this member of the view data, so that
// it is listed there.
func (a *answer) shows(member string) bool {
	return slices.ContainsFunc(a.fields, func(f field) bool {
		return f.list == member
	})
}

// data shows one member of the view data.
func (p *textPrinter) data(name string, v any) {
	switch v := v.(type) {
	case nil:
	case []any:
		if len(v) > 0 {
			p.say("  %s:", words(name))
		}
		for i, item := range v {
			p.say("  %3d. %s", i+1, describe(item))
		}
	case string:
		if name == "text" {
			p.say("  %s", clean(v))
			return
		}
		p.say("  %s: %s", words(name), clean(v))
	default:
		p.say("  %s: %s", words(name), describe(v))
	}
}

func (p *textPrinter) prompt(q *question) {
	if q.field == nil {
		p.actions(q)
		return
	}
	f := q.field
	for i, c := range f.choices {
		p.say("  %3d. %s", i+1, c.text)
	}
	var hint string
	switch {
	case f.fallback != nil:
		hint = " [" + f.show(f.fallback) + "]"
	case !f.required:
		hint = " (optional)"
	}
	if f.kind == "boolean" {
		hint = " (y/n)" + hint
	}
	fmt.Fprintf(p.w, "%s%s: ", clean(f.title), hint)
}

// show is a value as it could be typed.
func (f *field) show(v any) string {
	switch {
	case v == true:
		return "y"
	case v == false:
		return "n"
	}
	for i, c := range f.choices {
		if describe(c.value) == describe(v) {
			return fmt.Sprint(i + 1)
		}
	}
	if f.kind == "string" {
		return describe(v)
	}
	return clean(jsonOf(v))
}

func (p *textPrinter) actions(q *question) {
	for i, x := range q.actions {
		p.say("  %3d. %s", i+1, clean(x.Title))
	}
	fallback := fmt.Sprint(q.first() + 1)
	if q.polls {
		fallback = "wait"
	}
	fmt.Fprintf(p.w, "Choose [%s]: ", fallback)
}

func (p *textPrinter) answered(blind bool) {
	if blind || !p.echo {
		p.say("")
	}
}

func (p *textPrinter) note(text string) { p.say("! %s", clean(text)) }

func (p *textPrinter) refused(s *engine.Step, e *engine.Error) {
	if len(e.Fields) == 0 {
		p.note(e.Text)
		return
	}
	properties, _ := s.Form["properties"].(map[string]any)
	for _, bad := range e.Fields {
		title := words(bad.Field)
		if schema, ok := properties[bad.Field].(map[string]any); ok {
			title = fieldOf(bad.Field, schema).title
		}
		p.note(title + ": " + bad.Text)
	}
}

func (p *textPrinter) end(e *engine.Execution) {
	p.say("\n%s", p.strong("== "+string(e.Status)+prefixed(": ", e.Outcome)+" =="))
	for _, name := range slices.Sorted(maps.Keys(e.Outputs)) {
		p.say("  outputs.%s: %s", name, describe(e.Outputs[name]))
	}
	if r := e.Result; r != nil {
		p.say("  authenticated: user %s, amr %s", r.UserID, strings.Join(r.AMR, " "))
	}
	if x := e.Error; x != nil {
		p.say("  error: %s%s%s", x.Code, prefixed(": ", clean(x.Message)), prefixed(", at ", strings.Join(x.Path, " > ")))
		if len(x.Details) > 0 {
			p.say("  details: %s", describe(x.Details))
		}
	}
}

func (p *textPrinter) saved(file string) { p.say("  the walk is in %s", file) }
