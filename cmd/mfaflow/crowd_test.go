package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
)

// TestCrowdOnANameKeepsItsOwnerInTheRoom: while strangers keep many requests about one user
// open, from one address or many, the user's own tries are answered, never refused.
func TestCrowdOnANameKeepsItsOwnerInTheRoom(t *testing.T) {
	t.Parallel()
	const password = "correct horse 9"
	for name, flow := range map[string]string{"password": "sign-on-and-mfa", "name only": "passwordless-authentication"} {
		for where, address := range map[string]func(n int) string{
			"one address": func(int) string { return "198.51.100.1" }, "the owner's address": func(int) string { return "203.0.113.1" },
			"many addresses": func(n int) string { return fmt.Sprintf("198.51.100.%d", n) },
		} {
			t.Run(name+" from "+where, func(t *testing.T) { // one after the other: a crowd is enough for a machine
				s := newSite(t)
				s.user("owner", password, "owner@example.com")
				form := map[string]any{"username": "owner"}
				if name == "password" {
					form["password"] = "wrong password 1"
				}
				ctx, stop := context.WithCancel(t.Context())
				var crowd sync.WaitGroup
				defer crowd.Wait()
				defer stop()
				for n := range 48 {
					crowd.Go(func() {
						for ctx.Err() == nil {
							s.tryOnce(flow, address(n), form)
						}
					})
				}
				for range 10 {
					if status, body := s.tryOnce(flow, "203.0.113.1", form); status != http.StatusOK {
						t.Fatalf("the owner: got %d %s, want 200", status, body)
					}
				}
			})
		}
	}
}

// tryOnce starts a flow and answers its first screen as a client at an address. It gives the
// last status and body.
func (s *site) tryOnce(flow, address string, form map[string]any) (int, []byte) {
	status, body := s.post(address, "/v1/flows/"+flow+"/executions", "{}", "")
	var e engine.Execution
	if status != http.StatusCreated || json.Unmarshal(body, &e) != nil || e.Step == nil {
		return status, body
	}
	values, err := json.Marshal(form)
	if err != nil {
		return 0, nil
	}
	return s.post(address, "/v1/executions/"+e.ID, fmt.Sprintf(`{"token":%q,"action":"submit","form":%s}`, e.Step.Token, values), e.Handle)
}

// post asks the handler as a client at an address.
func (s *site) post(address, path, body, handle string) (int, []byte) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.RemoteAddr = address + ":1000"
	r.Header.Set("Content-Type", "application/json")
	if handle != "" {
		r.Header.Set("Execution-Handle", handle)
	}
	rec := httptest.NewRecorder()
	s.app.server.ServeHTTP(rec, r)
	return rec.Code, rec.Body.Bytes()
}
