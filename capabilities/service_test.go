package capabilities

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
	"github.com/mfaflow/mfaflow/store/outbox"
)

type obj = map[string]any

// world runs capabilities on a real embedded service, with a registry around them as in
// an engine: what the service really answers must pass the output schemas.
type world struct {
	t        *testing.T
	registry *connector.Registry
	service  *embedded.Service
	inbox    *embedded.Inbox
	outbox   *outbox.Outbox
}

const environment = "abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6"

func newWorld(t *testing.T, joined bool, change ...func(*embedded.Options)) *world {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	db, err := store.Open(t.Context(), memory.New(), store.Options{Key: bytes.Repeat([]byte{7}, 32), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	o := embedded.Options{
		Environment: environment, BaseURL: "http://pingone.test", Channels: []string{"EMAIL", "PUSH"},
		HashCost: embedded.HashCost{MemoryKiB: 64, Passes: 1, Lanes: 1},
	}
	for _, f := range change {
		f(&o)
	}
	service, err := embedded.New(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, service: service, inbox: embedded.NewInbox(db, environment, 0)}
	w.registry = newRegistry(t, Deps{MFA: service, Joined: joined, Now: now})
	w.outbox = outbox.New(db, environment, w.inbox.Send, outbox.Options{})
	return w
}

// run demands a completion.
func (w *world) run(id string, input obj) connector.Complete {
	w.t.Helper()
	o := w.outcome(id, input)
	done, ok := o.(connector.Complete)
	if !ok {
		w.t.Fatalf("%s: %+v", id, o)
	}
	return done
}

// fails demands a failure with a code.
func (w *world) fails(id string, input obj, code string) connector.Fail {
	w.t.Helper()
	fail, ok := w.outcome(id, input).(connector.Fail)
	if !ok || fail.Code != code {
		w.t.Fatalf("%s: %+v, want %s", id, fail, code)
	}
	return fail
}

func (w *world) outcome(id string, input obj) connector.Outcome {
	w.t.Helper()
	entry, ok := w.registry.Lookup(id)
	if !ok {
		w.t.Fatalf("there is no %s", id)
	}
	return entry.Run(w.t.Context(), connector.Call{Input: input, Key: "key"})
}

// code is the code of the newest message.
func (w *world) code(ctx context.Context) string {
	w.t.Helper()
	if _, err := w.outbox.Drain(ctx); err != nil {
		w.t.Fatal(err)
	}
	list, err := w.inbox.List(ctx, embedded.InboxFilter{})
	if err != nil || len(list) == 0 {
		w.t.Fatalf("%d messages: %v", len(list), err)
	}
	return list[0].Code
}

// ben has a password and an active e-mail device.
func (w *world) ben() (user, device string) {
	w.t.Helper()
	made := w.run("user/create", obj{"username": "ben", "email": "ben@example.com", "name": obj{"given": "Ben", "family": "Li"}})
	user = text(made.Output, "user", "id")
	w.run("user/set-password", obj{"userId": user, "password": "correct horse 9"})
	d := w.run("mfa/create-device", obj{"userId": user, "deviceType": "EMAIL", "status": "ACTIVE", "email": "ben@example.com"})
	w.run("mfa/update-mfa-status", obj{"userId": user, "mfaEnabled": true})
	return user, text(d.Output, "device", "id")
}

func TestSignOnThroughTheService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	user, device := w.ben()
	checked := w.run("user/check-password", obj{"username": "Ben", "password": "correct horse 9"})
	if p := checked.Proof; p == nil || p.UserID != user || !slices.Equal(p.Methods, []string{"pwd"}) || p.At.IsZero() {
		t.Errorf("password proof %+v", p)
	}
	if checked.Output["passwordStatus"] != "OK" {
		t.Errorf("passwordStatus %v", checked.Output["passwordStatus"])
	}
	begun := w.run("mfa/create-device-authentication", obj{"userId": user})
	id := text(begun.Output, "rawResponse", "id")
	if begun.Proof != nil || text(begun.Output, "rawResponse", "status") != "OTP_REQUIRED" {
		t.Fatalf("begun %+v", begun)
	}
	wrong := w.fails("mfa/device-passcode", obj{"deviceAuthenticationId": id, "otp": "abc"}, "INVALID_OTP")
	if wrong.Details["attemptsRemaining"] == nil {
		t.Errorf("details %v lack attemptsRemaining", wrong.Details)
	}
	w.run("mfa/device-selection", obj{"deviceAuthenticationId": id, "deviceId": device})
	done := w.run("mfa/device-passcode", obj{"deviceAuthenticationId": id, "otp": w.code(t.Context())})
	if p := done.Proof; p == nil || p.UserID != user || p.Resource != id || !slices.Equal(p.Methods, []string{"otp"}) || p.Since.IsZero() {
		t.Errorf("passcode proof %+v", p)
	}
	if read := w.run("mfa/read-device-authentication", obj{"deviceAuthenticationId": id}); read.Proof == nil {
		t.Error("a completed authentication that is read proves nothing")
	}
	w.fails("mfa/read-device-authentication", obj{"deviceAuthenticationId": "nothing"}, "NOT_FOUND")
}

func TestBadCredentialsLookAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	user, _ := w.ben()
	idle := text(w.run("user/create", obj{"username": "idle", "email": "idle@example.com"}).Output, "user", "id")
	off := text(w.run("user/create", obj{"username": "off", "email": "off@example.com"}).Output, "user", "id")
	w.run("user/set-password", obj{"userId": off, "password": "correct horse 9"})
	w.run("user/update", obj{"userId": off, "enabled": false})
	var first connector.Fail
	for i, in := range []obj{
		{"username": "ben", "password": "wrong horse 9"},
		{"userId": user, "password": "wrong horse 9"},
		{"username": "nobody", "password": "correct horse 9"},
		{"userId": "nobody", "password": "correct horse 9"},
		{"username": "idle", "password": "correct horse 9"},
		{"userId": idle, "password": ""},
		{"username": "off", "password": "correct horse 9"},
		{"username": `x" or username sw "b`, "password": "correct horse 9"},
	} {
		fail := w.fails("user/check-password", in, "INVALID_CREDENTIALS")
		if i == 0 {
			first = fail
		}
		if fail.Message != first.Message || len(fail.Details) != 0 {
			t.Errorf("%v answers %q with %v", in, fail.Message, fail.Details)
		}
	}
}

