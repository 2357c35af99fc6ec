package flowtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// running is one test under way.
type running struct {
	suite  *Suite
	test   *Test
	lab    *Lab
	runner *engine.Runner
	caps   *connector.Registry

	oldMessages map[any]bool // ids of those that came before the test began
	oldEvents   int          // how many were noted before

	mocks []*mock
	calls map[string]int // of mocked capabilities

	executions  []string          // ids, in order of their start
	started     map[string]string // id → the flow
	id          string            // the current one
	handle      string
	firstHandle string              // of the current one, before anybody was authenticated
	home        string              // the browser that began it
	where       engine.RequestFacts // of its start
	now         *engine.Execution   // as the client saw it last
	tokens      []string            // of the steps shown, the newest last
	last        *engine.ResumeRequest
	traces      map[string]*engine.Trace
	sessions    map[string]string // remember-me values, by browser

	passkey map[string]any // what the authenticator answered last
	asked   map[string]any // what the app showed of the code read last

	everywhere bool // every step dies after each of its capabilities
	crashes    int  // that this made
	made       int  // capabilities run in the step
	dieAt      int  // after which of them it dies; 0 is none

	dieAfter string // the node after which the next step dies
	dead     bool   // it came there
	lost     bool   // the answer of the last step got lost on its way

	failures []flows.Problem
}

func (s *Suite) open(ctx context.Context, t *Test, everywhere bool) (*running, error) {
	g := s.file.given.with(t.given)
	lab, err := s.opts.Lab(ctx, Given{Test: s.file.flow + " " + t.Name, Durable: everywhere || t.crashes()})
	if err != nil {
		return nil, err
	}
	r := &running{suite: s, everywhere: everywhere, test: t, lab: lab, mocks: slices.Concat(t.mocks, s.file.mocks),
		calls: map[string]int{}, started: map[string]string{}, traces: map[string]*engine.Trace{},
		sessions: map[string]string{}, passkey: map[string]any{}, asked: map[string]any{}, where: usual}
	err = r.boot(ctx)
	if err == nil {
		err = r.deploy(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, lab.Close())
	}
	for _, u := range g.users {
		if err := lab.World.AddUser(ctx, u.name, u.data); err != nil {
			r.breaks(u.Pos, fmt.Sprintf("the user `%s` cannot be made: %v", u.name, err))
		}
	}
	if len(g.policy) > 0 { // after the users: people pair devices before policies change
		if err := lab.SetPolicy(ctx, g.policy); err != nil {
			r.breaks(g.policyPos, fmt.Sprintf("the policy is refused: %v", err))
		}
	}
	if err := r.forget(ctx); err != nil {
		return nil, errors.Join(err, lab.Close())
	}
	return r, nil
}

// forget makes the test begin here: what making the users sent and noted is not counted.
func (r *running) forget(ctx context.Context) error {
	list, err := r.lab.World.Messages(ctx)
	if err != nil {
		return fmt.Errorf("messages: %w", err)
	}
	r.oldMessages = map[any]bool{}
	for _, item := range list {
		m, _ := item.(map[string]any)
		r.oldMessages[m["id"]] = true
	}
	events, err := r.events(ctx)
	r.oldEvents = len(events)
	return err
}

// requestWait is Options.Limits.Wait of the engine under test. No request is ever left
// waiting so long; its only use is to tell this wait from naps.
const requestWait = time.Hour

// boot starts an engine on the store of the lab, as a new process would.
func (r *running) boot(ctx context.Context) error {
	var err error
	if r.caps, err = r.suite.opts.Capabilities.Rewire(r.mocked(r.lab.Capabilities())...); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	r.runner, err = engine.New(engine.Options{
		DB: r.lab.DB(), Capabilities: r.caps, Environment: r.lab.Environment, Env: r.suite.opts.Env,
		Limits: engine.Limits{Wait: requestWait}, After: r.after})
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return nil
}

// after is the engine's timer: a nap before a retry costs virtual time only.
func (r *running) after(d time.Duration) <-chan time.Time {
	if d == requestWait {
		return nil
	}
	r.lab.World.Advance(d)
	over := make(chan time.Time, 1)
	over <- r.lab.World.Now()
	return over
}

func (r *running) deploy(ctx context.Context) error {
	for _, id := range r.suite.order {
		if _, err := r.runner.Catalog().Put(ctx, id, r.suite.sources[id].text, true); err != nil {
			return fmt.Errorf("deploy %s: %w", id, err)
		}
	}
	return nil
}

// play walks through the steps until one fails.
func (r *running) play(ctx context.Context) error {
	if len(r.failures) == 0 && (len(r.test.steps) == 0 || r.test.steps[0].kind != start) {
		first := step{Pos: flows.Pos{Line: r.test.Line, Column: 1}, kind: start, stepData: r.test.start}
		if err := r.take(ctx, first); err != nil {
			return err
		}
	}
	for i := range r.test.steps {
		if len(r.failures) > 0 {
			break
		}
		if err := r.take(ctx, r.test.steps[i]); err != nil {
			return fmt.Errorf("step in line %d: %w", r.test.steps[i].Line, err)
		}
	}
	return r.note(ctx)
}

// note keeps the traces as long as the engine keeps the executions.
func (r *running) note(ctx context.Context) error {
	for _, id := range r.executions {
		t, err := r.runner.Trace(ctx, id)
		switch {
		case errors.Is(err, &engine.Error{Code: engine.NotFound}):
		case err != nil:
			return fmt.Errorf("trace: %w", err)
		default:
			r.traces[id] = t
		}
	}
	return nil
}

// breaks adds a failure at a place of the test file.
func (r *running) breaks(at flows.Pos, text string) {
	r.failures = append(r.failures, r.suite.problem(at, text))
}
