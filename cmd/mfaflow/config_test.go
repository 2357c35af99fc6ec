package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

// Origins are compared as text, so they are taken only as browsers write them.
func TestOriginsConfig(t *testing.T) {
	t.Parallel()
	for variable, of := range map[string]func(c *config) []string{
		"MFAFLOW_ORIGINS":     func(c *config) []string { return c.origins },
		"MFAFLOW_TOP_ORIGINS": func(c *config) []string { return c.topOrigins },
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			checkOrigins(t, variable, of)
		})
	}
}

func checkOrigins(t *testing.T, variable string, of func(c *config) []string) {
	t.Helper()
	load := func(list string) ([]string, error) {
		c, err := loadConfig(serveCommand(), func(name string) string { return map[string]string{variable: list}[name] })
		if err != nil {
			return nil, err
		}
		return of(c), nil
	}
	got, err := load("https://login.example.com, http://localhost:3000")
	if err != nil || !slices.Equal(got, []string{"https://login.example.com", "http://localhost:3000"}) {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"login.example.com", "https://login.example.com/", "HTTPS://login.example.com", "https://Login.example.com",
		"https://login.example.com/sign-on", "https://u@login.example.com", "ftp://example.com", "https://", "*"} {
		if got, err := load(bad); err == nil {
			t.Errorf("%q is taken: %q", bad, got)
		}
	}
}

// A server of its own lets nobody but its worker use the PingOne API, by a token that the
// worker asks for.
func TestWorker(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *config) { c.workerID, c.workerSecret = "worker", "sixteen letters or more" })
	users := "/v1/environments/" + siteEnv + "/users"
	if status, _ := s.call("GET", users, nil, "Authorization", "Bearer "+siteToken); status != http.StatusUnauthorized {
		t.Errorf("the management token gets %d", status)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"worker"}, "client_secret": {"sixteen letters or more"}}
	status, b := s.call("POST", "/"+siteEnv+"/as/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal(b, &token); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, b)
	}
	if status, b := s.call("GET", users, nil, "Authorization", "Bearer "+token.Access); status != http.StatusOK {
		t.Errorf("%d %s", status, b)
	}
}
