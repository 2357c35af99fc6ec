package connector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*/[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Registry is an immutable set of capabilities, safe for concurrent use.
type Registry struct {
	byName map[string]*Entry // by id and by alias
	sorted []*Entry
}

// Entry is a capability with its compiled schema.
type Entry struct {
	Capability
	Spec *Schema
}

// NewRegistry compiles the schemas of caps and returns them as a set. It returns an
// error for a malformed or duplicate id or alias (naming both), a schema that does
// not compile, a missing Run, and a probe without Recover.
func NewRegistry(caps ...Capability) (*Registry, error) { return new(Registry).Rewire(caps...) }

// Rewire is NewRegistry for capabilities that r has, wired to something else: a schema
// that is byte for byte the one of that id in r is not compiled again, which is nearly
// all the work.
func (r *Registry) Rewire(caps ...Capability) (*Registry, error) {
	known := r.byName
	r = &Registry{byName: make(map[string]*Entry, 2*len(caps))}
	for _, c := range caps {
		e, err := newEntry(c, known[c.ID])
		if err != nil {
			return nil, fmt.Errorf("capability %q: %w", c.ID, err)
		}
		for _, name := range []string{c.ID, c.Alias} {
			if name == "" {
				continue
			}
			if other, taken := r.byName[name]; taken {
				return nil, fmt.Errorf("capability %q: the name %q is taken by capability %q", c.ID, name, other.ID)
			}
			r.byName[name] = e
		}
		r.sorted = append(r.sorted, e)
	}
	slices.SortFunc(r.sorted, func(a, b *Entry) int { return strings.Compare(a.ID, b.ID) })
	return r, nil
}

// newEntry compiles the schema of c, unless known has compiled the same.
func newEntry(c Capability, known *Entry) (*Entry, error) {
	if !idPattern.MatchString(c.ID) {
		return nil, errors.New("the id must read connector/name in kebab-case")
	}
	if c.Run == nil {
		return nil, errors.New("Run is nil")
	}
	var spec *Schema
	if known != nil && bytes.Equal(known.Schema, c.Schema) {
		spec = known.Spec
	} else {
		var err error
		if spec, err = ParseSchema(c.Schema); err != nil {
			return nil, err
		}
	}
	if spec.Effect == Probe && c.Recover == nil {
		return nil, errors.New("x-effect is probe but Recover is nil")
	}
	return &Entry{Capability: c, Spec: spec}, nil
}

// Lookup finds a capability by id or alias.
func (r *Registry) Lookup(name string) (*Entry, bool) {
	e, ok := r.byName[name]
	return e, ok
}

// All returns every capability, sorted by id. The slice is the caller's.
func (r *Registry) All() []*Entry { return slices.Clone(r.sorted) }

// Run validates the input, runs the capability and validates its output. It never
// panics. Input that the schema refuses is Fail INPUT_INVALID without a run; output
// that it refuses is Fail OUTPUT_INVALID, and the effect has then happened.
func (e *Entry) Run(ctx context.Context, call Call) Outcome {
	return e.checked(ctx, call, e.Capability.Run)
}

// Recover reads back an earlier run (x-effect probe), with the same checks as Run.
func (e *Entry) Recover(ctx context.Context, call Call) Outcome {
	return e.checked(ctx, call, e.Capability.Recover)
}

// Confirm judges a proof of an earlier Run again. It never panics. A capability without
// Confirm lets it count.
func (e *Entry) Confirm(ctx context.Context, p Proof) (fail *Fail) {
	if e.Capability.Confirm == nil {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			fail = &Fail{Code: CodeInternal, Err: fmt.Errorf("panic: %v\n%s", r, debug.Stack())}
		}
	}()
	return e.Capability.Confirm(ctx, p)
}

// IsProven reports whether what an earlier Run made is somebody's now. It never panics.
func (e *Entry) IsProven(ctx context.Context, subject string) (proven bool, fail *Fail) {
	if e.Capability.IsProven == nil {
		return false, nil
	}
	defer func() {
		if r := recover(); r != nil {
			fail = &Fail{Code: CodeInternal, Err: fmt.Errorf("panic: %v\n%s", r, debug.Stack())}
		}
	}()
	return e.Capability.IsProven(ctx, subject)
}

func (e *Entry) checked(ctx context.Context, call Call, run func(context.Context, Call) Outcome) Outcome {
	if bad := e.Spec.Input.Validate(call.Input); bad != nil {
		return refusal(CodeInputInvalid, bad)
	}
	out := guarded(ctx, call, run)
	done, ok := out.(Complete)
	if !ok {
		return out
	}
	if bad := e.Spec.Output.Validate(done.Output); bad != nil {
		return refusal(CodeOutputInvalid, bad)
	}
	if done.Proof != nil && !e.Spec.Authenticates {
		return Fail{Code: CodeInternal, Err: fmt.Errorf("%s returned a proof but its schema lacks x-authenticates", e.ID)}
	}
	return done
}

func guarded(ctx context.Context, call Call, run func(context.Context, Call) Outcome) (out Outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = Fail{Code: CodeInternal, Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	if out = run(ctx, call); out == nil {
		return Fail{Code: CodeInternal, Err: errors.New("the capability returned no outcome")}
	}
	return out
}

// refusal turns schema violations into a Fail whose details list pointer and text.
func refusal(code string, bad []Violation) Fail {
	list := make([]any, len(bad))
	texts := make([]string, len(bad))
	for i, v := range bad {
		list[i] = map[string]any{"pointer": v.Pointer, "text": v.Text}
		texts[i] = strings.TrimSpace(v.Pointer + " " + v.Text)
	}
	return Fail{Code: code, Message: strings.Join(texts, "; "), Details: map[string]any{"violations": list}}
}
