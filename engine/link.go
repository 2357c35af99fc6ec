package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/store"
)

var errBuildPanicked = errors.New("compiling flows panicked")

// link makes the bundle of pins: each flow compiled after those it calls. Flows are in
// the store because a version of this program accepted them, so one that cannot run is
// stopped, with its callers, and harms no other.
func (c *Catalog) link(pins map[string]string, read source) (*Bundle, error) {
	l := &linker{
		c: c, pins: pins, read: read, entered: map[string]bool{},
		b: &Bundle{programs: map[string]*Program{}, entries: map[string]*entry{}},
	}
	for _, id := range slices.Sorted(maps.Keys(pins)) {
		if _, err := l.entry(id); err != nil {
			return nil, err
		}
	}
	return l.b, nil
}

type linker struct {
	c       *Catalog
	pins    map[string]string
	read    source
	b       *Bundle
	entered map[string]bool
}

// entry finds or compiles one flow; nil if it is not pinned or if it calls itself
// through others.
func (l *linker) entry(id string) (*entry, error) {
	revision, pinned := l.pins[id]
	if !pinned || l.entered[id] {
		return l.b.entries[id], nil
	}
	l.entered[id] = true
	e := &entry{id: id, revision: revision}
	var src []byte
	called, known := l.c.cache.ListCalled(revision)
	if !known {
		var err error
		if src, err = l.read(id, revision); err != nil {
			return l.stopUnreadable(e, err)
		}
		l.guard(e, func() { e.parse(src) })
		called = e.called
	}
	e.called = called
	key := sha256.New()
	fmt.Fprintf(key, "%s %s", id, revision)
	for _, child := range called {
		x, err := l.entry(child)
		if err != nil {
			return nil, err
		}
		if x != nil {
			fmt.Fprintf(key, " %s %s", child, x.key)
		}
	}
	e.key = hex.EncodeToString(key.Sum(nil))
	if found := l.c.cache.Entry(e.key); found != nil {
		e = found
	} else if err := l.compile(e, src); err != nil {
		return l.stopUnreadable(e, err)
	}
	l.b.setEntry(id, e)
	return e, nil
}

// stopUnreadable stops a flow whose source is not there or damaged. Other errors are of the
// unit of work.
func (l *linker) stopUnreadable(e *entry, err error) (*entry, error) {
	if !isUnreadable(err) {
		return nil, err
	}
	e.problems = []flows.Problem{{File: fileName(e.id), Line: 1, Column: 1, Rule: "revision-gone",
		Text: "the store does not have this revision any more", Hint: "upload the flow again"}}
	l.b.incomplete = true
	l.b.setEntry(e.id, e)
	return e, nil
}

// isUnreadable tells what is wrong with one record from what is wrong with all.
func isUnreadable(err error) bool {
	return errors.Is(err, errRevisionGone) || errors.Is(err, store.ErrCorrupt)
}

func (e *entry) parse(src []byte) {
	e.flow, e.problems = flows.ParseStored(fileName(e.id), src)
	if e.flow != nil {
		e.called = e.flow.ListCalls()
	}
}

// compile completes an entry whose children are linked.
func (l *linker) compile(e *entry, src []byte) (err error) {
	if src == nil {
		if src, err = l.read(e.id, e.revision); err != nil {
			return err
		}
		l.guard(e, func() { e.parse(src) })
	}
	e.bytes = entryBytes(len(src), 0)
	l.c.cache.countCompiled()
	if e.flow == nil {
		return nil
	}
	l.guard(e, func() {
		e.problems = append(e.problems, l.c.check(e.flow, l.c.library(l.b.flow))...)
		l.explainStopped(e)
		if !flows.HasErrors(e.problems) {
			e.program = Compile(e.flow, e.revision)
			e.bytes = entryBytes(len(src), e.program.expressions)
		}
	})
	return nil
}

// guard runs a part of compiling a flow. One that makes it panic is stopped as one that
// breaks a rule: a fault of ours in one stored flow must not end the process.
func (l *linker) guard(e *entry, do func()) {
	defer func() {
		if p := recover(); p != nil {
			l.c.r.log.Error("a stored flow cannot be checked", slog.String("flow", e.id), slog.Any("panic", p))
			e.flow, e.program = nil, nil
			e.problems = append(e.problems, flows.Problem{File: fileName(e.id), Line: 1, Column: 1, Rule: "internal",
				Text: "the checker failed over this flow", Hint: "write it in another way, and report it"})
		}
	}()
	do()
}

// explainStopped says of a call whether the flow is missing or stopped itself.
func (l *linker) explainStopped(e *entry) {
	for i, p := range e.problems {
		n := e.flow.Node(p.Node)
		if p.Warning || n == nil || n.Kind != flows.Call {
			continue
		}
		if x := l.b.entries[n.Name]; x != nil && x.program == nil {
			e.problems[i].Text, e.problems[i].Hint = fmt.Sprintf("the flow `%s` cannot run", n.Name), "mend that flow"
		}
	}
}

// hasProblem reports whether the flow has a problem of the same rule at the same place.
func (e *entry) hasProblem(p flows.Problem) bool {
	return slices.ContainsFunc(e.problems, func(q flows.Problem) bool {
		return q.Line == p.Line && q.Column == p.Column && q.Rule == p.Rule
	})
}

// info is what a listing says of the flow.
func (e *entry) info() FlowInfo {
	i := FlowInfo{ID: e.id, Revision: e.revision, Stopped: e.program == nil}
	if e.flow != nil {
		i.Title, i.Public = e.flow.Title, e.flow.Public
	}
	for _, p := range e.problems {
		switch {
		case !p.Warning && i.Stopped:
			i.Problems = append(i.Problems, p)
		case p.Tolerated:
			i.Tolerated = append(i.Tolerated, p)
		}
	}
	return i
}

// stoppedError refuses to run a flow that is stopped.
func stoppedError(id string) *Error {
	return &Error{Code: Unavailable, Text: fmt.Sprintf(
		"the flow %q cannot run in this version of the server, GET /v1/flows says why; nothing of it is lost", id)}
}