func TestUsersThroughTheService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	user, _ := w.ben()
	w.fails("user/create", obj{"username": "BEN", "email": "b@example.com"}, "UNIQUENESS_VIOLATION")
	for _, in := range []obj{{"username": "Ben"}, {"email": "BEN@example.com"}} {
		if got := text(w.run("user/find", in).Output, "user", "id"); got != user {
			t.Errorf("%v finds %q, want %q", in, got, user)
		}
	}
	w.fails("user/find", obj{"username": `x" or username sw "b`}, "NOT_FOUND")
	w.run("user/update", obj{"userId": user, "email": "new@example.com", "name": obj{"given": "Benny"}})
	read := w.run("user/read", obj{"userId": user}).Output
	if text(read, "user", "email") != "new@example.com" || text(read, "user", "name", "given") != "Benny" {
		t.Errorf("read %v", read["user"])
	}
	w.fails("user/set-password", obj{"userId": user, "password": "x"}, "INVALID_VALUE")
	w.run("user/delete", obj{"userId": user})
	w.fails("user/read", obj{"userId": user}, "NOT_FOUND")
}

func TestDevicesThroughTheService(t *testing.T) {
	t.Parallel()
	for _, joined := range []bool{true, false} {
		w := newWorld(t, joined)
		user, first := w.ben()
		second := text(w.run("mfa/create-device", obj{"userId": user, "deviceType": "EMAIL", "status": "ACTIVATION_REQUIRED", "email": "b2@example.com"}).Output, "device", "id")
		both := obj{"userId": user, "deviceId": second}
		w.fails("mfa/activate-device", with(both, "otp", "abc"), "INVALID_OTP")
		w.run("mfa/resend-otp-for-pairing", both)
		w.run("mfa/activate-device", with(both, "otp", w.code(t.Context())))
		w.run("mfa/update-device-nickname", with(both, "nickname", "Second"))
		w.run("mfa/set-device-order", obj{"userId": user, "setDeviceOrder": "SET_DEFAULT_DEVICE", "defaultDeviceId": second})
		list := w.run("mfa/read-all-devices", obj{"userId": user, "setFilterFlag": true, "statusFilter": "ACTIVE", "deviceTypes": []any{"EMAIL", "SMS"}}).Output
		if got := ids(list["order"]); !slices.Equal(got, []string{second, first}) {
			t.Errorf("joined %v: order %v, want %v first", joined, got, second)
		}
		if got := ids(list["devices"]); !slices.Equal(got, []string{second, first}) {
			t.Errorf("joined %v: devices %v", joined, got)
		}
		if n := list["mfaSettings"].(obj)["pairing"].(obj)["maxAllowedDevices"]; n != 5.0 {
			t.Errorf("joined %v: maxAllowedDevices %v", joined, n)
		}
		if how := text(list, "mfaPolicy", "authentication", "deviceSelection"); how != "DEFAULT_TO_FIRST" {
			t.Errorf("joined %v: deviceSelection %q", joined, how)
		}
		if types, _ := list["allowedtypes"].([]any); !slices.Contains(types, any("EMAIL")) {
			t.Errorf("joined %v: allowedtypes %v", joined, types)
		}
		w.run("mfa/delete-device", both)
		w.fails("mfa/read-device", both, "NOT_FOUND")
		if on := w.run("mfa/read-mfa-status", obj{"userId": user}).Output["mfaEnabled"]; on != true {
			t.Errorf("mfaEnabled %v", on)
		}
	}
}

