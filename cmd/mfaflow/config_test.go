package main

import (
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
