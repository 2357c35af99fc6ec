package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/engine"
)

const benPassword = "correct horse 9"

// ben signs on with his password and sees the code screen.
func ben(t *testing.T) (*site, *login) {
	t.Helper()
	s := newSite(t)
	s.policyP0()
	s.user("ben", benPassword, "ben@example.com")
	l := s.start("sign-on-and-mfa", nil).see("username-password", "")
	l.act("submit", credentials("ben", benPassword)).see("otp", "")
	return s, l
}

func TestT41DefaultDeviceAtOnce(t *testing.T) {
	t.Parallel()
	s, l := ben(t)
	device, _ := l.e.Step.With["device"].(map[string]any)
	if got := device["email"]; got != "b****@example.com" {
		t.Errorf("the screen shows %v, want the masked address", got)
	}
	mails := s.inbox("ben@example.com")
	if len(mails) != 1 {
		t.Fatalf("%d mails, want 1", len(mails))
	}
	s.restart()
	l.act("submit", code(mails[0].Code)).end(engine.Completed, "")
	if diff := cmp.Diff([]string{"mfa", "otp", "pwd"}, l.e.Result.AMR); diff != "" {
		t.Errorf("amr (-want +got):\n%s", diff)
	}
	if l.e.Outcome != "success" || l.e.Outputs["userId"] != l.e.Result.UserID || l.e.Outputs["mfa"] != "completed" {
		t.Errorf("ended with %s", l.raw)
	}
}

func TestT43BadCredentialsLookAlike(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.user("ben", benPassword, "ben@example.com")
	s.user("dis", benPassword)
	var user struct {
		Embedded struct{ Users []struct{ ID string } } `json:"_embedded"`
	}
	api := "/v1/environments/" + siteEnv + "/users"
	s.manage("GET", api+`?filter=username%20eq%20%22dis%22`, nil, http.StatusOK, &user)
	s.manage("PUT", api+"/"+user.Embedded.Users[0].ID+"/enabled", map[string]any{"enabled": false}, http.StatusOK, nil)
	answers := map[string]string{}
	for _, name := range []string{"ben", "nobody", "dis"} {
		l := s.start("sign-on-and-mfa", nil)
		password := "wrong horse 9"
		if name == "dis" {
			password = benPassword
		}
		l.act("submit", credentials(name, password)).see("username-password", "sign_on.invalid")
		answers[name] = strings.NewReplacer(l.id, "ID", l.e.Step.Token, "TOKEN", `"`+name+`"`, `"NAME"`).Replace(string(l.raw))
	}
	for _, name := range []string{"nobody", "dis"} {
		if diff := cmp.Diff(answers["ben"], answers[name]); diff != "" {
			t.Errorf("%s can be told from ben (-ben +%s):\n%s", name, name, diff)
		}
	}
	if mails := s.inbox("ben@example.com"); len(mails) != 0 {
		t.Errorf("%d mails were sent", len(mails))
	}
}

