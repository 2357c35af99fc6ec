package capabilities

import (
	"slices"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/phone"
)

// dan has a phone, paired by the capabilities of pairing keys, and an e-mail device.
func (w *world) dan() (user string, p *phone.Phone) {
	w.t.Helper()
	made := w.run("user/create", obj{"username": "dan", "email": "dan@example.com", "name": obj{"given": "Dan", "family": "Ro"}})
	user = text(made.Output, "user", "id")
	w.run("mfa/update-mfa-status", obj{"userId": user, "mfaEnabled": true})
	p, err := phone.New(phone.Options{Base: "http://pingone.test", Environment: environment, Handler: w.service,
		Application: embedded.NativeApplication(environment), Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }})
	if err != nil {
		w.t.Fatal(err)
	}
	key := w.run("mfa/create-pairing-key", obj{"userId": user, "applicationIds": []any{p.Application()}})
	read := obj{"userId": user, "pairingKeyId": text(key.Output, "rawResponse", "id")}
	if s := text(w.run("mfa/read-pairing-key", read).Output, "rawResponse", "status"); s != "UNCLAIMED" {
		w.t.Fatalf("pairing key is %s", s)
	}
	w.must(p.Pair(w.t.Context(), text(key.Output, "rawResponse", "code")))
	if s := text(w.run("mfa/read-pairing-key", read).Output, "rawResponse", "status"); s != "CLAIMED" {
		w.t.Fatalf("pairing key is %s", s)
	}
	w.run("mfa/create-device", obj{"userId": user, "deviceType": "EMAIL", "status": "ACTIVE", "email": "dan@example.com"})
	return user, p
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// push is the one that waits on a phone.
func (w *world) push(p *phone.Phone) phone.Push {
	w.t.Helper()
	list, err := p.Pushes(w.t.Context())
	if err != nil || len(list) != 1 {
		w.t.Fatalf("%d pushes: %v", len(list), err)
	}
	return list[0]
}

// proves fails unless an outcome proves that the user signed on by the methods.
func proves(t *testing.T, done connector.Complete, user string, methods ...string) {
	t.Helper()
	if p := done.Proof; p == nil || p.UserID != user || !slices.Equal(p.Methods, methods) || p.Since.IsZero() || p.At.IsZero() {
		t.Errorf("proof %+v, want %v", p, methods)
	}
}

func TestPushThroughTheService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	user, p := w.dan()
	begin := func() (obj, string) {
		t.Helper()
		done := w.run("mfa/create-device-authentication", obj{"userId": user,
			"clientContext": []any{obj{"key": "header", "value": "Bank"}}, "userAgent": "Firefox"})
		id := text(done.Output, "rawResponse", "id")
		if done.Proof != nil || text(done.Output, "rawResponse", "status") != "PUSH_CONFIRMATION_REQUIRED" {
			t.Fatalf("begun %+v", done)
		}
		return obj{"deviceAuthenticationId": id}, id
	}
	poll, _ := begin()
	push := w.push(p)
	if string(push.ClientContext) != `{"header":"Bank"}` || push.Client.UserAgent != "Firefox" {
		t.Errorf("push %+v", push)
	}
	if w.run("mfa/read-device-authentication", poll).Proof != nil {
		t.Error("a push that waits proves something")
	}
	w.must(p.Approve(t.Context(), push.ID))
	proves(t, w.run("mfa/read-device-authentication", poll), user, "swk", "user")

	poll, _ = begin()
	w.must(p.Deny(t.Context(), w.push(p).ID))
	denied := w.run("mfa/read-device-authentication", poll)
	if denied.Proof != nil || text(denied.Output, "rawResponse", "status") != "FAILED" ||
		text(denied.Output, "rawResponse", "error", "code") != "PUSH_CONFIRMATION_REJECTED" {
		t.Errorf("denied %+v", denied)
	}

	_, id := begin()
	canceled := w.run("mfa/cancel-device-authentication", obj{"deviceAuthenticationId": id, "reason": "CHANGE_DEVICE"})
	if s := text(canceled.Output, "rawResponse", "status"); s != "DEVICE_SELECTION_REQUIRED" {
		t.Errorf("canceled %s", s)
	}
	w.run("mfa/device-selection", obj{"deviceAuthenticationId": id, "deviceId": p.Device()})
	w.push(p)
	done := w.run("mfa/device-passcode", obj{"deviceAuthenticationId": id, "otp": p.Code()})
	proves(t, done, user, "otp")
}

func TestDeviceAuthorizationInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	user, p := w.dan()
	payload, err := p.Payload()
	w.must(err)
	in := obj{"userId": user, "mobilePayload": payload, "applicationId": p.Application()}
	// The default policy lets no app authorize itself: it is asked as always.
	done := w.run("mfa/create-device-authentication", in)
	if s := text(done.Output, "rawResponse", "status"); s != "PUSH_CONFIRMATION_REQUIRED" || text(done.Output, "rawResponse", "application", "id") != p.Application() {
		t.Errorf("%+v", done)
	}
	w.fails("mfa/create-device-authentication", in, "INVALID_VALUE")
}

func TestAuthenticationCodesThroughTheService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	user, p := w.dan()
	in := func(more obj) obj {
		out := obj{"authenticatingApplicationId": p.Application(), "duration": "60", "timeUnit": "SECONDS", "userApproval": "REQUIRED",
			"clientContext": []any{obj{"key": "header", "value": "Bank"}}}
		for name, v := range more {
			out[name] = v
		}
		return out
	}
	made := w.run("mfa/create-authentication-code", in(nil))
	read := obj{"authenticationCodeId": text(made.Output, "authenticationCode", "id")}
	claimed, err := p.ClaimCode(t.Context(), text(made.Output, "authenticationCode", "uri"))
	w.must(err)
	if string(claimed.ClientContext) != `{"header":"Bank"}` {
		t.Errorf("claimed %+v", claimed)
	}
	seen := w.run("mfa/read-authentication-code", read)
	if seen.Proof != nil || text(seen.Output, "authenticationCode", "status") != "CLAIMED" ||
		text(seen.Output, "authenticationCode", "_embedded", "device", "id") != p.Device() {
		t.Errorf("claimed %+v", seen)
	}
	w.must(p.ApproveCode(t.Context(), claimed.ID))
	proves(t, w.run("mfa/read-authentication-code", read), user, "swk")

	w.fails("mfa/create-authentication-code", in(obj{"authenticatingApplicationId": "00000000-0000-7000-8000-000000000000"}), "INVALID_VALUE")
	w.fails("mfa/read-authentication-code", obj{"authenticationCodeId": "nothing"}, "NOT_FOUND")
}

func TestDeletePairingKeyThroughTheService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	user, p := w.dan()
	key := w.run("mfa/create-pairing-key", obj{"userId": user, "applicationIds": []any{}})
	both := obj{"userId": user, "pairingKeyId": text(key.Output, "rawResponse", "id")}
	w.run("mfa/delete-pairing-key", both)
	w.fails("mfa/read-pairing-key", both, "NOT_FOUND")
	if err := p.Pair(t.Context(), text(key.Output, "rawResponse", "code")); err == nil {
		t.Error("a deleted key was claimed")
	}
}
