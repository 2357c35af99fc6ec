package passkey_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// FuzzAttestationObject changes the attestation object of a registration: whatever it is,
// it is refused with a step or is what was signed. It begins with the vectors' objects,
// of each format one.
func FuzzAttestationObject(f *testing.F) {
	f.Add([]byte{0xa0})
	f.Add([]byte("\xa3cfmtdnonegattStmt\xa0hauthDataX\x25"))
	_, vectors := readVectors(f)
	for _, v := range vectors {
		f.Add([]byte(v.Registration.AttestationObject))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		t.Parallel()
		e := expect(func(e *passkey.Expect) { e.RPID = "example.org" })
		_, err := passkey.Register(e, origin, answer(t, []byte("id"), map[string]any{
			"clientDataJSON": std(words(t, "webauthn.create")), "attestationObject": std(raw)}))
		orRefusal(t, err)
	})
}

// FuzzClientData changes what the browser says in both ceremonies. With another challenge
// than the server's it is never accepted.
func FuzzClientData(f *testing.F) {
	f.Add([]byte(`{"type":"webauthn.get","challenge":"","origin":"https://example.com"}`))
	f.Add([]byte("\xef\xbb\xbf{}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		t.Parallel()
		m := newMint(t)
		m.rawClient = func([]byte) []byte { return raw }
		known := bytes.Contains(raw, []byte(b64url(challenge)))
		_, err := passkey.Register(expect(), origin, m.attestation(t))
		orRefusal(t, err)
		_, late := passkey.Assert(expect(), m.credential(), owner, origin, m.assertion(t))
		orRefusal(t, late)
		if (err == nil || late == nil) && !known && !bytes.Contains(raw, []byte(`\`)) {
			t.Errorf("accepted %q", raw)
		}
	})
}

func orRefusal(t *testing.T, err error) {
	t.Helper()
	var r *passkey.Refusal
	if err != nil && !errors.As(err, &r) {
		t.Errorf("not a refusal: %v", err)
	}
}

func words(t *testing.T, kind string) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"type": kind, "challenge": b64url(challenge), "origin": origin})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
