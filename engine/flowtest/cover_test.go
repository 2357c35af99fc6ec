package flowtest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mfaflow/mfaflow/engine/flowtest"
)

const signOn = `
  - name: sign on
    steps:
      - { act: submit, form: { username: nobody } }
      - { act: submit, form: { username: ben } }
      - { act: submit, form: { otp: "=inbox[0].code" } }
      - { end: success }
`

func TestCoverage(t *testing.T) {
	t.Parallel()
	s := load(t, head+signOn+`
uncovered: { prove.failed: the child cannot fail, look.next.1: it can }
`, options(t, nil))
	passes(t, s)
	want := []flowtest.Coverage{{
		Flow: "code", Scenarios: 1, Paths: 1, Covered: 3, Edges: 6,
		Uncovered: []flowtest.Blank{
			{Edge: "begin.next.2", To: "failed", Line: 13}, {Edge: "otp.cancel", To: "canceled", Line: 17},
			{Edge: "check.catch.INVALID_OTP", To: "otp", Line: 22},
		},
	}, {
		Flow: "door", Scenarios: 1, Paths: 1, Covered: 4, Edges: 10,
		Uncovered: []flowtest.Blank{
			{Edge: "ask.cancel", To: "canceled", Line: 7}, {Edge: "ask.timeout", To: "late", Line: 7},
			{Edge: "look.next.2", To: "closed", Line: 13}, {Edge: "prove.canceled", To: "canceled", Line: 18},
			{Edge: "prove.failed", To: "failed", Line: 18, Reason: "the child cannot fail"},
			{Edge: "catch.else", To: "failed", Line: 5},
		},
		Needless: []string{"look.next.1"},
	}}
	if diff := cmp.Diff(want, s.Coverage(), cmpopts.IgnoreUnexported(flowtest.Coverage{})); diff != "" {
		t.Error(diff)
	}
}

// TestMerge holds that files about one flow cover it together, crashes, starts and the
// end of a flow's time included.
func TestMerge(t *testing.T) {
	t.Parallel()
	one := load(t, head+signOn, options(t, nil))
	two := load(t, head+`
  - { name: cancel, steps: [{ act: cancel }, { start: true }, { clock: 26h }, { end: failed }] }
  - { name: crash, steps: [{ act: submit, form: { username: ben } }, { crash: true }, { act: cancel }, { end: canceled }] }
  - name: otherwise
    mocks: [{ uses: user/find, error: UNAVAILABLE }]
    steps: [{ act: submit, form: { username: ben } }, { end: failed }]
`, options(t, nil))
	passes(t, one)
	passes(t, two)
	all := flowtest.Merge(one, two)
	if len(all) != 2 || all[1].Flow != "door" {
		t.Fatalf("got %v", all)
	}
	door := all[1]
	var blank []string
	for _, u := range door.Uncovered {
		blank = append(blank, u.Edge)
	}
	if diff := cmp.Diff([]string{"look.next.2", "prove.failed"}, blank); diff != "" {
		t.Error(diff)
	}
	if door.Scenarios != 4 || door.Covered != 8 || door.Paths != 5 {
		t.Errorf("%d scenarios, %d edges covered, %d paths", door.Scenarios, door.Covered, door.Paths)
	}
}
