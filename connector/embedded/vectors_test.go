package embedded_test

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/mfaflow/mfaflow/connector/embedded"
)

// spelled are bytes that the file of vectors writes in hexadecimal, and PingOne in base64url.
type spelled string

func (s *spelled) UnmarshalText(b []byte) error {
	raw, err := hex.DecodeString(string(b))
	*s = spelled(base64.RawURLEncoding.EncodeToString(raw))
	return err
}

// w3cVector is one of the test vectors of WebAuthn Level 3, §16.
type w3cVector struct {
	Name         string
	Registration struct {
		Challenge, ClientDataJSON, AttestationObject spelled
	}
	Authentication struct {
		Challenge, ClientDataJSON, AuthenticatorData, Signature spelled
	}
}

func w3cVectors(t *testing.T) []w3cVector {
	t.Helper()
	raw, err := os.ReadFile("internal/passkey/testdata/w3c-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Vectors []w3cVector }
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Vectors) != 15 {
		t.Errorf("%d vectors, want 15", len(doc.Vectors))
	}
	return doc.Vectors
}

// The vectors of the standard, posted at the service: a passkey is registered and signs on,
// unless the step says why not. The tests of package passkey tell the reasons. Pages in
// frames are for services that name who may frame.
func TestW3CVectors(t *testing.T) {
	t.Parallel()
	never := map[string]string{"packed-ed448": "7.1.17", "android-key-es256": "7.1.19"}
	framed := map[string]string{"none-es256-crossOrigin": "7.1.7", "none-es256-topOrigin": "7.1.7"}
	plain := newWorld(t, withPasskeys)
	framing := newWorld(t, withPasskeys, func(o *embedded.Options) { o.TopOrigins = []string{"https://example.com"} })
	for _, v := range w3cVectors(t) {
		v.post(plain, cmp.Or(never[v.Name], framed[v.Name]))
		v.post(framing, never[v.Name])
	}
}

// post registers the vector's passkey for a user of its own and signs on with it.
func (v w3cVector) post(w *world, step string) {
	w.t.Helper()
	const origin = "https://example.org"
	user, rp := w.user(v.Name), obj{"id": "example.org"}
	id := w.register(user, obj{"rp": rp, "webAuthn": obj{"challenge": v.Registration.Challenge}}).text("id")
	done := w.api("POST device.activate", "users/"+user+"/devices/"+id, obj{"origin": origin,
		"attestation": v.answer(w.t, obj{"clientDataJSON": v.Registration.ClientDataJSON, "attestationObject": v.Registration.AttestationObject})})
	if step != "" || done.Status != 200 {
		if got := done.text("details.0.innerError.step"); got != step {
			w.t.Errorf("%s: refused at step %q, want %q\n%s", v.Name, got, step, done.Raw)
		}
		return
	}
	da, _ := w.challenge(obj{"user": obj{"id": user}, "rp": rp, "webAuthn": obj{"challenge": v.Authentication.Challenge}})
	signed := w.auth("POST assertion.check", "deviceAuthentications/"+da, obj{"origin": origin, "assertion": v.answer(w.t, obj{
		"clientDataJSON": v.Authentication.ClientDataJSON, "authenticatorData": v.Authentication.AuthenticatorData, "signature": v.Authentication.Signature,
	})})
	if signed.text("status") != "COMPLETED" {
		w.t.Errorf("%s: %s", v.Name, signed.Raw)
	}
}

// answer is what the browser's script sends of a vector.
func (v w3cVector) answer(t *testing.T, response obj) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(string(v.Registration.AttestationObject))
	if err != nil {
		t.Fatal(err)
	}
	var object struct {
		Data []byte `json:"authData"`
	}
	if err := webauthncbor.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	id := base64.RawURLEncoding.EncodeToString(object.Data[55:][:binary.BigEndian.Uint16(object.Data[53:])])
	b, err := json.Marshal(obj{"id": id, "rawId": id, "type": "public-key", "response": response})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
