package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
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
