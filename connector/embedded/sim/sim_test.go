package sim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/sim"
	"github.com/mfaflow/mfaflow/store"
)

func newWorld(t *testing.T, o sim.Options) *sim.World {
	t.Helper()
	w, err := sim.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

type obj = map[string]any

// device reads the i-th device of a user.
func device(t *testing.T, w *sim.World, user string, i int) obj {
	t.Helper()
	all, err := w.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, _ := all[user].([]any)
	if i >= len(list) {
		t.Fatalf("%s has %d devices: %v", user, len(list), all)
	}
	d, _ := list[i].(obj)
	return d
}

func TestPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Options{})
	for name, u := range map[string]obj{
		"ana": {},
		"ben": {"password": "correct horse 9", "email": "b@example.net", "phone": "+41791234567", "enabled": false,
			"devices": []any{obj{"type": "EMAIL", "email": "b@example.com", "nickname": "Mail"}, obj{"type": "SMS", "phone": "+41791234567"}}},
		"dan": {"mfaEnabled": false, "devices": []any{obj{"type": "TOTP"}, obj{"type": "TOTP", "status": "ACTIVATION_REQUIRED"}}},
		"fay": {"devices": []any{obj{"type": "SMS", "phone": "+41791234567", "locked": true}, obj{"type": "VOICE", "phone": "+41791234567", "blocked": true}}},
	} {
		if err := w.AddUser(t.Context(), name, u); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	users, err := w.Users(t.Context())
	if err != nil || len(users) != 4 {
		t.Fatalf("%v %v", users, err)
	}
	ana, _ := users["ana"].(obj)
	ben, _ := users["ben"].(obj)
	dan, _ := users["dan"].(obj)
	if ana["email"] != "ana@example.com" || ana["mfaEnabled"] != false || ana["enabled"] != true {
		t.Errorf("ana: %v", ana)
	}
	if ben["email"] != "b@example.net" || ben["mfaEnabled"] != true || ben["enabled"] != false || ben["mobilePhone"] != "+41791234567" {
		t.Errorf("ben: %v", ben)
	}
	if dan["mfaEnabled"] != false || len(w.Codes()) != 2 {
		t.Errorf("dan: %v, %d accounts in the app", dan, len(w.Codes()))
	}
	for _, want := range []struct {
		user        string
		i           int
		member, got string
	}{
		{"ben", 0, "nickname", "Mail"}, {"ben", 1, "type", "SMS"}, {"dan", 0, "status", "ACTIVE"}, {"dan", 1, "status", "ACTIVATION_REQUIRED"},
		{"fay", 0, "lock.status", "LOCKED"}, {"fay", 1, "block.status", "BLOCKED"},
	} {
		var v any = device(t, w, want.user, want.i)
		for name := range strings.SplitSeq(want.member, ".") {
			m, _ := v.(obj)
			v = m[name]
		}
		if v != want.got {
			t.Errorf("%s's device %d: %s is %v, want %s", want.user, want.i, want.member, v, want.got)
		}
	}
}

// TestRefusals holds that what the service refuses is said, not swallowed.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Options{})
	for name, u := range map[string]obj{
		"short":   {"password": "x"},
		"nothing": {"devices": []any{obj{"type": "FAX"}}},
		"bad":     {"devices": []any{obj{"type": "EMAIL", "email": "a@"}}},
	} {
		if err := w.AddUser(t.Context(), name, u); err == nil {
			t.Errorf("%s was made", name)
		}
	}
	if err := w.SetPolicy(t.Context(), obj{"email": 3}); err == nil {
		t.Error("a broken policy was taken")
	}
	off := obj{}
	for _, m := range []string{"sms", "voice", "email", "whatsApp"} {
		off[m] = obj{"otp": obj{"failure": obj{"coolDown": obj{"duration": 0}}}}
	}
	if err := w.SetPolicy(t.Context(), off); err != nil {
		t.Fatal(err)
	}
	err := w.AddUser(t.Context(), "fay", obj{"devices": []any{obj{"type": "SMS", "phone": "+41791234567", "locked": true}}})
	if err == nil || !strings.Contains(err.Error(), "cool-down is 0") {
		t.Errorf("a device was locked that no policy locks: %v", err)
	}
}

