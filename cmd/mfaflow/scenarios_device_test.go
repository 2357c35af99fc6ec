package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
	"github.com/mfaflow/mfaflow/engine"
)

// pageOrigin is where pages of this site's relying party are.
const pageOrigin = "https://localhost"

// passkey gives a user an authenticator with a passkey of this site.
func (s *site) passkey(user string) *softkey.Key {
	s.t.Helper()
	key := softkey.New(softkey.Options{})
	devices := "/v1/environments/" + siteEnv + "/users/" + user + "/devices"
	var made struct {
		ID      string
		Options string `json:"publicKeyCredentialCreationOptions"`
	}
	rp := map[string]any{"id": "localhost", "name": "Site"}
	s.manage("POST", devices, map[string]any{"type": "FIDO2", "rp": rp}, http.StatusCreated, &made)
	attestation, err := key.Create(pageOrigin, made.Options)
	if err != nil {
		s.t.Fatal(err)
	}
	s.manage("POST", devices+"/"+made.ID, map[string]any{"attestation": attestation, "origin": pageOrigin}, http.StatusOK, nil,
		"Content-Type", "application/vnd.pingidentity.device.activate+json")
	return key
}

// touch signs what the passkey screen asks.
func (l *login) touch(key *softkey.Key) map[string]any {
	l.s.t.Helper()
	options, _ := l.see("passkey", "").e.Step.With["options"].(string)
	assertion, err := key.Get(pageOrigin, options)
	if err != nil {
		l.s.t.Fatal(err)
	}
	return map[string]any{"assertion": assertion, "origin": pageOrigin}
}

// withPasskeys says that the client can use them.
func withPasskeys() map[string]any {
	return map[string]any{"inputs": map[string]any{}, "client": map[string]any{"webauthn": "FULL"}}
}

func TestX2TwiceTheSamePasskey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	key := s.passkey(s.user("cat", benPassword))
	l := s.begin("usernameless-sign-on-with-biometrics", withPasskeys())
	l.twelveTimes("submit", l.touch(key))
}

// The poll that brings the approval is an answer too: who asks twice, or lost the answer,
// is signed on all the same.
func TestX2TwiceTheSamePoll(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.phone(s.user("dan", benPassword))
	l := s.start("sign-on-and-mfa", nil).act("submit", credentials("dan", benPassword)).see("push-wait", "")
	s.approve(p)
	l.twelveTimes("poll", nil)

	l = s.qr()
	claimed := s.claim(p, l)
	if err := p.ApproveCode(t.Context(), claimed); err != nil {
		t.Fatal(err)
	}
	old, token := l.handle, l.e.Step.Token
	if status, _ := l.post(token, "poll", nil); status != http.StatusOK { // the answer gets lost
		t.Fatalf("poll: %d", status)
	}
	status, b := l.post(token, "poll", nil)
	if l.take(b); status != http.StatusOK || !l.e.Repeated || l.handle == old || l.e.Status != engine.Completed {
		t.Fatalf("the poll again: %d %s", status, b)
	}
	l.get().end(engine.Completed, "")
}

func TestX3TokenOfAWaitThatIsOver(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.phone(s.user("dan", benPassword, "dan@example.com"))
	l := s.start("sign-on-and-mfa", nil).act("submit", credentials("dan", benPassword)).see("otp", "")
	l.act("change_device", nil).act("submit", map[string]any{"deviceId": p.Device()}).see("push-wait", "")
	old := l.e.Step.Token
	s.deny(p)
	l.act("poll", nil).see("device-list", "push.denied")
	for _, action := range []string{"use_code", "cancel"} {
		if status, b := l.post(old, action, nil); status != http.StatusConflict || problemCode(t, b) != "STALE_TOKEN" {
			t.Errorf("%s at a wait that is over: %d %s", action, status, b)
		}
	}
	if status, b := l.post(l.e.Step.Token, "poll", nil); status != http.StatusConflict || problemCode(t, b) != "INVALID_ACTION" {
		t.Errorf("a poll where nothing is waited for: %d %s", status, b)
	}
	l.get().see("device-list", "push.denied")
}

func TestX4DeployWhileAPushWaits(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.phone(s.user("dan", benPassword))
	l := s.start("sign-on-and-mfa", nil).act("submit", credentials("dan", benPassword)).see("push-wait", "")
	s.manage("PUT", "/v1/flows/mfa-authentication", `schema: flow/v1
id: mfa-authentication
title: Without the node
start: closed
inputs:
  userId: { type: string, required: true }
  policyId: { type: string }
  rpId: { type: string }
  deviceId: { type: string }
  types: { type: array, items: { type: string } }
nodes:
  closed:
    next:
      - { when: inputs.userId == "a", then: completed }
      - { when: inputs.userId == "b", then: failed }
      - { when: inputs.userId == "c", then: canceled }
      - then: no_device
  completed: { end: completed, outputs: { deviceId: "", authenticationId: "" } }
  failed: { end: failed }
  canceled: { end: canceled }
  no_device: { end: no_device, error: CLOSED }
`, http.StatusCreated, nil, "Content-Type", "application/yaml")
	s.start("sign-on-and-mfa", nil).act("submit", credentials("dan", benPassword)).end(engine.Failed, "CLOSED")
	s.approve(p)
	l.act("poll", nil).end(engine.Completed, "")
}

// T8.1 to T8.3: what a passkey proves, and what is told of a user who may not sign on.
func TestT83LockedUser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	user := s.user("cat", benPassword)
	key := s.passkey(user)
	l := s.begin("usernameless-sign-on-with-biometrics", withPasskeys())
	s.manage("POST", "/v1/environments/"+siteEnv+"/users/"+user, nil, http.StatusOK, nil,
		"Content-Type", "application/vnd.pingidentity.account.lock+json")
	l.act("submit", l.touch(key)).see("message", "passkey.failed")
	if strings.Contains(string(l.raw), "lock") {
		t.Errorf("the answer tells of the lock: %s", l.raw)
	}
	var log struct {
		Embedded struct {
			Activities []struct {
				Action struct{ Type string }
				Result struct{ Status, Description string }
			}
		} `json:"_embedded"`
	}
	s.manage("GET", "/v1/environments/"+siteEnv+"/activities?filter="+
		"recordedAt%20ge%20%222026-03-01T00:00:00Z%22", nil, http.StatusOK, &log)
	told := false
	for _, a := range log.Embedded.Activities {
		told = told || a.Action.Type == "ASSERTION.CHECK_FAILED" && a.Result.Status == "FAILED" && strings.Contains(a.Result.Description, "locked")
	}
	if !told {
		t.Errorf("the activities do not tell of the lock: %+v", log)
	}
}
