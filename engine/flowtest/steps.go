package flowtest

import (
	"context"
	"fmt"

	"github.com/mfaflow/mfaflow/engine"
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
		e, err := r.runner.Cancel(ctx, r.id, r.access(r.home))
		return r.answered(s, e, err)
	case scan, passkey, pair, push, qr:
		return r.device(ctx, s)
	case run:
		return r.run(ctx, s)
	case rule:
		if err := r.lab.SetPolicy(ctx, s.policy); err != nil {
			r.breaks(s.Pos, fmt.Sprintf("the policy is refused: %v", err))
		}
	}
	return nil
}

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
	where, err := r.request(ctx, s, usual)
	if err != nil || len(r.failures) > 0 {
		return err
	}
	q := engine.StartRequest{Flow: flow, Inputs: inputs, Manager: true, Request: where}
	if client != nil {
		q.Client = *client
	}
	e, err := r.perilously(ctx, func() (*engine.Execution, error) { return r.runner.Start(ctx, q) })
	if err == nil {
		r.id, r.handle, r.tokens, r.last = e.ID, e.Handle, nil, nil
		r.firstHandle = e.Handle
		r.home, r.where = s.browser, where
		r.executions, r.started[e.ID] = append(r.executions, e.ID), flow
	}
	return r.answered(s, e, err)
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
	where, err := r.request(ctx, s, r.where)
	if err != nil || len(r.failures) > 0 {
		return err
	}
	q := engine.ResumeRequest{Action: s.name, Form: form, Client: client, Request: where, Token: r.token(s)}
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
	q.Access = r.access(r.browserOf(s))
	e, err := r.perilously(ctx, func() (*engine.Execution, error) { return r.runner.Resume(ctx, r.id, q) })
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
	lost := r.lost
	r.lost = false
	if err := r.resume(ctx, s, *r.last); err != nil {
		return err
	}
	if s.refused == "" && len(r.failures) == 0 && !lost && !r.lost && !r.now.Repeated { // r.lost: this answer died too
		r.breaks(s.Pos, "the answer had an effect the second time: "+r.seen())
	}
	return nil
}
