package flowtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/engine"
)

// answered takes what the engine said, and holds a refusal against the step.
func (r *running) answered(s step, e *engine.Execution, err error) error {
	var refusal *engine.Error
	if err != nil && (!errors.As(err, &refusal) || refusal.Code == engine.Internal) {
		return err
	}
	switch {
	case refusal == nil:
		r.saw(e)
		r.keep(s, e)
		if s.refused != "" {
			r.breaks(s.Pos, fmt.Sprintf("expected a refusal, %s; it was accepted: %s", s.refused, r.seen()))
		}
		return nil
	case s.refused == "":
		r.breaks(s.Pos, "refused: "+refusalText(refusal)+r.context())
	case s.refused != string(refusal.Code):
		r.breaks(s.Pos, fmt.Sprintf("expected the refusal %s, saw %s", s.refused, refusalText(refusal)))
	}
	if got := fieldNames(refusal); len(s.fields) > 0 && !slices.Equal(got, sorted(s.fields)) {
		r.breaks(s.Pos, fmt.Sprintf("expected errors of the fields %s, saw %s", strings.Join(sorted(s.fields), ", "), refusalText(refusal)))
	}
	if refusal.Execution != nil {
		r.saw(refusal.Execution)
	}
	return nil
}

func (r *running) context() string {
	if r.now == nil {
		return ""
	}
	return "; the execution is at " + r.seen()
}

func fieldNames(e *engine.Error) []string {
	var list []string
	for _, f := range e.Fields {
		list = append(list, f.Field)
	}
	return slices.Compact(sorted(list))
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

func refusalText(e *engine.Error) string {
	text := string(e.Code) + " (" + e.Text + ")"
	for _, f := range e.Fields {
		text += "; " + f.Field + ": " + f.Text
	}
	return text
}

// saw remembers what the client was shown.
func (r *running) saw(e *engine.Execution) {
	if e == nil {
		return
	}
	r.now = e
	if e.Handle != "" {
		r.handle = e.Handle
	}
	if e.Step != nil && (len(r.tokens) == 0 || r.tokens[len(r.tokens)-1] != e.Step.Token) {
		r.tokens = append(r.tokens, e.Step.Token)
	}
}

// look reads the current execution, as a client that reloads does.
func (r *running) look(ctx context.Context) error {
	if r.id == "" {
		return nil
	}
	e, err := r.runner.Get(ctx, r.id, r.access(r.home))
	if errors.Is(err, &engine.Error{Code: engine.NotFound}) {
		return nil // it was kept long enough
	}
	if err != nil {
		return fmt.Errorf("read the execution: %w", err)
	}
	r.saw(e)
	return nil
}