func TestT44WrongOTPThenRight(t *testing.T) {
	t.Parallel()
	s, l := ben(t)
	right := s.inbox("ben@example.com")[0].Code
	l.act("submit", code(wrong(right))).see("otp", "otp.invalid")
	if got := l.e.Step.Message.Params["attemptsRemaining"]; got != 2.0 {
		t.Errorf("attempts left: %v, want 2", got)
	}
	l.get().see("otp", "otp.invalid") // refreshing does not clear it
	l.act("submit", code(right)).end(engine.Completed, "")
	if n := len(s.inbox("ben@example.com")); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

func TestT47ExpiredOTPAndResend(t *testing.T) {
	t.Parallel()
	s, l := ben(t)
	old := s.inbox("ben@example.com")[0].Code
	s.move(31 * time.Minute)
	l.get().see("otp", "")
	l.act("submit", code(old)).see("otp", "otp.expired")
	l.act("resend", nil).see("otp", "otp.resent")
	mails := s.inbox("ben@example.com")
	if len(mails) != 2 {
		t.Fatalf("%d mails, want 2", len(mails))
	}
	if old != mails[0].Code {
		l.act("submit", code(old)).see("otp", "otp.invalid")
	}
	l.act("submit", code(mails[0].Code)).end(engine.Completed, "")
}

func TestT45LockedByFailures(t *testing.T) {
	t.Parallel()
	s, l := ben(t)
	right := s.inbox("ben@example.com")[0].Code
	for range 2 {
		l.act("submit", code(wrong(right))).see("otp", "otp.invalid")
	}
	l.act("submit", code(wrong(right)))
	if l.e.Status != engine.Failed {
		t.Fatalf("a user with one device, locked: %s", l.raw)
	}
	again := s.start("sign-on-and-mfa", nil).act("submit", credentials("ben", benPassword))
	again.end(engine.Failed, "NO_USABLE_DEVICES") // T4.6
	s.move(2 * time.Minute)
	s.start("sign-on-and-mfa", nil).act("submit", credentials("ben", benPassword)).see("otp", "")
}

func TestT410Cancel(t *testing.T) {
	t.Parallel()
	s, l := ben(t)
	right := s.inbox("ben@example.com")[0].Code
	token := l.e.Step.Token
	l.act("cancel", nil).end(engine.Canceled, "")
	status, b := l.post(token, "submit", code(right))
	if status != http.StatusConflict || problemCode(t, b) != "NOT_WAITING" {
		t.Errorf("a code after the cancel: %d %s", status, b)
	}
	if l.e.Result != nil {
		t.Errorf("a canceled sign-on proves %+v", l.e.Result)
	}
}

func problemCode(t *testing.T, b []byte) string {
	t.Helper()
	var p struct{ Code string }
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return p.Code
}

func TestX2TwiceTheSameClick(t *testing.T) {
	t.Parallel()
	s, l := ben(t)
	l.twelveTimes("submit", code(s.inbox("ben@example.com")[0].Code))
}

// twelveTimes gives the last answer of a login twelve times at once. One of them has the
// effect, and all get the same handle of who is signed on now.
func (l *login) twelveTimes(action string, form map[string]any) {
	l.s.t.Helper()
	token := l.e.Step.Token
	var wg sync.WaitGroup
	var mu sync.Mutex
	fresh, handles := 0, map[string]bool{}
	for range 12 {
		wg.Go(func() {
			status, b := l.post(token, action, form)
			var e engine.Execution
			if err := json.Unmarshal(b, &e); err != nil || status != http.StatusOK || e.Status != engine.Completed {
				l.s.t.Errorf("%s: %d %v %s", action, status, err, b)
			}
			mu.Lock()
			defer mu.Unlock()
			if !e.Repeated {
				fresh++
			}
			handles[e.Handle] = true
		})
	}
	wg.Wait()
	if fresh != 1 || len(handles) != 1 || handles[""] {
		l.s.t.Errorf("%d fresh answers, handles %v: want one of each", fresh, handles)
	}
}

func TestX3BackButton(t *testing.T) {
	t.Parallel()
	s, l := ben(t)
	old := l.e.Step.Token
	right := s.inbox("ben@example.com")[0].Code
	l.act("submit", code(wrong(right)))
	status, b := l.post(old, "submit", code(right))
	if status != http.StatusConflict || problemCode(t, b) != "STALE_TOKEN" {
		t.Fatalf("an old token: %d %s", status, b)
	}
	var p struct{ Execution engine.Execution }
	if err := json.Unmarshal(b, &p); err != nil || p.Execution.Step.Token != l.e.Step.Token {
		t.Errorf("the problem does not carry the current step: %v %s", err, b)
	}
	if l.get().e.Step.Token != p.Execution.Step.Token {
		t.Error("the second tab shows another step")
	}
	l.act("submit", code(right)).end(engine.Completed, "")
}

func TestX4DeployDuringALogin(t *testing.T) {
	t.Parallel()
	s, l := ben(t)
	first := l.e.Revision
	var up engine.Uploaded
	s.manage("PUT", "/v1/flows/sign-on-and-mfa", `schema: flow/v1
id: sign-on-and-mfa
title: Without the node
public: true
start: stop
nodes: { stop: { end: failed, error: CLOSED } }
`, http.StatusCreated, &up, "Content-Type", "application/yaml")
	s.start("sign-on-and-mfa", nil).end(engine.Failed, "CLOSED")
	l.act("submit", code(s.inbox("ben@example.com")[0].Code)).end(engine.Completed, "")
	if l.e.Revision != first {
		t.Errorf("ended on revision %s", l.e.Revision)
	}
	s.manage("POST", "/v1/flows/sign-on-and-mfa/deploy", map[string]any{"revision": first}, http.StatusOK, nil)
	s.start("sign-on-and-mfa", nil).see("username-password", "")
}

func TestX5Timers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.manage("PUT", "/v1/flows/both", `schema: flow/v1
id: both
title: Both timeouts at once
public: true
timeout: 10m
start: ask
nodes:
  ask: { show: username, timeout: 10m, next: { submit: ok, cancel: ok, timeout: late } }
  ok: { end: success }
  late: { end: failed, error: TIMEOUT }
`, http.StatusCreated, nil, "Content-Type", "application/yaml")
	l := s.start("both", nil).see("username", "")
	s.move(10 * time.Minute)
	l.get().end(engine.Expired, "FLOW_EXPIRED")
	answered := s.start("both", nil)
	answered.act("submit", map[string]any{"username": "x"}).end(engine.Completed, "")
	s.move(10 * time.Minute)
	answered.get().end(engine.Completed, "")
}

// TestT76TestMode: an address for tests gets its code in the answer, and only where the
// environment permits it.
func TestT76TestMode(t *testing.T) {
	t.Parallel()
	const flow = `schema: flow/v1
id: test-mode
title: Test mode
start: begin
public: true
inputs: { userId: { type: string, required: true, client: true } }
nodes:
  begin:
    uses: mfa/create-device-authentication
    with: { userId: =inputs.userId, selectedDevice: oneTime, oneTimeDeviceType: EMAIL, oneTimeEmailDevice: tester@example.com, oneTimeDeviceTestMode: "true" }
    next: permitted
    catch: { else: refused }
  permitted: { end: canceled }
  refused: { end: failed }
`
	for dev, status := range map[bool]engine.Status{true: engine.Canceled, false: engine.Failed} {
		s := newSite(t)
		s.close()
		s.config.dev, s.config.data = dev, privateDir(t)
		s.open()
		s.manage("PUT", "/v1/flows/test-mode", flow, http.StatusCreated, nil, "Content-Type", "application/yaml")
		made, err := s.app.do(t.Context(), "user/create", map[string]any{"username": "tess", "email": "tess@example.com"})
		if err == nil {
			_, err = s.app.do(t.Context(), "mfa/update-mfa-status", map[string]any{"userId": made.userID, "mfaEnabled": true})
		}
		if err != nil {
			t.Fatal(err)
		}
		l := s.start("test-mode", map[string]any{"userId": made.userID})
		if l.e.Status != status {
			t.Errorf("dev %v: %s", dev, l.raw)
		}
		if dev && len(s.inbox("tester@example.com")) != 0 {
			t.Error("a code for a test was sent")
		}
	}
}
