package softkey_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
)

const (
	origin   = "https://example.com"
	creation = `{"rp":{"id":"example.com"},"user":{"id":[1,-2]},"challenge":[17,-101],"pubKeyCredParams":[{"alg":"-7"}],
		"excludeCredentials":[],"authenticatorSelection":{"residentKey":"required"},"extensions":{"credProps":true}}`
	request = `{"challenge":"EZs","rpId":"example.com","allowCredentials":[]}`
)

// TestBrowser holds what a browser refuses, by WebAuthn's names.
func TestBrowser(t *testing.T) {
	t.Parallel()
	strict := strings.Replace(request, `"rpId"`, `"userVerification":"required","rpId"`, 1)
	cases := []struct {
		name            string
		options         softkey.Options
		origin, request string
		want            error
	}{
		{"signs", softkey.Options{}, origin, request, nil},
		{"signs on a subdomain", softkey.Options{}, "https://login.example.com", request, nil},
		{"another site", softkey.Options{}, "https://evil-example.com", request, softkey.ErrSecurity},
		{"no TLS", softkey.Options{}, "http://example.com", request, softkey.ErrSecurity},
		{"nobody there", softkey.Options{Absent: true}, origin, request, softkey.ErrNotAllowed},
		{"no verification", softkey.Options{Unverified: true}, origin, strict, softkey.ErrNotAllowed},
		{"lax", softkey.Options{Unverified: true, Lax: true}, "https://evil.com", strict, nil},
		{"no options", softkey.Options{}, origin, "", softkey.ErrType},
	}
	for _, c := range cases {
		key := softkey.New(softkey.Options{})
		if _, err := key.Create(origin, creation); err != nil {
			t.Fatal(err)
		}
		key.Configure(func(o *softkey.Options) {
			o.Unverified, o.Absent, o.Lax = c.options.Unverified, c.options.Absent, c.options.Lax
		})
		if _, err := key.Get(c.origin, c.request); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// TestExclude registers a key once.
func TestExclude(t *testing.T) {
	t.Parallel()
	key := softkey.New(softkey.Options{Rand: strings.NewReader(strings.Repeat("A", 32) + strings.Repeat("\x01", 64))})
	if _, err := key.Create(origin, creation); err != nil {
		t.Fatal(err)
	}
	known := strings.Replace(creation, `"excludeCredentials":[]`, `"excludeCredentials":[{"id":"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"}]`, 1)
	if _, err := key.Create(origin, known); !errors.Is(err, softkey.ErrInvalidState) {
		t.Errorf("got %v", err)
	}
	if _, err := softkey.New(softkey.Options{Algorithm: -257}).Create(origin, creation); !errors.Is(err, softkey.ErrNotSupported) {
		t.Errorf("got %v", err)
	}
	if _, err := softkey.New(softkey.Options{}).Get(origin, request); !errors.Is(err, softkey.ErrNotAllowed) {
		t.Errorf("got %v", err)
	}
}
