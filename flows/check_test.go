package flows_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/flows"
)

// TestFlowsThatAreRight holds the loader to what it must not refuse.
func TestFlowsThatAreRight(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures(t, "testdata/right/*.yaml") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			_, problems := load(t, name, read(t, name))
			for _, p := range problems {
				t.Errorf("%s\n%s", p, p.Snippet)
			}
		})
	}
}

func TestCheckCompletesTheFlow(t *testing.T) {
	t.Parallel()
	f, problems := load(t, "design.yaml", read(t, "testdata/design.yaml"))
	if got := pins(problems); len(got) != 2 { // the flow it calls, and push in `else`
		t.Fatalf("problems: %v", problems)
	}
	auth, otp := f.Node("authenticate"), f.Node("otp")
	if auth.Capability == nil || auth.SaveMember != "rawResponse" {
		t.Errorf("authenticate: capability %v, member %q", auth.Capability, auth.SaveMember)
	}
	if otp.Screen == nil || len(otp.Actions) != 4 || otp.With[0].Value.Expr.Program == nil {
		t.Errorf("otp: screen %v, actions %v", otp.Screen, otp.Actions)
	}
	if diff := cmp.Diff([]string{"canceled", "failed", "success"}, f.Outcomes); diff != "" {
		t.Errorf("outcomes: %s", diff)
	}
	if f.InputType.Fields["policyId"].Absent == "" || f.InputType.Fields["enrolment"].Absent != "" {
		t.Errorf("inputs: %v", f.InputType.Fields)
	}
	if f.OutputTypes["success"].Fields["userId"].Type == nil {
		t.Error("success has no userId")
	}
}

func TestCheckAllFindsCircles(t *testing.T) {
	t.Parallel()
	calls := func(id, callee string) *flows.Flow {
		src := fmt.Sprintf("schema: flow/v1\nid: %s\nstart: a\nnodes:\n  a: { call: %s, next: { done: b } }\n  b: { end: done }\n", id, callee)
		f, problems := flows.Parse(id, []byte(src))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return f
	}
	problems := flows.CheckAll([]*flows.Flow{calls("one", "two"), calls("two", "three"), calls("three", "one")}, flows.Library{})
	var rules []string
	for _, p := range problems {
		rules = append(rules, p.File+" "+p.Rule)
	}
	if got := strings.Join(rules, ", "); !strings.Contains(got, "three recursion") {
		t.Errorf("no recursion: %s", got)
	}
	leaf, _ := flows.Parse("three", []byte("schema: flow/v1\nid: three\nstart: a\nnodes: { a: { end: done } }\n"))
	if got := flows.CheckAll([]*flows.Flow{calls("one", "two"), calls("two", "three"), leaf}, flows.Library{}); flows.HasErrors(got) {
		t.Errorf("a chain of calls is refused: %v", got)
	}
}
