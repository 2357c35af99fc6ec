package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// Program is a flow ready to run: checked, compiled, never changed again, shared by
// all its executions.
type Program struct {
	Flow     *flows.Flow
	Revision string

	nodes       map[string]*flows.Node
	expressions int             // how many it has
	reads       map[string]keep // node id → which members of what it leaves behind are read
}

// keep says which members of a node's output some expression of the flow can read; the
// others are not carried from step to step.
type keep struct {
	all     bool
	members map[string]bool
}

// Compile makes the Program of a flow that flows.Check has completed without errors.
func Compile(f *flows.Flow, revision string) *Program {
	p := &Program{
		Flow: f, Revision: revision,
		nodes: make(map[string]*flows.Node, len(f.Nodes)), reads: map[string]keep{},
	}
	for _, n := range f.Nodes {
		p.nodes[n.ID] = n
	}
	for prog := range expressions(f) {
		p.expressions++
		for _, path := range prog.Reads() {
			p.noteRead(path)
		}
	}
	return p
}

func (p *Program) noteRead(path []string) {
	if len(path) == 0 || path[0] != "nodes" {
		return
	}
	if len(path) == 1 { // the whole of nodes
		for id := range p.nodes {
			p.reads[id] = keep{all: true}
		}
		return
	}
	k := p.reads[path[1]]
	if len(path) == 2 {
		k.all = true
	} else {
		if k.members == nil {
			k.members = map[string]bool{}
		}
		k.members[path[2]] = true
	}
	p.reads[path[1]] = k
}

// trim returns the part of a node's output that later steps can read; nil for none.
func (p *Program) trim(node string, out map[string]any) map[string]any {
	k := p.reads[node]
	if k.all {
		return out
	}
	var kept map[string]any
	for name := range k.members {
		if v, ok := out[name]; ok {
			if kept == nil {
				kept = map[string]any{}
			}
			kept[name] = v
		}
	}
	return kept
}

// expressions yields every compiled expression of a flow.
func expressions(f *flows.Flow) func(yield func(*cond.Program) bool) {
	return func(yield func(*cond.Program) bool) {
		done := false
		visit := func(e *flows.Expr) {
			if e != nil && e.Program != nil && !done {
				done = !yield(e.Program)
			}
		}
		routes(f.Catch, visit)
		for _, n := range f.Nodes {
			visit(n.On)
			for _, list := range [][]flows.Member{n.With, n.Narrow, n.Set, n.Outputs} {
				flows.EachExpr(list, visit)
			}
			if n.Error != nil {
				flows.EachExpr([]flows.Member{{Value: *n.Error}}, visit)
			}
			if n.Poll != nil {
				flows.EachExpr(n.Poll.With, visit)
				visit(n.Poll.Until)
			}
			routes(n.Next, visit)
			routes(n.Catch, visit)
		}
	}
}

func routes(list []flows.Route, visit func(*flows.Expr)) {
	for _, r := range list {
		visit(r.When)
		if r.Message != nil {
			flows.EachExpr(r.Message.With, visit)
		}
	}
}

// Bundle is a flow and everything it can call, each at one revision.
type Bundle struct {
	programs map[string]*Program // by flow id: those that can run
	entries  map[string]*entry   // all, by flow id

	incomplete bool   // some source could not be read
	key        string // in the cache
}

// entry is a revision compiled against certain revisions of the flows it calls. It is
// shared by all bundles that have the same, and never changed but by the cache.
type entry struct {
	id, revision string
	key          string   // names all that it was made of
	called       []string // ids of the flows that it calls
	flow         *flows.Flow
	program      *Program        // nil: it is stopped
	problems     []flows.Problem // that stop it, or warnings
	bytes        int64
	users        int // bundles that have it; by the cache
}

func (b *Bundle) setEntry(id string, e *entry) {
	b.entries[id] = e
	if e.program != nil {
		b.programs[id] = e.program
	}
}

// flow finds a flow that can run.
func (b *Bundle) flow(id string) (*flows.Flow, bool) {
	p, ok := b.programs[id]
	if !ok {
		return nil, false
	}
	return p.Flow, true
}

// callers are the other flows that call one of ids, directly or through others, by id.
func (b *Bundle) callers(ids map[string]bool) []*entry {
	reached := maps.Clone(ids)
	var list []*entry
	for grown := true; grown; {
		grown = false
		for id, e := range b.entries {
			if !reached[id] && slices.ContainsFunc(e.called, func(child string) bool { return reached[child] }) {
				reached[id], grown = true, true
				list = append(list, e)
			}
		}
	}
	slices.SortFunc(list, func(a, b *entry) int { return strings.Compare(a.id, b.id) })
	return list
}

// covers reports whether every pin is the revision that this bundle has. Pins are closed
// under calls, so the flows they name call each other here as they would alone.
func (b *Bundle) covers(pins map[string]string) bool {
	for id, revision := range pins {
		if e := b.entries[id]; e == nil || e.revision != revision {
			return false
		}
	}
	return len(pins) > 0
}

// pins returns the revisions of flow id and of all that it reaches.
func (b *Bundle) pins(id string) map[string]string {
	pins := map[string]string{}
	var add func(id string)
	add = func(id string) {
		p := b.programs[id]
		if _, seen := pins[id]; seen || p == nil {
			return
		}
		pins[id] = p.Revision
		for _, child := range p.Flow.Calls {
			add(child)
		}
	}
	add(id)
	return pins
}

// pinsKey names a set of pins, equal for equal sets.
func pinsKey(pins map[string]string) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(pins)) {
		b.WriteString(id + "@" + pins[id] + " ")
	}
	return b.String()
}
