package main

import (
	"encoding/json"
	"io"
	"os"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// printer tells the person, or a script, what happens.
type printer interface {
	user(name, password string)
	mail(m outbox.Message)
	step(e *engine.Execution)
	prompt(q *question)
	answered(blind bool) // a prompt is over; blind: no echo ended its line
	note(text string)
	refused(s *engine.Step, e *engine.Error)
	end(e *engine.Execution)
	saved(file string)
}

// newPrinter makes the printer of an output. gone is called when nobody reads any more.
func newPrinter(w io.Writer, output string, echo bool, gone func()) printer {
	styled := output != "json" && isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if v, ok := w.(visibleWriter); ok && styled {
		w = styledWriter(v)
	}
	w = &listened{w, gone}
	if output == "json" {
		return &jsonPrinter{json.NewEncoder(w)}
	}
	return &textPrinter{w: w, echo: echo, styled: styled}
}

// listened tells when what it writes to does not listen.
type listened struct {
	io.Writer
	gone func()
}

func (l *listened) Write(b []byte) (int, error) {
	n, err := l.Writer.Write(b)
	if err != nil {
		l.gone()
	}
	return n, err
}

// jsonPrinter writes a JSON object a line, with one member that says what it is, save
// for the execution at each step and at the end.
type jsonPrinter struct{ *json.Encoder }

func (p *jsonPrinter) line(v any) { _ = p.Encode(v) } // a closed pipe ends the walk, see listened

func (p *jsonPrinter) one(kind string, v any) { p.line(map[string]any{kind: v}) }

func (p *jsonPrinter) user(name, password string) {
	p.one("user", map[string]any{"username": name, "password": password})
}

func (p *jsonPrinter) mail(m outbox.Message) {
	p.one("inbox", map[string]any{"channel": m.Channel, "to": m.To, "subject": m.Subject, "text": m.Text, "code": m.Code})
}

func (p *jsonPrinter) step(e *engine.Execution) {
	shown := *e
	shown.Handle = "" // nobody else can reach the execution
	p.line(shown)
}

func (p *jsonPrinter) end(e *engine.Execution) { p.step(e) }

func (p *jsonPrinter) prompt(*question) {}

func (p *jsonPrinter) answered(bool) {}

func (p *jsonPrinter) note(text string) { p.one("note", text) }

func (p *jsonPrinter) refused(_ *engine.Step, e *engine.Error) {
	p.one("problem", map[string]any{"code": e.Code, "text": e.Text, "errors": append([]engine.FieldError{}, e.Fields...)})
}

func (p *jsonPrinter) saved(file string) { p.one("saved", file) }
