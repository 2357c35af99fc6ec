package flowtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// take does one step and judges its expectations.
func (r *running) take(ctx context.Context, s step) error {
	if err := r.doStep(ctx, s); err != nil {
		return err
	}
	if err := r.deliver(ctx, s.kind); err != nil {
		return err
	}
	for _, e := range s.expect {
		if len(r.failures) > 0 && s.kind != expect {
			break
		}
		if err := r.judge(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// deliver lets messages arrive at once, as long as they are worth something.
func (r *running) deliver(ctx context.Context, k kind) error {
	if k == see || k == end || k == expect {
		return nil
	}
	if _, err := r.lab.World.Messages(ctx); err != nil {
		return fmt.Errorf("deliver messages: %w", err)
	}
	return nil
}

func (r *running) doStep(ctx context.Context, s step) error {
	switch s.kind {
	case see:
		return r.see(ctx, s)
	case act:
		return r.act(ctx, s)
	case again:
		return r.again(ctx, s)
	case start:
		return r.begin(ctx, s)
	case end:
		return r.end(ctx, s)
	case clock:
		return r.move(ctx, s.moves)
	case crash:
		return r.crash(ctx, s)
	case cancel:
		e, err := r.runner.Cancel(ctx, r.id, r.access())
		return r.answered(s, e, err)
	case scan:
		return r.scan(ctx, s)
	case run:
		return r.run(ctx, s)
	case rule:
		if err := r.lab.SetPolicy(ctx, s.policy); err != nil {
			r.breaks(s.Pos, fmt.Sprintf("the policy is refused: %v", err))
		}
	}
	return nil
}

func (r *running) access() engine.Access { return engine.Access{Handle: r.handle} }

// begin starts an execution, which is the current one from then on.
func (r *running) begin(ctx context.Context, s step) error {
	flow := s.name
	if flow == "" {
		flow = r.suite.file.flow
	}
	inputs, err := r.computed(ctx, s, s.inputs)
	if err != nil || len(r.failures) > 0 {
		return err
	}
	client, err := r.client(ctx, s)
	if err != nil || len(r.failures) > 0 {
		return err
	}
	q := engine.StartRequest{Flow: flow, Inputs: inputs, Manager: true, Request: request}
	if client != nil {
		q.Client = *client
	}
	e, err := r.runner.Start(ctx, q)
	if err == nil {
		r.id, r.handle, r.tokens, r.last = e.ID, e.Handle, nil, nil
		r.executions, r.started[e.ID] = append(r.executions, e.ID), flow
	}
	return r.answered(s, e, err)
}

// request is what the server would have seen of every request.
var request = engine.RequestFacts{IP: "192.0.2.1", UserAgent: "mfaflow test", Origin: "https://mfaflow.example"}

// client computes what the client says of itself; nil if the step does not say.
func (r *running) client(ctx context.Context, s step) (*engine.ClientFacts, error) {
	if s.client == nil {
		return nil, nil
	}
	facts, err := r.computed(ctx, s, s.client)
	if err != nil {
		return nil, err
	}
	text := func(name string) string { v, _ := facts[name].(string); return v }
	return &engine.ClientFacts{WebAuthn: text("webauthn"), Locale: text("locale"), DeviceSession: text("deviceSession")}, nil
}

// act answers the current step.
func (r *running) act(ctx context.Context, s step) error {
	form, err := r.computed(ctx, s, s.form)
	if err != nil || len(r.failures) > 0 {
		return err
	}
	client, err := r.client(ctx, s)
	if err != nil || len(r.failures) > 0 {
		return err
	}
	q := engine.ResumeRequest{Action: s.name, Form: form, Client: client, Request: request, Token: r.token(s)}
	r.last = &q
	return r.resume(ctx, s, q)
}

// token is that of the step shown, or of the one before.
func (r *running) token(s step) string {
	back := 1
	if s.stale {
		back = 2
	}
	if len(r.tokens) < back {
		return ""
	}
	return r.tokens[len(r.tokens)-back]
}

func (r *running) resume(ctx context.Context, s step, q engine.ResumeRequest) error {
	if r.id == "" {
		r.breaks(s.Pos, "no execution was started")
		return nil
	}
	q.Access = r.access()
	e, err := r.runner.Resume(ctx, r.id, q)
	if r.dieAfter != "" {
		return r.died(ctx, s, err)
	}
	return r.answered(s, e, err)
}

// again sends the last answer once more: the click that was made twice, or whose answer
// got lost. It must have no effect.
func (r *running) again(ctx context.Context, s step) error {
	if r.last == nil {
		r.breaks(s.Pos, "nothing was answered yet that could be answered again")
		return nil
	}
	if err := r.resume(ctx, s, *r.last); err != nil {
		return err
	}
	lost := r.lost
	r.lost = false
	if s.refused == "" && len(r.failures) == 0 && !lost && !r.now.Repeated {
		r.breaks(s.Pos, "the answer had an effect the second time: "+r.seen())
	}
	return nil
}

// answered takes what the engine said, and holds a refusal against the step.
func (r *running) answered(s step, e *engine.Execution, err error) error {
	var refusal *engine.Error
	if err != nil && (!errors.As(err, &refusal) || refusal.Code == engine.Internal) {
		return err
	}
	switch {
	case refusal == nil:
		r.saw(e)
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
	e, err := r.runner.Get(ctx, r.id, r.access())
	if errors.Is(err, &engine.Error{Code: engine.NotFound}) {
		return nil // it was kept long enough
	}
	if err != nil {
		return fmt.Errorf("read the execution: %w", err)
	}
	r.saw(e)
	return nil
}

// move moves the clock to each timer in turn, and then to where it should be.
func (r *running) move(ctx context.Context, d time.Duration) error {
	world := r.lab.World
	until := world.Now().Add(d)
	for {
		next, err := r.ring(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(until) {
			break
		}
		world.Advance(max(next.Sub(world.Now()), time.Millisecond))
	}
	world.Advance(until.Sub(world.Now()))
	_, err := r.ring(ctx)
	return err
}

// ring fires what is due and returns when the next timer is; zero: none. A timer that
// is put off while timers are fired is seen the second time only.
func (r *running) ring(ctx context.Context) (next time.Time, err error) {
	for range 2 {
		if next, err = r.runner.Tick(ctx); err != nil {
			return next, fmt.Errorf("timers: %w", err)
		}
	}
	if err := r.look(ctx); err != nil { // it may not be kept until the clock stops
		return next, err
	}
	return next, r.note(ctx)
}

// scan lets the authenticator app read an account.
func (r *running) scan(ctx context.Context, s step) error {
	v, err := r.computed(ctx, s, []flows.Member{{Name: "text", Value: s.text}})
	if err != nil || len(r.failures) > 0 {
		return err
	}
	app, ok := r.lab.World.(Authenticator)
	if !ok {
		r.breaks(s.Pos, "this world has no authenticator app")
		return nil
	}
	text, _ := v["text"].(string)
	if err := app.Scan(text); err != nil {
		r.breaks(s.Pos, fmt.Sprintf("the app cannot read `%s`: %v", text, err))
	}
	return nil
}

// run runs a capability beside the flow: what an administrator does meanwhile.
func (r *running) run(ctx context.Context, s step) error {
	input, err := r.computed(ctx, s, s.inputs)
	if err != nil || len(r.failures) > 0 {
		return err
	}
	e, ok := r.caps.Lookup(s.name)
	if !ok {
		return fmt.Errorf("the lab has no capability %s", s.name)
	}
	key := fmt.Sprintf("test/%d/%d", s.Line, s.Column)
	code := ""
	out := e.Run(ctx, connector.Call{Input: input, Key: key})
	f, failed := out.(connector.Fail)
	if failed {
		code = f.Code
	}
	if code != s.code {
		r.breaks(s.Pos, fmt.Sprintf("expected %s to end with %s, saw %s", s.name, orFine(s.code), strings.TrimSpace(orFine(code)+" "+f.Message)))
	}
	return r.look(ctx)
}

func orFine(code string) string {
	if code == "" {
		return "no error"
	}
	return code
}
