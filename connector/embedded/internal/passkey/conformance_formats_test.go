package passkey_test

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// formatCases are the formats other than packed and none.
func formatCases() []conformance {
	flip := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)-1] ^= 1
		return b
	}
	ofTPM := func(id, step string, change func(p *tpmParts)) conformance {
		return registers(id, step, func(t *testing.T, m *mint, _ *passkey.Expect) { tpm(t, m, change) })
	}
	ofAndroid := func(id, step string, change func(p *androidParts)) conformance {
		return registers(id, step, func(t *testing.T, m *mint, _ *passkey.Expect) { android(t, m, change) })
	}
	reversed := func(st map[string]any) {
		chain := st["x5c"].([]any)
		st["x5c"] = []any{chain[1], chain[0]}
	}
	all := []conformance{
		registers("8 P-1", "", func(t *testing.T, m *mint, _ *passkey.Expect) { u2f(t, m) }),
		registers("8 F-1", "7.1.19", func(t *testing.T, m *mint, e *passkey.Expect) {
			u2f(t, m)
			m.aaguid[0] = 1
			e.Rules.Attestation = passkey.Direct
		}),
		registers("8 F-2", "7.1.19", func(t *testing.T, m *mint, _ *passkey.Expect) { u2f(t, m); m.amend(set("sig", []byte{0x30, 0})) }),
		ofTPM("9 P-1", "", func(*tpmParts) {}),
		registers("9 P-2", "", func(t *testing.T, m *mint, _ *passkey.Expect) { tpmOf(t, m, pubAreaRSA(rsaKey(t, m).N.Bytes())) }),
		registers("9 P-3", "", func(t *testing.T, m *mint, e *passkey.Expect) {
			d := newModel(t)
			d.metadata.Roots = []*x509.Certificate{tpm(t, m).cert}
			m.aaguid = d.aaguid
			d.demand(e)
		}),
		registers("9 F-1", "7.1.19", func(t *testing.T, m *mint, _ *passkey.Expect) { tpm(t, m); m.amend(reversed) }),
		ofTPM("9 F-2", "7.1.19", func(p *tpmParts) { p.info = certInfo(p.pub, make([]byte, 32)) }),
		ofTPM("9 F-3", "7.1.19", func(p *tpmParts) { p.info[0] = 0 }),
		ofTPM("9 F-4", "7.1.19", func(p *tpmParts) { p.pub = flip(p.pub) }),
		ofAndroid("A P-1", "", func(*androidParts) {}),
		ofAndroid("A F-1", "7.1.19", func(p *androidParts) { p.challenge = flip(p.challenge) }),
		registers("A F-2", "7.1.19", func(t *testing.T, m *mint, _ *passkey.Expect) {
			android(t, m, func(p *androidParts) { p.public = &newKey(t).PublicKey })
		}),
		registers("A F-3", "7.1.19", func(t *testing.T, m *mint, _ *passkey.Expect) { android(t, m); m.amend(reversed) }),
	}
	return append(all, safetyNet()...)
}

// safetyNet is refused whatever it says: the case names are kept, the format is not.
func safetyNet() (out []conformance) {
	statement := func(change func(map[string]any)) func(*testing.T, *mint, *passkey.Expect) {
		return func(_ *testing.T, m *mint, _ *passkey.Expect) {
			m.format = "android-safetynet"
			m.statement = func(_, _ []byte) map[string]any {
				st := map[string]any{"ver": "12685023", "response": []byte("header.payload.signature")}
				change(st)
				return st
			}
		}
	}
	changes := []func(map[string]any){
		drop("ver"), drop("response"), set("response", []byte("another nonce")), set("response", []byte("no x5c")),
		set("response", []byte("ctsProfileMatch false")), set("response", []byte("from the future")), set("response", []byte("a minute old")),
	}
	out = append(out, registers("B P-1", "7.1.18", statement(func(map[string]any) {})))
	for i, change := range changes {
		out = append(out, registers(fmt.Sprintf("B F-%d", i+1), "7.1.18", statement(change)))
	}
	return out
}

// TestApple verifies Apple's anonymous attestation and refuses one of other data.
func TestApple(t *testing.T) {
	t.Parallel()
	m := newMint(t)
	apple(t, m, nil)
	if c, err := passkey.Register(expect(), origin, m.attestation(t)); err != nil || c.AttestationType != "anonca" {
		t.Errorf("got %+v, %v", c, err)
	}
	apple(t, m, func([]byte) []byte { return make([]byte, 32) })
	_, err := passkey.Register(expect(), origin, m.attestation(t))
	refused(t, err, "7.1.19")
	other := newMint(t)
	apple(t, other, nil)
	other.cose = m.cose
	_, err = passkey.Register(expect(), origin, other.attestation(t))
	refused(t, err, "7.1.19")
}
