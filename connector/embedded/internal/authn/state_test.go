package authn

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every event in every state: where it leads, "" for nowhere. A state or an event that is
// added must be added here.
func TestMachine(t *testing.T) {
	t.Parallel()
	const (
		sel, code, key, push, late = DeviceSelectionRequired, OTPRequired, AssertionRequired, PushConfirmationRequired, PushConfirmationTimedOut
		done, fail                 = Completed, Failed
	)
	states := []Status{sel, code, key, push, late, done, fail}
	table := map[Event][7]Status{
		SelectedCode:      {code, code, code, code, code, "", ""},
		SelectedAssertion: {key, key, key, key, key, "", ""},
		SelectedPush:      {push, push, push, push, push, "", ""},
		CodeRight:         {"", done, "", done, done, "", ""},
		CodeWrong:         {"", code, "", push, late, "", ""},
		DeviceLocked:      {"", sel, sel, sel, sel, "", ""},
		NoDevice:          {fail, fail, fail, fail, fail, "", ""},
		UsedUp:            {"", fail, "", fail, fail, "", ""},
		AssertionRight:    {"", "", done, "", "", "", ""},
		PushApproved:      {"", "", "", done, "", "", ""},
		PushDenied:        {"", "", "", fail, "", "", ""},
		PushTimedOut:      {"", "", "", late, "", "", ""},
		ChangeDevice:      {sel, sel, sel, sel, sel, "", ""},
		Canceled:          {fail, fail, fail, fail, fail, "", ""},
	}
	if len(machine) != len(states) {
		t.Errorf("%d states in the machine, %d here", len(machine), len(states))
	}
	for i, s := range states {
		for e := range machine[s] {
			if _, known := table[e]; !known {
				t.Errorf("event %q is not in this table", e)
			}
		}
		for e, row := range table {
			to, ok := next(s, e)
			if to != row[i] || ok != (row[i] != "") {
				t.Errorf("%s, %s: %q %t, want %q", s, e, to, ok, row[i])
			}
		}
	}
	if _, ok := next("CANCELED", SelectedCode); ok {
		t.Error("a state that does not exist takes an event")
	}
	for s, want := range map[Status][]string{
		sel: {"device.select"}, code: {"device.select", "otp.check"}, key: {"device.select", "assertion.check"},
		push: {"device.select", "otp.check"}, late: {"device.select", "otp.check"}, done: nil, fail: nil,
	} {
		if d := cmp.Diff(want, s.links()); d != "" {
			t.Errorf("%s: %s", s, d)
		}
	}
}
