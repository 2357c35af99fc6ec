package flowtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// source is a flow that a file's tests may run, as found.
type source struct {
	file   string
	text   []byte
	flow   *flows.Flow
	parsed []flows.Problem
}

// gather finds a flow and all that it calls, in an order in which each finds those that
// it calls. It returns the problem of the flow itself, if it cannot be found.
func (s *Suite) gather(id string) error {
	if _, known := s.sources[id]; known {
		return nil
	}
	name, text, err := s.opts.Source(id)
	if err != nil {
		return err
	}
	f, problems := flows.Parse(name, text)
	s.sources[id] = &source{file: name, text: text, flow: f, parsed: problems}
	if f != nil {
		for _, n := range f.Nodes {
			if n.Kind != flows.Call {
				continue
			}
			if err := s.gather(n.Name); err != nil && !errors.Is(err, ErrNoFlow) {
				return err // a flow that is missing is told where it is called
			}
		}
	}
	s.order = append(s.order, id)
	return nil
}

// check holds the file against the flow and its capabilities, and compiles it.
func (s *Suite) check() error {
	f := s.file
	if f.flow == "" || len(f.doc.Problems()) > 0 && f.tests == nil {
		return nil
	}
	if err := s.gather(f.flow); errors.Is(err, ErrNoFlow) {
		f.doc.Problem(f.flowPos, ruleFlow, fmt.Sprintf("there is no flow `%s`", f.flow), "it is looked for beside this file and among the shipped templates")
		return nil
	} else if err != nil {
		return fmt.Errorf("find flow %s: %w", f.flow, err)
	}
	for _, m := range f.mocks {
		m.check(f.doc, s.opts.Capabilities)
	}
	for _, t := range f.tests {
		for _, m := range t.mocks {
			m.check(f.doc, s.opts.Capabilities)
		}
		s.compileAll(t.start.inputs)
		s.compileAll(t.start.client)
		s.compileAll(t.start.request)
		for i := range t.steps {
			if err := s.checkStep(&t.steps[i]); err != nil {
				return err
			}
		}
	}
	s.checkExcuses()
	return nil
}

func (s *Suite) compileAll(list []flows.Member) {
	for i := range list {
		s.file.doc.CompileValue(&list[i].Value, rootTypes)
	}
}

func (s *Suite) checkStep(st *step) error {
	doc := s.file.doc
	for _, list := range [][]flows.Member{st.inputs, st.form, st.client, st.request} {
		s.compileAll(list)
	}
	for _, v := range []*flows.Value{&st.text, &st.origin, &st.number} {
		doc.CompileValue(v, rootTypes)
	}
	for _, e := range st.expect {
		doc.Compile(e, rootTypes, cond.WantBool)
	}
	switch st.kind {
	case see:
		if known := s.screens(); st.name != "" && !slices.Contains(known, st.name) {
			doc.Problem(st.at, ruleScreen, fmt.Sprintf("`%s` shows no screen `%s`", s.file.flow, st.name), flows.DidYouMean(st.name, known))
		}
	case end:
		if known := s.outcomes(); st.name != "" && !slices.Contains(known, st.name) {
			doc.Problem(st.at, ruleOutcome, fmt.Sprintf("no `end:` of `%s` is `%s`", s.file.flow, st.name), flows.DidYouMean(st.name, known))
		}
	case crash:
		if known := s.runs(); st.after != "" && !slices.Contains(known, st.after) {
			doc.Problem(st.at, ruleNode, fmt.Sprintf("no node `%s` runs a capability", st.after), flows.DidYouMean(st.after, known))
		}
	case run:
		if _, ok := s.opts.Capabilities.Lookup(st.name); !ok && st.name != "" {
			noCapability(doc, st.at, st.name, s.opts.Capabilities)
		}
	case start:
		if st.name == "" {
			return nil
		}
		if err := s.gather(st.name); errors.Is(err, ErrNoFlow) {
			doc.Problem(st.at, ruleFlow, fmt.Sprintf("there is no flow `%s`", st.name), "it is looked for beside this file and among the shipped templates")
		} else if err != nil {
			return fmt.Errorf("find flow %s: %w", st.name, err)
		}
	}
	return nil
}

func noCapability(doc *flows.Document, at flows.Pos, id string, caps *connector.Registry) {
	var ids []string
	for _, e := range caps.All() {
		ids = append(ids, e.ID)
	}
	doc.Problem(at, ruleUses, fmt.Sprintf("there is no capability `%s`", id), flows.DidYouMean(id, ids))
}

// named are the names that every node of the gathered flows is asked for, sorted.
func (s *Suite) named(name func(*flows.Node) string, more ...string) []string {
	seen := map[string]bool{}
	for _, m := range more {
		seen[m] = true
	}
	for _, src := range s.sources {
		if src.flow == nil {
			continue
		}
		for _, n := range src.flow.Nodes {
			if v := name(n); v != "" {
				seen[v] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func ofKind(n *flows.Node, k flows.Kind, name string) string {
	if n.Kind == k {
		return name
	}
	return ""
}

// screens are those that the gathered flows show.
func (s *Suite) screens() []string {
	return s.named(func(n *flows.Node) string { return ofKind(n, flows.Show, n.Name) })
}

// runs are the nodes that run capabilities.
func (s *Suite) runs() []string {
	return s.named(func(n *flows.Node) string { return ofKind(n, flows.Uses, n.ID) })
}

// expired is the name of an end that no node has: the execution's time was over.
const expired = "expired"

// outcomes are the ends that an execution can have.
func (s *Suite) outcomes() []string {
	return s.named(func(n *flows.Node) string { return ofKind(n, flows.End, n.Name) }, "canceled", "failed", expired)
}

func (s *Suite) checkExcuses() {
	src := s.sources[s.file.flow]
	if src == nil || src.flow == nil {
		return
	}
	var ids []string
	for _, e := range flows.Edges(src.flow) {
		ids = append(ids, e.ID)
	}
	for _, x := range s.file.uncovered {
		if !slices.Contains(ids, x.edge) {
			s.file.doc.Problem(x.Pos, ruleEdge, fmt.Sprintf("`%s` has no edge `%s`", s.file.flow, x.edge), flows.DidYouMean(x.edge, ids))
		}
	}
}
