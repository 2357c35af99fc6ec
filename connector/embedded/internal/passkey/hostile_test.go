package passkey_test

import (
	"bytes"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// TestA49 sends CBOR, certificates and keys made to cost or to confuse.
func TestA49(t *testing.T) {
	t.Parallel()
	registering := func(edit func(m *mint)) error {
		m := newMint(t)
		edit(m)
		_, err := passkey.Register(expect(), origin, m.attestation(t))
		return err
	}
	raw := func(b []byte) func(m *mint) {
		return func(m *mint) { m.rawObject = func([]byte) []byte { return b } }
	}
	for name, c := range map[string]struct {
		edit func(m *mint)
		step string
	}{
		"duplicate keys": {func(m *mint) {
			m.rawObject = func(b []byte) []byte {
				return append(append([]byte{0xa4}, b[1:]...), 0x63, 'f', 'm', 't', 0x64, 'n', 'o', 'n', 'e')
			}
		}, "7.1.10"},
		"duplicate keys of a public key": {func(m *mint) { m.cose = append(append([]byte{0xa6}, m.cose[1:]...), 0x01, 0x02) }, "7.1.10"},
		"left-over bytes":                {func(m *mint) { m.rawObject = func(b []byte) []byte { return append(b, 0) } }, "7.1.10"},
		"deep":                           {raw(append(bytes.Repeat([]byte{0x81}, 17), 1)), "7.1.10"},
		"deep statement":                 {object(set("attStmt", map[string]any{"x": []any{[]any{[]any{[]any{[]any{1}}}}}})), "7.1.10"},
		"indefinite":                     {raw([]byte{0xbf, 0xff}), "7.1.10"},
		"a length of 2^63":               {raw([]byte{0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), "7.1.10"},
		"tags":                           {raw([]byte{0xc1, 0xa0}), "7.1.10"},
		"more than 64 KiB":               {raw(make([]byte, 49<<10)), "7.1.1"},
		"a cut credential": {func(m *mint) {
			m.data = func(b []byte) []byte { b[53], b[54] = 3, 255; return b }
		}, "7.1.10"},
		"line breaks in base64": {response(set("attestationObject", "oWNm\nbXRk")), "7.1.1"},
		"an RSA key of 16 KiB": {func(m *mint) {
			m.cose = mustCBOR(t, map[int]any{1: 3, 3: -257, -1: bytes.Repeat([]byte{0xff}, 16<<10), -2: []byte{1, 0, 1}})
		}, "7.1.17"},
		"an RSA key of 1024 bits": {func(m *mint) {
			m.cose = mustCBOR(t, map[int]any{1: 3, 3: -257, -1: bytes.Repeat([]byte{0xff}, 128), -2: []byte{1, 0, 1}})
		}, "7.1.17"},
		"a point off the curve": {func(m *mint) {
			m.cose = mustCBOR(t, map[int]any{1: 2, 3: -7, -1: 1, -2: make([]byte, 32), -3: bytes.Repeat([]byte{1}, 32)})
		}, "7.1.17"},
		"nine certificates": {func(m *mint) {
			m.packed(t)
			leaf := newAttester(t, nil)
			m.amend(set("x5c", x5c(leaf, leaf, leaf, leaf, leaf, leaf, leaf, leaf, leaf)))
		}, "7.1.19"},
		"no certificate":   {func(m *mint) { m.packed(t); m.amend(set("x5c", []any{bytes.Repeat([]byte{0x30, 0x80}, 1000)})) }, "7.1.19"},
		"nine transports":  {response(set("transports", strings.Split("usb,nfc,ble,a,b,c,d,e,f", ","))), "7.1.24"},
		"a long transport": {response(set("transports", []string{strings.Repeat("x", 100)})), "7.1.24"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, registering(c.edit), c.step)
		})
	}
}

// TestSignatureIsCanonical refuses a signature that is right in another encoding.
func TestSignatureIsCanonical(t *testing.T) {
	t.Parallel()
	m := newMint(t)
	inner := m.sign
	m.sign = func(signed []byte) []byte {
		var rs struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(inner(signed), &rs); err != nil {
			t.Fatal(err)
		}
		return append(mustASN1(t, rs), 0)
	}
	_, err := passkey.Assert(expect(), m.credential(), owner, origin, m.assertion(t))
	refused(t, err, "7.2.16")
}