func TestPolicyAndCancelThroughTheService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	user, device := w.ben()
	policy := w.run("mfa/read-device-authentication-policy", obj{"deviceAuthenticationPolicyId": ""}).Output
	id := text(policy, "deviceAuthenticationPolicy", "id")
	again := w.run("mfa/read-device-authentication-policy", obj{"deviceAuthenticationPolicyId": id}).Output
	if id == "" || text(again, "rawResponse", "id") != id {
		t.Errorf("policy %q read again is %v", id, again["rawResponse"])
	}
	begun := w.run("mfa/create-device-authentication", obj{"userId": user, "mfaPolicyId": id, "selectedDevice": "id", "selectedDeviceId": device, "compatibility": "NONE"})
	in := obj{"deviceAuthenticationId": text(begun.Output, "rawResponse", "id")}
	if s := text(w.run("mfa/cancel-device-authentication", with(in, "reason", "CHANGE_DEVICE")).Output, "rawResponse", "status"); s != "DEVICE_SELECTION_REQUIRED" {
		t.Errorf("after CHANGE_DEVICE: %s", s)
	}
	if s := text(w.run("mfa/cancel-device-authentication", with(in, "reason", "SIGNOUT")).Output, "rawResponse", "status"); s != "FAILED" {
		t.Errorf("after SIGNOUT: %s", s)
	}
}

func with(o obj, name string, v any) obj {
	out := obj{name: v}
	for k, v := range o {
		out[k] = v
	}
	return out
}

func text(o obj, path ...string) string {
	var v any = o
	for _, name := range path {
		m, _ := v.(obj)
		v = m[name]
	}
	s, _ := v.(string)
	return s
}

func ids(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		out = append(out, text(item.(obj), "id"))
	}
	return out
}