// TestManyUsers holds that all of them are read, page after page.
func TestManyUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Options{})
	const n = 120
	for i := range n {
		if err := w.AddUser(t.Context(), fmt.Sprintf("user%03d", i), obj{}); err != nil {
			t.Fatal(err)
		}
	}
	users, err := w.Users(t.Context())
	if err != nil || len(users) != n {
		t.Errorf("%d users, want %d: %v", len(users), n, err)
	}
}

func TestCrash(t *testing.T) {
	t.Parallel()
	if err := newWorld(t, sim.Options{}).Crash(t.Context()); err == nil {
		t.Error("a world in memory crashed and came back")
	}
	w := newWorld(t, sim.Options{Dir: t.TempDir()})
	if err := w.AddUser(t.Context(), "ben", obj{"devices": []any{obj{"type": "TOTP"}}}); err != nil {
		t.Fatal(err)
	}
	before := w.Codes()
	w.Advance(time.Hour)
	w.Unplug()
	if err := w.AddUser(t.Context(), "eve", obj{}); !errors.Is(err, store.ErrStopped) {
		t.Errorf("without power: %v", err)
	}
	at := w.Now()
	if err := w.Crash(t.Context()); err != nil {
		t.Fatal(err)
	}
	users, err := w.Users(t.Context())
	if err != nil || len(users) != 1 || w.Opens() != 2 || w.Now().Sub(at) != time.Millisecond {
		t.Errorf("after the crash: %v %v, opened %d times, at %v", users, err, w.Opens(), w.Now())
	}
	if len(before) != 1 || len(w.Codes()) != 1 {
		t.Error("the phone forgot its app")
	}
	if err := w.AddUser(t.Context(), "eve", obj{}); err != nil {
		t.Errorf("with power again: %v", err)
	}
}

// TestApp holds the app to RFC 6238, appendix B, and to key URIs of all kinds.
func TestApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Options{})
	w.Advance(time.Unix(1111111109, 0).Sub(w.Now()))
	for uri, want := range map[string]string{
		"otpauth://totp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8":                                      "07081804",
		"otpauth://totp/b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ":                                               "081804",
		"otpauth://totp/c?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA&algorithm=SHA256&digits=8": "68084774",
		"otpauth://totp/d?secret=" + strings.Repeat("GEZDGNBVGY3TQOJQ", 6) + "GEZDGNA&algorithm=SHA512&digits=8": "25091201",
	} {
		if err := w.Scan(uri); err != nil {
			t.Errorf("%s: %v", uri, err)
			continue
		}
		newest, _ := w.Codes()[0].(obj)
		if newest["code"] != want {
			t.Errorf("%s: %v, want %s", uri, newest, want)
		}
		if err := w.Scan(uri); err != nil {
			t.Error(err)
		}
	}
	if n := len(w.Codes()); n != 4 {
		t.Errorf("%d accounts, want 4", n)
	}
	for _, bad := range []string{"", "https://x", "otpauth://hotp/a?secret=GEZDGNBV", "otpauth://totp/a", "otpauth://totp/a?secret=1", "otpauth://totp/a?secret=GEZDGNBV&algorithm=MD5"} {
		if err := w.Scan(bad); err == nil {
			t.Errorf("%q was scanned", bad)
		}
	}
}

// TestMessages holds that messages arrive once each, newest first.
func TestMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Options{})
	for _, name := range []string{"ana", "ben"} {
		err := w.AddUser(context.WithoutCancel(t.Context()), name, obj{"devices": []any{obj{"type": "EMAIL", "email": name + "@example.com", "status": "ACTIVATION_REQUIRED"}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		list, err := w.Messages(t.Context())
		if err != nil || len(list) != 2 {
			t.Fatalf("%v %v", list, err)
		}
		if newest, _ := list[0].(obj); newest["to"] != "ben@example.com" || newest["code"] == "" {
			t.Errorf("newest: %v", newest)
		}
	}
}
