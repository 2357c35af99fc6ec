package passkey_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// mint forges responses that are right but for what a test changes. Every change is a
// hook that is given the part as it would be.
type mint struct {
	key    *ecdsa.PrivateKey
	id     []byte
	rpID   string
	flags  byte
	count  uint32
	aaguid [16]byte
	cose   []byte // the public key
	format string

	statement func(data, hash []byte) map[string]any // the attestation statement
	sign      func(signed []byte) []byte             // the assertion's signature

	client, response, envelope, object func(m map[string]any)
	rawClient, rawObject, data         func(b []byte) []byte
}

// Flags of authenticator data.
const (
	present  = 1 << 0
	verified = 1 << 2
	eligible = 1 << 3
	backedUp = 1 << 4
	attested = 1 << 6
	extended = 1 << 7
)

func newMint(t *testing.T) *mint {
	t.Helper()
	m := &mint{key: newKey(t), id: []byte("credential-1"), rpID: rpID, flags: present | verified, format: "none"}
	m.cose = cose(t, m.key, -7)
	m.statement = func(_, _ []byte) map[string]any { return map[string]any{} }
	m.sign = func(signed []byte) []byte { return signES256(t, m.key, signed) }
	return m
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func signES256(t *testing.T, k *ecdsa.PrivateKey, signed []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(signed)
	sig, err := ecdsa.SignASN1(rand.Reader, k, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func cose(t *testing.T, k *ecdsa.PrivateKey, alg int64) []byte {
	t.Helper()
	x, y := coordinates(t, k)
	return mustCBOR(t, map[int]any{1: 2, 3: alg, -1: 1, -2: x, -3: y})
}

func coordinates(t *testing.T, k *ecdsa.PrivateKey) (x, y []byte) {
	t.Helper()
	point, err := k.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return point[1:33], point[33:]
}

func mustCBOR(t *testing.T, v any) []byte {
	t.Helper()
	b, err := webauthncbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func std(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
func b64url(b []byte) string {
	return base64.RawURLEncoding.EncodeToString(b)
}

func with[T any](hook func(T), v T) {
	if hook != nil {
		hook(v)
	}
}

func changed(hook func([]byte) []byte, b []byte) []byte {
	if hook != nil {
		return hook(b)
	}
	return b
}

// clientData are the browser's words, and their hash.
func (m *mint) clientData(t *testing.T, kind string) (raw, hash []byte) {
	t.Helper()
	words := map[string]any{"type": kind, "challenge": b64url(challenge), "origin": origin, "crossOrigin": false}
	with(m.client, words)
	raw, err := json.Marshal(words)
	if err != nil {
		t.Fatal(err)
	}
	raw = changed(m.rawClient, raw)
	sum := sha256.Sum256(raw)
	return raw, sum[:]
}

// head begins authenticator data.
func (m *mint) head(more byte) []byte {
	sum := sha256.Sum256([]byte(m.rpID))
	return binary.BigEndian.AppendUint32(append(sum[:], m.flags|more), m.count)
}

// attestation is a registration response.
func (m *mint) attestation(t *testing.T) string {
	t.Helper()
	raw, hash := m.clientData(t, "webauthn.create")
	data := slices.Concat(m.head(attested), m.aaguid[:], binary.BigEndian.AppendUint16(nil, uint16(len(m.id))), m.id, m.cose)
	data = changed(m.data, data)
	parts := map[string]any{"fmt": m.format, "authData": data, "attStmt": m.statement(data, hash)}
	with(m.object, parts)
	return m.answer(t, map[string]any{
		"clientDataJSON": std(raw), "attestationObject": std(changed(m.rawObject, mustCBOR(t, parts))), "transports": []string{"usb"},
	})
}

// assertion is an authentication response.
func (m *mint) assertion(t *testing.T) string {
	t.Helper()
	raw, hash := m.clientData(t, "webauthn.get")
	data := changed(m.data, m.head(0))
	return m.answer(t, map[string]any{
		"clientDataJSON": std(raw), "authenticatorData": std(data), "signature": std(m.sign(slices.Concat(data, hash))),
		"userHandle": std(owner),
	})
}

func (m *mint) answer(t *testing.T, response map[string]any) string {
	t.Helper()
	with(m.response, response)
	whole := map[string]any{"id": b64url(m.id), "rawId": std(m.id), "type": "public-key", "response": response}
	with(m.envelope, whole)
	b, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// credential is what a registration of the mint would have stored.
func (m *mint) credential() passkey.Credential {
	return passkey.Credential{ID: m.id, PublicKey: m.cose, BackupEligible: m.flags&eligible != 0}
}

// packed makes the mint attest in the packed format with the credential's own key.
func (m *mint) packed(t *testing.T) {
	t.Helper()
	m.format = "packed"
	m.statement = func(data, hash []byte) map[string]any {
		return map[string]any{"alg": int64(-7), "sig": signES256(t, m.key, slices.Concat(data, hash))}
	}
}

// amend changes a statement after it was signed.
func (m *mint) amend(change func(st map[string]any)) {
	inner := m.statement
	m.statement = func(data, hash []byte) map[string]any {
		st := inner(data, hash)
		change(st)
		return st
	}
}

// set and drop are changes of one member.
func set(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
func drop(name string) func(map[string]any)       { return func(m map[string]any) { delete(m, name) } }
