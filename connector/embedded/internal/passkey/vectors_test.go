package passkey_test

import (
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// octets are bytes written in hexadecimal.
type octets []byte

func (o *octets) UnmarshalText(b []byte) (err error) {
	*o, err = hex.DecodeString(string(b))
	return err
}

// vector is one of the test vectors of WebAuthn Level 3, §16.
type vector struct {
	Name         string
	Registration struct {
		Challenge, ClientDataJSON, AttestationObject octets
	}
	Authentication struct {
		Challenge, ClientDataJSON, AuthenticatorData, Signature octets
	}
}

// refusedVectors are those that this server refuses, each by the step that says why: the
// pages in pages of other origins, Ed448, which neither Go nor go-webauthn verifies, a TPM
// of no manufacturer, an Android key that no trusted hardware vouches for, and a U2F key
// with an AAGUID, which the conformance tool wants refused. Where only the attestation
// is refused the assertion still verifies.
var refusedVectors = map[string]struct{ registration, authentication string }{
	"none-es256-crossOrigin": {"7.1.7", "7.2.8"},
	"none-es256-topOrigin":   {"7.1.7", "7.2.8"},
	"packed-ed448":           {"7.1.17", "7.2.16"},
	"tpm-es256":              {"7.1.19", ""},
	"android-key-es256":      {"7.1.19", ""},
	"fido-u2f-es256":         {"7.1.19", ""},
}

// TestW3CVectors runs the 15 test vectors of the standard. Attested ones must lead to the
// vectors' own root.
func TestW3CVectors(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/w3c-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		CA      octets
		Vectors []vector
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(doc.CA)
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Vectors) != 15 {
		t.Errorf("%d vectors, want 15", len(doc.Vectors))
	}
	for _, v := range doc.Vectors {
		t.Run(v.Name, func(t *testing.T) { v.check(t, ca) })
	}
}

func (v vector) check(t *testing.T, ca *x509.Certificate) {
	t.Helper()
	t.Parallel()
	site := "https://example.org"
	e := expect(func(e *passkey.Expect) { e.RPID, e.Origins = "example.org", []string{site} })
	format, c := v.credential(t)
	if format != "none" && v.Name != "packed-self-es256" {
		e.Rules.Attestation, e.Rules.Authenticators.Option = passkey.Direct, passkey.Global
		e.Rules.Metadata = func([16]byte) (*passkey.Metadata, error) {
			return &passkey.Metadata{Roots: []*x509.Certificate{ca}}, nil
		}
	}
	judge := func(err error, step string) {
		t.Helper()
		switch {
		case step != "":
			refused(t, err, step)
		case err != nil:
			t.Error(err)
		}
	}
	e.Challenge = v.Registration.Challenge
	_, err := passkey.Register(e, site, answer(t, c.ID, map[string]any{
		"clientDataJSON": b64url(v.Registration.ClientDataJSON), "attestationObject": b64url(v.Registration.AttestationObject)}))
	judge(err, refusedVectors[v.Name].registration)
	e.Challenge, e.Allowed = v.Authentication.Challenge, [][]byte{c.ID}
	_, err = passkey.Assert(e, c, owner, site, answer(t, c.ID, map[string]any{
		"clientDataJSON": b64url(v.Authentication.ClientDataJSON), "authenticatorData": b64url(v.Authentication.AuthenticatorData),
		"signature": b64url(v.Authentication.Signature)}))
	judge(err, refusedVectors[v.Name].authentication)
}

// credential reads the credential of a vector by hand, so that an assertion can be judged
// whose registration is refused.
func (v vector) credential(t *testing.T) (format string, c passkey.Credential) {
	t.Helper()
	var object struct {
		Format string `json:"fmt"`
		Data   []byte `json:"authData"`
	}
	if err := webauthncbor.Unmarshal(v.Registration.AttestationObject, &object); err != nil {
		t.Fatal(err)
	}
	key := object.Data[55:]
	n := int(binary.BigEndian.Uint16(object.Data[53:]))
	return object.Format, passkey.Credential{ID: key[:n], PublicKey: key[n:], BackupEligible: object.Data[32]&eligible != 0}
}

func answer(t *testing.T, id []byte, response map[string]any) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"id": b64url(id), "rawId": b64url(id), "type": "public-key", "response": response})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
