package flowtest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// mock answers in place of a capability.
type mock struct {
	flows.Pos
	uses    string
	usesPos flows.Pos
	when    *flows.Expr
	output  *flows.Value
	fails   *flows.Value

	outputPos flows.Pos
	entry     *connector.Entry
}

// mockEnv is what the expressions of a mock can read: the capability's input, and which
// call of the capability in this test it is, counted from 1.
func mockEnv(e *connector.Entry) *cond.Type {
	return &cond.Type{Kind: cond.Object, Fields: map[string]cond.Field{
		"input": {Type: cond.FromSchema(plainSchema(e.Spec.Input.Doc))}, "call": {Type: &cond.Type{Kind: cond.Number}},
	}}
}

// plainSchema is an input schema without its marks of secrecy: a test may look at what
// the flow gives away.
func plainSchema(doc map[string]any) map[string]any {
	plain, _ := withoutSecret(doc).(map[string]any)
	return plain
}

func withoutSecret(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, member := range v {
			if k != "secret" || member != true {
				m[k] = withoutSecret(member)
			}
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i := range v {
			l[i] = withoutSecret(v[i])
		}
		return l
	}
	return v
}

// check finds the capability and holds the answer against its schema.
func (m *mock) check(doc *flows.Document, caps *connector.Registry) {
	e, ok := caps.Lookup(m.uses)
	if !ok {
		noCapability(doc, m.usesPos, m.uses, caps)
		return
	}
	m.entry = e
	env := mockEnv(e)
	doc.Compile(m.when, env, cond.WantBool)
	switch {
	case m.output != nil:
		doc.CompileValue(m.output, env)
		m.checkOutput(doc)
	case m.fails != nil:
		doc.CompileValue(m.fails, env)
		m.checkCode(doc)
	}
}

// checkOutput validates an output that holds no expression; others are validated when
// they are computed.
func (m *mock) checkOutput(doc *flows.Document) {
	if m.output.Expr != nil || m.output.Map != nil || m.output.List != nil {
		return
	}
	for _, bad := range m.entry.Spec.Output.Validate(m.framed(m.output.Const)) {
		doc.Problem(m.outputPos, ruleMock, fmt.Sprintf("the output schema of `%s` refuses this: %s", m.entry.ID, violation(bad)),
			"`mfaflow capability show "+m.entry.ID+"` prints the schema")
	}
}

func violation(v connector.Violation) string { return strings.TrimSpace(v.Pointer + " " + v.Text) }

// framed adds what every answer has and no test wants to write.
func (m *mock) framed(out any) any {
	o, ok := out.(map[string]any)
	if !ok {
		return out
	}
	known, _ := m.entry.Spec.Output.Doc["properties"].(map[string]any)
	for name, v := range map[string]any{"statusCode": 200.0, "headers": map[string]any{}} {
		if _, there := o[name]; !there && known[name] != nil {
			o[name] = v
		}
	}
	return o
}

// engineCodes are what the engine itself makes of a capability that did not answer.
var engineCodes = []string{connector.CodeInputInvalid, connector.CodeOutputInvalid, connector.CodeTimeout,
	connector.CodeUnavailable, connector.CodeOutcomeUnknown, connector.CodeLimitExceeded, connector.CodeInternal}

func (m *mock) checkCode(doc *flows.Document) {
	code, ok := m.fails.Const.(string)
	if o, isMap := m.fails.Const.(map[string]any); isMap {
		code, ok = o["code"].(string)
	}
	known := slices.Concat(m.entry.Spec.Errors, engineCodes)
	switch {
	case m.fails.Expr != nil || m.fails.Map != nil:
	case !ok:
		doc.Problem(m.outputPos, ruleMock, "this is no error", "write a code, or a map of `code`, `message` and `details`")
	case !slices.Contains(known, code):
		doc.Problem(m.outputPos, ruleMock, fmt.Sprintf("`%s` has no error `%s`", m.entry.ID, code), flows.DidYouMean(code, known))
	}
}

// mocked is caps with the mocks in front of them. calls counts by capability.
func (r *running) mocked(caps []connector.Capability) []connector.Capability {
	out := slices.Clone(caps)
	for i, c := range out {
		var mine []*mock
		for _, m := range r.mocks {
			if m.entry.ID == c.ID {
				mine = append(mine, m)
			}
		}
		if len(mine) > 0 {
			c.Run = r.answer(c, mine)
		}
		out[i].Run = r.fragile(c)
	}
	return out
}

func (r *running) answer(c connector.Capability, mocks []*mock) func(context.Context, connector.Call) connector.Outcome {
	return func(ctx context.Context, call connector.Call) connector.Outcome {
		r.calls[c.ID]++
		env := map[string]any{"input": call.Input, "call": float64(r.calls[c.ID])}
		for _, m := range mocks {
			if m.when != nil {
				ok, err := m.when.Program.Run(env, nil)
				if err != nil {
					r.breaks(m.Pos, fmt.Sprintf("`when` of the mock of `%s` fails: %v", c.ID, err))
					continue
				}
				if ok != true {
					continue
				}
			}
			return r.outcome(m, env)
		}
		return c.Run(ctx, call)
	}
}

// outcome is what a mock answers. An answer that the schema refuses breaks the test.
func (r *running) outcome(m *mock, env map[string]any) connector.Outcome {
	from := m.output
	if from == nil {
		from = m.fails
	}
	v, err := compute(*from, env)
	if err != nil {
		r.breaks(m.outputPos, fmt.Sprintf("the mock of `%s` fails: %v", m.entry.ID, err))
		return connector.Fail{Code: connector.CodeInternal, Err: err}
	}
	if m.output == nil {
		return failure(v)
	}
	v = m.framed(v)
	for _, bad := range m.entry.Spec.Output.Validate(v) {
		r.breaks(m.outputPos, fmt.Sprintf("the output schema of `%s` refuses what the mock answers: %s", m.entry.ID, violation(bad)))
	}
	out, _ := v.(map[string]any)
	return connector.Complete{Output: out}
}

func failure(v any) connector.Fail {
	if code, ok := v.(string); ok {
		return connector.Fail{Code: code}
	}
	o, _ := v.(map[string]any)
	f := connector.Fail{}
	f.Code, _ = o["code"].(string)
	f.Message, _ = o["message"].(string)
	f.Details, _ = o["details"].(map[string]any)
	return f
}
