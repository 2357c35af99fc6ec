package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/flowstest"
	"github.com/mfaflow/mfaflow/schemas"
)

// madeSteps bounds how many steps of an execution are answered.
const madeSteps = 6

// described compiles the schemas once.
var described = sync.OnceValues(func() (*connector.Registry, error) {
	return connector.NewRegistry(describe(func(string) connector.Outcome { return nil })...)
})

// randomCapabilities are all that are described; what they answer is made of choices.
func randomCapabilities(choices *flowstest.Choices) (*connector.Registry, error) {
	reg, err := described()
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	return reg.Rewire(describe(func(id string) connector.Outcome {
		mu.Lock()
		defer mu.Unlock()
		e, _ := reg.Lookup(id)
		if len(e.Spec.Errors) > 0 && choices.Chance(4) {
			return connector.Fail{Code: e.Spec.Errors[choices.PickNumber(len(e.Spec.Errors))]}
		}
		output, _ := flowstest.Sample(choices, e.Spec.Output.Doc).(map[string]any)
		return connector.Complete{Output: output}
	})...)
}

func describe(answer func(id string) connector.Outcome) []connector.Capability {
	var list []connector.Capability
	for _, id := range schemas.IDs() {
		doc, _ := schemas.Capability(id)
		run := func(context.Context, connector.Call) connector.Outcome { return answer(id) }
		list = append(list, connector.Capability{ID: id, Schema: doc, Run: run, Recover: run, Joined: true})
	}
	return list
}

// TestMadeFlowsRunWithoutPanic: what the loader accepts of flows made at random is
// uploaded, started and answered; whatever comes of it, it is an answer or a refusal.
func TestMadeFlowsRunWithoutPanic(t *testing.T) {
	t.Parallel()
	accepted, steps := 0, 0
	for i := range uint64(120) {
		choices := flowstest.NewChoices(binary.LittleEndian.AppendUint64(nil, i*0x9e3779b97f4a7c15))
		n, ok := runMade(t, choices)
		steps += n
		if ok {
			accepted++
		}
	}
	if accepted < 10 || steps < 10 {
		t.Errorf("%d sets of flows were accepted and %d steps answered: the property says little", accepted, steps)
	}
}

func runMade(t *testing.T, choices *flowstest.Choices) (steps int, accepted bool) {
	t.Helper()
	caps, err := randomCapabilities(choices)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *engine.Options) {
		o.Capabilities, o.Env = caps, map[string]string{"BRAND": "Acme"}
	})
	var sources []engine.Source
	for _, text := range flowstest.Flows(choices, w.opts.Capabilities) {
		sources = append(sources, engine.Source{Text: []byte(text)})
	}
	uploaded, err := w.run.Catalog().PutAll(t.Context(), sources)
	if err != nil {
		refused(t, err, engine.FlowInvalid)
		return 0, false
	}
	for i, up := range uploaded {
		f, _ := flows.Parse("", sources[i].Text)
		inputs := map[string]any{}
		for _, in := range f.Inputs {
			if in.Required || choices.Chance(2) {
				inputs[in.Name] = flowstest.Sample(choices, in.Schema.Doc)
			}
		}
		steps += w.walkMade(choices, up.ID, inputs, string(sources[i].Text))
	}
	return steps, true
}

// walkMade starts a flow and answers its steps at random.
func (w *world) walkMade(choices *flowstest.Choices, flow string, inputs map[string]any, text string) (steps int) {
	e, err := w.run.Start(w.t.Context(), engine.StartRequest{Flow: flow, Inputs: inputs, Manager: true})
	w.isAnswer(err, text)
	for err == nil && e.Step != nil && len(e.Step.Actions) > 0 && steps < madeSteps {
		action := e.Step.Actions[choices.PickNumber(len(e.Step.Actions))]
		form, _ := flowstest.Sample(choices, e.Step.Form).(map[string]any)
		next, failed := w.run.Resume(w.t.Context(), e.ID, engine.ResumeRequest{
			Token: e.Step.Token, Action: action.ID, Form: form, Access: engine.Access{Manager: true}})
		w.isAnswer(failed, text)
		if failed == nil {
			e = next
		}
		steps++
	}
	return steps
}

// isAnswer demands success or a refusal that was made for clients.
func (w *world) isAnswer(err error, text string) {
	w.t.Helper()
	var e *engine.Error
	if err != nil && (!errors.As(err, &e) || e.Code == engine.Internal) {
		w.t.Errorf("got %v, want an answer or a refusal, for\n%s", err, text)
	}
}

// TestAChildCannotTurnOnTheUsersOfItsCallers: a sub-flow that begins to write to the user
// whom it is given is refused while a public flow gives it one that nobody has proven.
func TestAChildCannotTurnOnTheUsersOfItsCallers(t *testing.T) {
	t.Parallel()
	caps, err := randomCapabilities(flowstest.NewChoices(nil))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *engine.Options) { o.Capabilities = caps })
	child := "schema: flow/v1\nid: child\ntitle: C\nstart: a\ninputs: { userId: { type: string, required: true } }\nnodes:\n" +
		"  a: { uses: mfa/read-mfa-status, with: { userId: =inputs.userId }, next: z }\n  z: { end: done }\n"
	w.put(child, "schema: flow/v1\nid: parent\ntitle: P\npublic: true\nstart: a\ninputs: { userId: { type: string, client: true, required: true } }\nnodes:\n"+
		"  a: { call: child, with: { userId: =inputs.userId }, next: { done: z } }\n  z: { end: canceled }\n")
	for _, writes := range []string{"user/delete, with: { userId: =inputs.userId }", "mfa/update-mfa-status, with: { userId: =inputs.userId, mfaEnabled: false }"} {
		_, err := w.run.Catalog().Put(t.Context(), "", []byte(replace(child, "mfa/read-mfa-status, with: { userId: =inputs.userId }", writes)), true)
		e := refusedBy(t, err, "unproven-user")
		if e.Problems[0].File != "parent.yaml" || e.Problems[0].Node != "a" {
			t.Errorf("got %s, want it in the caller's node a", e.Problems[0])
		}
	}
}
