package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/phone"
)

// phone is a phone with the app, paired with a user.
func (s *site) phone(user string) *phone.Phone {
	s.t.Helper()
	p, err := phone.New(phone.Options{Base: s.http.URL, Environment: siteEnv, Application: embedded.NativeApplication(siteEnv),
		Transport: s.client.Transport, Now: s.clock.Now})
	if err != nil {
		s.t.Fatal(err)
	}
	var key struct{ Code string }
	s.manage("POST", "/v1/environments/"+siteEnv+"/users/"+user+"/pairingKeys", nil, http.StatusCreated, &key)
	if err := p.Pair(s.t.Context(), key.Code); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// A phone somewhere else pairs, learns of a push by the channel that carries it, approves
// it and claims a code: all through the server, without a token.
func TestPhoneOverHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *config) { c.dev = true })
	user := s.user("dan", "correct horse 9")
	p := s.phone(user)

	var auth struct{ ID, Status string }
	body := map[string]any{"user": map[string]any{"id": user}}
	s.manage("POST", "/"+siteEnv+"/deviceAuthentications", body, http.StatusCreated, &auth)
	if auth.Status != "PUSH_CONFIRMATION_REQUIRED" {
		t.Fatalf("status %s", auth.Status)
	}
	var told struct{ Type, ID string }
	if list := s.inbox(p.Device()); len(list) != 1 || list[0].Channel != "PUSH" || json.Unmarshal(list[0].Data, &told) != nil {
		t.Fatalf("inbox %+v", list)
	}
	if err := p.Approve(t.Context(), told.ID); err != nil || told.Type != "push" {
		t.Fatalf("%+v: %v", told, err)
	}
	s.manage("GET", "/"+siteEnv+"/deviceAuthentications/"+auth.ID, nil, http.StatusOK, &auth)
	if auth.Status != "COMPLETED" {
		t.Errorf("status %s", auth.Status)
	}

	var code struct{ ID, URI, Status string }
	body = map[string]any{"application": map[string]any{"id": p.Application()}, "userApproval": "NOT_REQUIRED"}
	s.manage("POST", "/"+siteEnv+"/authenticationCodes", body, http.StatusCreated, &code)
	if _, err := p.ClaimCode(t.Context(), code.URI); err != nil {
		t.Fatal(err)
	}
	s.manage("GET", "/"+siteEnv+"/authenticationCodes/"+code.ID, nil, http.StatusOK, &code)
	if code.Status != "COMPLETED" {
		t.Errorf("status %s", code.Status)
	}
}

// The QR flow needs nothing set up: a new environment has an app, and its policy lists it.
func TestQROutOfTheBox(t *testing.T) {
	t.Parallel()
	newServer(t, nil).start("qr-code-passwordless-sign-on", nil).see("qr", "")
}

// approve lets the phone approve what it is asked.
func (s *site) approve(p *phone.Phone) {
	s.t.Helper()
	if err := p.Approve(s.t.Context(), s.pushOf(p)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) deny(p *phone.Phone) {
	s.t.Helper()
	if err := p.Deny(s.t.Context(), s.pushOf(p)); err != nil {
		s.t.Fatal(err)
	}
}

// pushOf is the push that waits on the phone.
func (s *site) pushOf(p *phone.Phone) string {
	s.t.Helper()
	list, err := p.Pushes(s.t.Context())
	if err != nil || len(list) != 1 {
		s.t.Fatalf("pushes %+v: %v", list, err)
	}
	return list[0].ID
}

// claim lets the phone scan the code that is shown, and returns its id.
func (s *site) claim(p *phone.Phone, l *login) string {
	s.t.Helper()
	uri, _ := l.see("qr", "").e.Step.With["uri"].(string)
	c, err := p.ClaimCode(s.t.Context(), uri)
	if err != nil {
		s.t.Fatal(err)
	}
	return c.ID
}
