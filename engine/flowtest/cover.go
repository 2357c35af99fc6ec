package flowtest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// Coverage says which edges of one flow the tests took.
type Coverage struct {
	Flow      string  `json:"flow"`
	Scenarios int     `json:"scenarios"` // tests that entered the flow
	Paths     int     `json:"paths"`     // different ways that they went through it
	Covered   int     `json:"covered"`
	Edges     int     `json:"edges"`
	Uncovered []Blank `json:"uncovered,omitempty"` // in the order of the flow

	// Needless are edges that `uncovered:` excuses although a test takes them.
	Needless []string `json:"needless,omitempty"`

	taken map[string]bool
	paths map[string]bool
	edges []flows.Edge
	whys  map[string]string
}

// Blank is an edge that no test took.
type Blank struct {
	Edge   string `json:"edge"`
	To     string `json:"to"`
	Line   int    `json:"line"`             // in the flow's file
	Reason string `json:"reason,omitempty"` // of `uncovered:` in the test file
}

// cover collects what the tests of a suite took. It is safe for concurrent use.
type cover struct {
	mu    sync.Mutex
	flows map[string]*Coverage
}

func newCover(s *Suite) *cover {
	c := &cover{flows: map[string]*Coverage{}}
	for id, src := range s.sources {
		f := &Coverage{Flow: id, taken: map[string]bool{}, paths: map[string]bool{}, edges: flows.Edges(src.flow), whys: map[string]string{}}
		if id == s.file.flow {
			for _, x := range s.file.uncovered {
				f.whys[x.edge] = x.reason
			}
		}
		c.flows[id] = f
	}
	return c
}

// add reads the traces of a test.
func (c *cover) add(r *running) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entered := map[string]bool{}
	for id, t := range r.traces {
		c.walk(r.started[id], t, entered)
	}
	for flow := range entered {
		c.flows[flow].Scenarios++
	}
}

// visit is one way through a flow, from its start to its end or to the end of the test.
type visit struct {
	flow string
	path []string
}

// walk follows a trace. A `call` opens a visit of another flow one level deeper; an
// entry of fewer levels closes it.
func (c *cover) walk(flow string, t *engine.Trace, entered map[string]bool) {
	stack := []visit{{flow: flow}}
	leave := func(depth int) {
		for len(stack) > depth {
			top := stack[len(stack)-1]
			if f := c.flows[top.flow]; f != nil {
				entered[top.flow] = true
				f.paths[strings.Join(top.path, " ")] = true
			}
			stack = stack[:len(stack)-1]
		}
	}
	for _, e := range t.Entries {
		leave(max(len(e.Path), 1))
		top := &stack[len(stack)-1]
		switch {
		case e.Event == "call":
			stack = append(stack, visit{flow: e.Next})
		case e.Edge != "":
			top.path = append(top.path, e.Edge)
			if f := c.flows[top.flow]; f != nil {
				f.taken[e.Edge] = true
			}
		}
	}
	leave(0)
}

// Coverage is that of all tests run so far: of the flow under test, and of those that it
// calls, sorted by flow.
func (s *Suite) Coverage() []Coverage { return Merge(s) }

// Merge is the coverage of several suites together. An edge is excused if the file of
// its flow's own tests says why.
func Merge(suites ...*Suite) []Coverage {
	all := map[string]*Coverage{}
	for _, s := range suites {
		s.cover.mu.Lock()
		for id, f := range s.cover.flows {
			sum := all[id]
			if sum == nil {
				sum = &Coverage{Flow: id, edges: f.edges, taken: map[string]bool{}, paths: map[string]bool{}, whys: map[string]string{}}
				all[id] = sum
			}
			sum.Scenarios += f.Scenarios
			maps.Copy(sum.taken, f.taken)
			maps.Copy(sum.paths, f.paths)
			maps.Copy(sum.whys, f.whys)
		}
		s.cover.mu.Unlock()
	}
	list := make([]Coverage, 0, len(all))
	for _, f := range all {
		list = append(list, f.settled())
	}
	slices.SortFunc(list, func(a, b Coverage) int { return cmp.Compare(a.Flow, b.Flow) })
	return list
}

// settled is c with its figures.
func (c *Coverage) settled() Coverage {
	out := Coverage{Flow: c.Flow, Scenarios: c.Scenarios, Paths: len(c.paths), Edges: len(c.edges)}
	for _, e := range c.edges {
		if c.taken[e.ID] {
			out.Covered++
			if c.whys[e.ID] != "" {
				out.Needless = append(out.Needless, e.ID)
			}
			continue
		}
		out.Uncovered = append(out.Uncovered, Blank{Edge: e.ID, To: e.Route.To, Line: e.Route.Line, Reason: c.whys[e.ID]})
	}
	return out
}
