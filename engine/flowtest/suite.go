package flowtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/flows"
)

// Suite is a test file bound to the flow that it tests. It is safe for concurrent use.
type Suite struct {
	file    *file
	opts    Options
	sources map[string]*source
	order   []string // of sources: a flow comes after those that it calls

	cover *cover
}

// Load reads a test file and holds it against the flow that it names, and the
// capabilities. It returns every problem, sorted by place: those of the flow first, by
// its own file name. A Suite that is not nil can be run. The error is that of
// Options.Source.
func Load(name string, src []byte, o Options) (*Suite, []flows.Problem, error) {
	s := &Suite{file: parse(name, src), opts: o, sources: map[string]*source{}}
	if err := s.check(); err != nil {
		return nil, nil, err
	}
	problems := append(s.checkFlows(), s.file.doc.Problems()...)
	if flows.HasErrors(problems) {
		return nil, problems, nil
	}
	s.cover = newCover(s)
	return s, problems, nil
}

// checkFlows are the errors of the flows themselves.
func (s *Suite) checkFlows() []flows.Problem {
	var problems []flows.Problem
	lib := flows.Library{Capabilities: s.opts.Capabilities, AnyEnv: true, Flow: func(id string) (*flows.Flow, bool) {
		src := s.sources[id]
		if src == nil || src.flow == nil {
			return nil, false
		}
		return src.flow, true
	}}
	for _, id := range s.order {
		src := s.sources[id]
		problems = append(problems, src.parsed...)
		if src.flow != nil {
			problems = append(problems, flows.Check(src.flow, lib)...)
		}
	}
	return slices.DeleteFunc(problems, func(p flows.Problem) bool { return p.Warning })
}

// Flow is the id of the flow under test.
func (s *Suite) Flow() string { return s.file.flow }

// Tests are the tests of the file, in its order.
func (s *Suite) Tests() []*Test { return slices.Clone(s.file.tests) }

// Result is what became of one test.
type Result struct {
	Test     string          `json:"test"`
	Flow     string          `json:"flow"`
	Passed   bool            `json:"passed"`
	Failures []flows.Problem `json:"failures,omitempty"` // where in the test file, and what was seen instead
	Crashes  int             `json:"crashes,omitempty"`  // that RunCrashing made
	Duration time.Duration   `json:"durationNs"`
}

// Run runs one test in a world of its own. An error means that the test could not be
// run: its world would not open, or ctx was done.
func (s *Suite) Run(ctx context.Context, t *Test) (*Result, error) { return s.run(ctx, t, false) }

// RunCrashing runs one test with the power going out again and again: every answer that
// a person gives dies after the first capability that it runs, then after the second, and
// so on, and is given once more when everything was started again. The test must come
// out the same.
func (s *Suite) RunCrashing(ctx context.Context, t *Test) (*Result, error) {
	return s.run(ctx, t, true)
}

func (s *Suite) run(ctx context.Context, t *Test, everywhere bool) (*Result, error) {
	began := time.Now()
	r, err := s.open(ctx, t, everywhere)
	if err != nil {
		return nil, fmt.Errorf("open the world of %q: %w", t.Name, err)
	}
	err = r.play(ctx)
	if closing := r.lab.Close(); err == nil && closing != nil {
		err = fmt.Errorf("close the world: %w", closing)
	}
	if err != nil {
		return nil, err
	}
	s.cover.add(r)
	return &Result{Test: t.Name, Flow: s.file.flow, Passed: len(r.failures) == 0, Failures: r.failures, Crashes: r.crashes,
		Duration: time.Since(began)}, nil
}

// problem is a failure at a place of the file.
func (s *Suite) problem(at flows.Pos, text string) flows.Problem {
	return flows.Problem{File: s.file.name, Line: at.Line, Column: at.Column, Rule: "expectation", Text: text}
}
