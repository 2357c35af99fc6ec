package flows_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/flows/flowstest"
)

// checkMade parses, checks, formats and draws flows made of data, and reports whether
// all were accepted.
func checkMade(t *testing.T, data []byte) (accepted bool) {
	t.Helper()
	lib := flows.Library{Capabilities: registry(t), Env: []string{"BRAND"}}
	var list []*flows.Flow
	var found []flows.Problem
	texts := flowstest.Flows(flowstest.NewChoices(data), lib.Capabilities)
	for i, text := range texts {
		f, problems := flows.Parse(fmt.Sprintf("made-%d.yaml", i), []byte(text))
		if f == nil {
			t.Fatalf("nothing could be read of\n%s\n%v", text, problems)
		}
		inside(t, []byte(text), problems)
		list, found = append(list, f), append(found, problems...)
		if _, err := flows.Format([]byte(text)); err != nil && !flows.HasErrors(problems) {
			t.Errorf("cannot be formatted: %v\n%s", err, text)
		}
		flows.GraphOf(f)
		flows.Mermaid(f)
		alone, _ := flows.Parse("", []byte(text))
		flows.Check(alone, lib)
	}
	found = append(found, flows.CheckAll(list, lib)...)
	for i, f := range list {
		inside(t, []byte(texts[i]), slices.DeleteFunc(slices.Clone(found), func(p flows.Problem) bool { return p.File != f.File }))
		flows.Mermaid(f)
	}
	return !flows.HasErrors(found)
}

// TestNoMadeFlowPanicsTheChecker: whatever the grammar makes is parsed, checked, alone
// and with what it calls, formatted and drawn; enough of it is accepted to say something
// of flows without problems too.
func TestNoMadeFlowPanicsTheChecker(t *testing.T) {
	t.Parallel()
	accepted := 0
	const rounds = 120
	for i := range uint64(rounds) {
		data := binary.LittleEndian.AppendUint64(nil, i*0x9e3779b97f4a7c15)
		if checkMade(t, data) {
			accepted++
		}
	}
	if accepted*20 < rounds {
		t.Errorf("only %d of %d sets of flows were accepted: the property says little of those", accepted, rounds)
	}
}

// FuzzMadeFlows lets the fuzzer steer the grammar.
func FuzzMadeFlows(f *testing.F) {
	for i := range uint64(16) {
		f.Add(binary.LittleEndian.AppendUint64(nil, i*0x9e3779b97f4a7c15))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkMade(t, data) })
}

// TestSecretInputInTheMessageOfAFlowsCatch: the message is refused, with any number of
// variables and nodes around it.
func TestSecretInputInTheMessageOfAFlowsCatch(t *testing.T) {
	t.Parallel()
	for _, set := range []string{"", ", set: { a: 1 }", ", set: { a: 1, b: =flow.id, c: [=flow.id] }"} {
		src := "schema: flow/v1\nid: f\nstart: a\ninputs: { pin: { type: string, secret: true, required: true } }\n" +
			"messages: { en: { my.text: \"{x}\" } }\n" +
			"catch: { else: { then: end_it, message: { key: my.text, with: { x: =inputs.pin } } } }\n" +
			"nodes:\n  a: { next: b" + set + " }\n  b: { show: message, next: { continue: end_it } }\n  end_it: { end: failed }\n"
		_, problems := load(t, "f.yaml", []byte(src))
		got := pins(problems)
		if !slices.Contains(got, "secret-used 6:68") || !slices.Contains(got, "secret-outlives-step 6:69") {
			t.Errorf("with%q the problems are %v, want secret-used at 6:68 and secret-outlives-step at 6:69", set, got)
		}
	}
}
