package passkey_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
)

// TestA43IDIsNotRawID is GitLab's hole: an id that is not the rawId skipped every check.
func TestA43IDIsNotRawID(t *testing.T) {
	t.Parallel()
	m := newMint(t)
	m.sign = func([]byte) []byte { return []byte("nothing") }
	m.envelope = set("id", b64url([]byte("another")))
	_, err := passkey.Assert(expect(), m.credential(), owner, origin, m.assertion(t))
	refused(t, err, "7.2.1")
	_, _, err = passkey.Identify(m.assertion(t))
	refused(t, err, "7.2.1")
	_, err = passkey.Register(expect(), origin, m.attestation(t))
	refused(t, err, "7.1.1")
	m = newMint(t)
	m.envelope = func(whole map[string]any) {
		whole["id"], whole["rawId"] = b64url([]byte("another")), std([]byte("another"))
	}
	_, err = passkey.Register(expect(), origin, m.attestation(t))
	refused(t, err, "7.1.1")
}

// TestA44 signs on pages of other origins, whichever way they look alike: whatever the
// page says of itself, and whether or not it repeats that to the server.
func TestA44(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{
		"http://example.com", "https://example.com:8443", "https://example.com:443", "https://login.example.com", "https://evil-example.com",
		"https://example.com.", "https://example.com.evil.com", "https://user@example.com", "https://example.com@evil.com",
		"https://xn--exmple-cua.com", "https://exаmple.com", "https://EXAMPLE.com", "https://example.com/", " https://example.com", "null", "",
	} {
		key, c := enrolled(t, softkey.Options{})
		key.Configure(func(o *softkey.Options) { o.Lax = true })
		assertion, err := key.Get(evil, requestOptions(rules(), c.ID))
		if err != nil {
			t.Fatal(err)
		}
		attestation, err := key.Create(evil, creationOptions(rules()))
		if err != nil {
			t.Fatal(err)
		}
		for _, told := range []string{evil, origin} {
			_, err = passkey.Assert(expect(), c, owner, told, assertion)
			refused(t, err, "7.2.7")
			_, err = passkey.Register(expect(), told, attestation)
			refused(t, err, "7.1.6")
		}
	}
	m := newMint(t)
	e := expect(func(e *passkey.Expect) { e.Origins = append(e.Origins, "https://other.com") })
	_, err := passkey.Assert(e, m.credential(), owner, "https://other.com", m.assertion(t))
	refused(t, err, "7.2.7")
}

// TestA45 lets a client ask its authenticator for less than the policy demands.
func TestA45(t *testing.T) {
	t.Parallel()
	r := rules()
	r.UserVerification.Option, r.UserVerification.EnforceAlways = passkey.Required, true
	strict := expect(func(e *passkey.Expect) { e.Rules = r })
	key, c := enrolled(t, softkey.Options{Lax: true})
	weak := strings.Replace(requestOptions(r, c.ID), `"userVerification":"required"`, `"userVerification":"discouraged"`, 1)
	assertion, err := key.Get(origin, weak)
	if err != nil {
		t.Fatal(err)
	}
	_, err = passkey.Assert(strict, c, owner, origin, assertion)
	refused(t, err, "7.2.12")
	attestation, err := key.Create(origin, strings.Replace(creationOptions(r), `"userVerification":"required"`, `"userVerification":"discouraged"`, 1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = passkey.Register(strict, origin, attestation)
	refused(t, err, "7.1.13")

	strict.Rules.UserVerification.EnforceAlways = false // then only registrations need it
	if _, err := passkey.Assert(strict, c, owner, origin, assertion); err != nil {
		t.Error(err)
	}
}

// TestA46 uses the credential of one user for another.
func TestA46(t *testing.T) {
	t.Parallel()
	m := newMint(t)
	theirs := newMint(t)
	theirs.id = []byte("credential-2")
	_, err := passkey.Assert(expect(), theirs.credential(), owner, origin, m.assertion(t))
	refused(t, err, "7.2.3")
	_, err = passkey.Assert(expect(), m.credential(), []byte("user-2"), origin, m.assertion(t))
	refused(t, err, "7.2.3")
	m.response = set("userHandle", "")
	_, err = passkey.Assert(expect(), m.credential(), owner, origin, m.assertion(t))
	refused(t, err, "7.2.3")
	known := expect(func(e *passkey.Expect) { e.Allowed = [][]byte{m.id} })
	if _, err := passkey.Assert(known, m.credential(), owner, origin, m.assertion(t)); err != nil {
		t.Error(err)
	}
}

// TestA48 signs with a key and with its clone.
func TestA48(t *testing.T) {
	t.Parallel()
	key, c := enrolled(t, softkey.Options{})
	clone := key.Clone()
	sign := func(k *softkey.Key, e passkey.Expect) (passkey.Asserted, error) {
		assertion, err := k.Get(origin, requestOptions(rules(), c.ID))
		if err != nil {
			t.Fatal(err)
		}
		return passkey.Assert(e, c, owner, origin, assertion)
	}
	got, err := sign(key, expect())
	if err != nil || got.SignCount != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	c.SignCount = got.SignCount
	_, err = sign(clone, expect())
	refused(t, err, "7.2.17")
	clone = softkey.New(softkey.Options{}) // a fresh copy of nothing has no credential
	if _, err := clone.Get(origin, requestOptions(rules(), c.ID)); !errors.Is(err, softkey.ErrNotAllowed) {
		t.Errorf("got %v", err)
	}
	key.Configure(func(o *softkey.Options) { o.Counter = softkey.Stuck })
	_, err = sign(key, expect())
	refused(t, err, "7.2.17")
}
