package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector"
)

// TestStatusTable walks every status and event.
func TestStatusTable(t *testing.T) {
	t.Parallel()
	statuses := []Status{"", Waiting, Running, Completed, Failed, Canceled, Expired}
	events := map[event]Status{
		eventShow: Waiting, eventCall: Running, eventComplete: Completed,
		eventFail: Failed, eventCancel: Canceled, eventExpire: Expired,
	}
	for _, s := range statuses {
		final := s == Completed || s == Failed || s == Canceled || s == Expired
		if s.final() != final {
			t.Errorf("%q final is %v", s, s.final())
		}
		for e, want := range events {
			got, err := s.on(e)
			if final && (err == nil || got != s) {
				t.Errorf("%q can %s", s, e)
			}
			if !final && (err != nil || got != want) {
				t.Errorf("%q on %s is %q, %v", s, e, got, err)
			}
		}
		if _, err := s.on("dance"); err == nil {
			t.Errorf("%q can dance", s)
		}
	}
	if _, err := Status("UNKNOWN").on(eventShow); err == nil {
		t.Error("an unknown status has transitions")
	}
}

func TestStateRoundTrip(t *testing.T) {
	t.Parallel()
	s := newState("id")
	s.head = head{Flow: "f", Status: Waiting, Frames: []frame{{Flow: "f", Node: "a", Visits: map[string]int{"a": 2}}}}
	s.set(slotName(0, slotVar, "v"), map[string]any{"x": 1.0})
	s.set(slotName(1, slotVar, "v"), "inner")
	first, err := s.encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := decodeState("id", first)
	if err != nil {
		t.Fatal(err)
	}
	second, err := back.encode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("an untouched state changes (-first +second):\n%s", diff)
	}
	v, ok, err := back.get(slotName(0, slotVar, "v"))
	if diff := cmp.Diff(map[string]any{"x": 1.0}, v); !ok || err != nil || diff != "" {
		t.Errorf("slot: %v %v %s", ok, err, diff)
	}
	back.dropFrame(1)
	if _, ok, _ := back.get(slotName(1, slotVar, "v")); ok {
		t.Error("a dropped frame keeps its slots")
	}
}

// FuzzDecodeState: no record, however broken, does more than give an error.
func FuzzDecodeState(f *testing.F) {
	s := newState("id")
	s.head.Frames = []frame{{Flow: "f", Node: "a"}}
	s.set(slotName(0, slotVar, "v"), 1.0)
	seed, err := s.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		st, err := decodeState("id", b)
		if err != nil {
			return
		}
		for name := range st.slots {
			_, _, _ = st.get(name)
		}
	})
}

// TestA35Tokens: a token with any byte changed, cut or of another execution is none.
func TestA35Tokens(t *testing.T) {
	t.Parallel()
	k := &secrets{token: []byte("t"), handle: []byte("h"), epoch: 1}
	token := k.tokenOf("id", 7)
	if n, ok := k.stepOf("id", token); !ok || n != 7 {
		t.Fatalf("token of step 7 reads %d, %v", n, ok)
	}
	for i := range token {
		for _, c := range []byte("A_z0=\n ") {
			if token[i] == c {
				continue
			}
			if _, ok := k.stepOf("id", token[:i]+string(c)+token[i+1:]); ok {
				t.Errorf("byte %d changed to %q is accepted", i, c)
			}
		}
		if _, ok := k.stepOf("id", token[:i]); ok {
			t.Errorf("cut at %d is accepted", i)
		}
	}
	if _, ok := k.stepOf("other", token); ok {
		t.Error("another execution's token is accepted")
	}
	if _, ok := (&secrets{token: []byte("t"), epoch: 2}).stepOf("id", token); ok {
		t.Error("a token of an older epoch is accepted")
	}
	if k.isHandle("id", 1, k.handleOf("id", 0)) {
		t.Error("the handle before the rotation is accepted")
	}
}

// An id has one spelling: others would name another latch, or another record, of the same
// execution.
func TestAnIDHasOneSpelling(t *testing.T) {
	t.Parallel()
	const id = "0190163d-8694-739b-aea5-966c26f8ad90"
	for _, other := range []string{"", "x", id[1:], id + " ", strings.ToUpper(id), "{" + id + "}", "urn:uuid:" + id,
		strings.ReplaceAll(id, "-", "")} {
		if canonicalID(other) {
			t.Errorf("%q is taken for an id", other)
		}
	}
	if !canonicalID(id) {
		t.Errorf("%q is not taken for an id", id)
	}
}

// A proof that nothing can judge any more does not count. One that names no capability is
// of an older version, and any that authenticates judges it.
func TestAProofThatNothingJudgesDoesNotCount(t *testing.T) {
	t.Parallel()
	capability := func(id string, authenticates bool, code string) connector.Capability {
		run := func(context.Context, connector.Call) connector.Outcome { return connector.Fail{} }
		return connector.Capability{ID: id, Run: run, Joined: true,
			Schema: fmt.Appendf(nil, `{"title": "T", "x-effect": "read", "x-authenticates": %v, "properties": {
				"input": {"type": "object", "properties": {}}, "output": {"type": "object", "properties": {}}}}`, authenticates),
			Confirm: func(context.Context, connector.Proof) *connector.Fail { return &connector.Fail{Code: code} }}
	}
	login, other := capability("a/login", true, "OF_LOGIN"), capability("a/anything", false, "OF_ANYTHING")
	for name, c := range map[string]struct {
		capability string
		caps       []connector.Capability
		want       string
	}{
		"its own":          {"a/anything", []connector.Capability{login, other}, "OF_ANYTHING"},
		"gone":             {"a/gone", []connector.Capability{login, other}, connector.CodeCredentialsChanged},
		"older":            {"", []connector.Capability{login, other}, "OF_LOGIN"},
		"older and no one": {"", []connector.Capability{other}, connector.CodeCredentialsChanged},
	} {
		reg, err := connector.NewRegistry(c.caps...)
		if err != nil {
			t.Fatal(err)
		}
		w := &walker{ctx: t.Context(), scope: scope{r: &Runner{caps: reg, hash: func(s string) string { return s }}, st: newState("id")}}
		w.st.head.Frames = []frame{{Flow: "f", Node: "a"}}
		info, err := w.confirmProof(proof{User: "u", Capability: c.capability})
		if err != nil || info == nil || info.Code != c.want {
			t.Errorf("%s: got %+v, %v; want %s", name, info, err, c.want)
		}
	}
}

// A repeated start is answered while nothing but the start moved the execution, also where
// a timeout moved it.
func TestOnlyAStartOnItsWayIsAtItsFirstStep(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status      Status
		first, step int
		want        bool
	}{
		"on its way":                {Running, 0, 0, true},
		"shows its first screen":    {Waiting, 1, 1, true},
		"shows another":             {Waiting, 1, 2, false},
		"on its way after a screen": {Running, 1, 1, false},
		"ended":                     {Completed, 0, 0, false},
	} {
		s := newState("id")
		s.head.Frames = []frame{{Flow: "f", Node: "a"}}
		s.head.Status, s.head.First, s.head.Step, s.head.Expires = c.status, c.first, c.step, 10
		if got := s.atFirstStep(9); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
		if s.atFirstStep(10) && c.status == Waiting {
			t.Errorf("%s: overdue, and at its first step", name)
		}
	}
}
