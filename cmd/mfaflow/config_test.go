package main

import (
	"slices"
	"testing"
)

// Origins are compared as text, so they are taken only as browsers write them.
func TestOriginsConfig(t *testing.T) {
	t.Parallel()
	load := func(list string) ([]string, error) {
		c, err := loadConfig(serveCommand(), func(name string) string {
			return map[string]string{"MFAFLOW_ORIGINS": list}[name]
		})
		if err != nil {
			return nil, err
		}
		return c.origins, nil
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
