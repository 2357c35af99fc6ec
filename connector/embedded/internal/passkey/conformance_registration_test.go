package passkey_test

import (
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
)

func structureCases() []conformance {
	all := append(envelopeEdits("7.1.1"), edits{
		{"F-12", "7.1.1", response(drop("attestationObject"))},
		{"F-13", "7.1.1", response(set("attestationObject", 7))},
		{"F-14", "7.1.1", response(set("attestationObject", ""))},
	}...).registering("1")
	return append(all, conformance{"Attestation-Resp-1 P-1", func(t *testing.T) error {
		key, c := enrolled(t, softkey.Options{})
		if _, err := key.Create(origin, creationOptions(rules(), passkey.Descriptor{ID: c.ID})); err == nil {
			t.Error("the first credential is not excluded")
		}
		return nil
	}, ""})
}

func clientCases() []conformance { return clientEdits("7.1", "webauthn.get").registering("2") }

// objectCases are wrong in the attestation object.
func objectCases() []conformance {
	cut := func(b []byte) []byte { return b[:37] }
	unflagged := func(b []byte) []byte { b[32] &^= attested; return b }
	plain := edits{
		{"P-1", "", func(m *mint) {
			m.data = func(b []byte) []byte { b[32] |= extended; return append(b, 0xa1, 0x61, 'x', 0xf5) }
		}},
		{"F-1", "7.1.10", func(m *mint) { m.rawObject = func([]byte) []byte { return []byte{0x81, 1} } }},
		{"F-2", "7.1.10", object(drop("fmt"))},
		{"F-3", "7.1.10", object(set("fmt", 7))},
		{"F-4", "7.1.10", object(drop("attStmt"))},
		{"F-5", "7.1.10", object(set("attStmt", "text"))},
		{"F-6", "7.1.10", object(drop("authData"))},
		{"F-7", "7.1.10", object(set("authData", "text"))},
		{"F-8", "7.1.10", object(set("authData", []byte{}))},
		{"F-9", "7.1.10", func(m *mint) { m.data = cut }},
		{"F-10", "7.1.10", func(m *mint) { m.data = unflagged }},
		{"F-11", "7.1.10", func(m *mint) { m.data = func(b []byte) []byte { return unflagged(cut(b)) } }},
		{"F-12", "7.1.10", func(m *mint) { m.data = func(b []byte) []byte { return append(b, 0) } }},
	}.registering("3")
	for _, c := range []struct {
		id, step string
		change   func(map[string]any)
	}{
		{"F-13", "7.1.19", func(st map[string]any) { clear(st) }},
		{"F-14", "7.1.19", drop("alg")},
		{"F-15", "7.1.19", set("alg", "text")},
		{"F-17", "7.1.19", drop("sig")},
		{"F-18", "7.1.19", set("sig", "text")},
		{"F-19", "7.1.19", set("sig", []byte{})},
	} {
		plain = append(plain, registers("3 "+c.id, c.step, func(t *testing.T, m *mint, _ *passkey.Expect) {
			m.packed(t)
			m.amend(c.change)
		}))
	}
	return append(plain, registers("3 F-16", "7.1.21", func(t *testing.T, m *mint, e *passkey.Expect) {
		d := newModel(t)
		d.metadata.Algorithms = []int64{-257}
		d.attests(t, m)
		d.demand(e)
	}))
}

// algorithmCases: the optional algorithms are in TestCeremonies. P-8 is an RS1 key, which
// signs with SHA-1: no policy of PingOne's names algorithms, so that it could be offered to
// all or to none.
func algorithmCases() []conformance {
	return []conformance{
		registers("4 P-5", "", func(t *testing.T, m *mint, _ *passkey.Expect) { rsaKey(t, m) }),
		registers("4 P-8", "7.1.17", func(t *testing.T, m *mint, _ *passkey.Expect) {
			k := rsaKey(t, m)
			m.cose = mustCBOR(t, map[int]any{1: 3, 3: -65535, -1: k.N.Bytes(), -2: []byte{1, 0, 1}})
		}),
		registers("4 P-9", "", func(*testing.T, *mint, *passkey.Expect) {}),
	}
}

// packedCases are packed statements of a manufacturer, of the key itself, and none.
func packedCases() []conformance {
	full := func(id, step string, edit func(t *testing.T, d *model, m *mint)) conformance {
		return registers(id, step, func(t *testing.T, m *mint, e *passkey.Expect) {
			d := newModel(t)
			d.attests(t, m)
			edit(t, d, m)
			d.demand(e)
		})
	}
	chain := func(id, step string, pick func(d *model) []*authority) conformance {
		return full(id, step, func(t *testing.T, d *model, m *mint) { d.attests(t, m, pick(d)...) })
	}
	amended := func(id, step string, change func(map[string]any)) conformance {
		return full(id, step, func(_ *testing.T, _ *model, m *mint) { m.amend(change) })
	}
	dated := func(id string, from, to time.Time) conformance {
		return full(id, "7.1.19", func(t *testing.T, d *model, m *mint) {
			d.leaf = newAttester(t, d.mid, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = from, to })
			d.attests(t, m)
		})
	}
	self := func(id, step string, edit func(t *testing.T, m *mint)) conformance {
		return registers(id, step, func(t *testing.T, m *mint, _ *passkey.Expect) { m.packed(t); edit(t, m) })
	}
	return []conformance{
		full("5 P-1", "", func(*testing.T, *model, *mint) {}),
		full("5 P-2", "", func(t *testing.T, d *model, m *mint) {
			d.leaf = newAttester(t, d.root)
			d.attests(t, m, d.leaf)
		}),
		full("5 F-1", "7.1.18", func(_ *testing.T, _ *model, m *mint) { m.format = "Packed" }),
		amended("5 F-2", "7.1.19", set("sig", []byte{0x30, 0})),
		amended("5 F-3", "7.1.19", drop("x5c")),
		amended("5 F-4", "7.1.19", set("x5c", "text")),
		amended("5 F-5", "7.1.19", set("x5c", []any{})),
		dated("5 F-6", since, since.AddDate(1, 0, 0)),
		dated("5 F-7", until.AddDate(-1, 0, 0), until),
		full("5 F-8", "7.1.21", func(_ *testing.T, d *model, _ *mint) { d.metadata.Algorithms = []int64{-8} }),
		full("5 F-9", "7.1.21", func(t *testing.T, d *model, _ *mint) {
			d.metadata.Roots = []*x509.Certificate{newCA(t, nil, "Other").cert}
		}),
		chain("5 F-10", "7.1.21", func(d *model) []*authority { return []*authority{d.leaf, d.mid, d.root} }),
		chain("5 F-11", "7.1.19", func(d *model) []*authority { return []*authority{d.mid, d.leaf} }),
		full("5 F-12", "7.1.19", func(t *testing.T, d *model, m *mint) {
			d.mid = newCA(t, d.root, "Old", func(c *x509.Certificate) { c.NotAfter = since.AddDate(1, 0, 0) })
			d.leaf = newAttester(t, d.mid)
			d.attests(t, m)
		}),
		full("5 F-13", "7.1.19", func(t *testing.T, d *model, m *mint) {
			right := newAttester(t, d.mid)
			d.attests(t, m, right, d.mid)
		}),
		full("5 F-14", "7.1.19", func(t *testing.T, d *model, m *mint) {
			m.statement = func(data, hash []byte) map[string]any {
				return map[string]any{"alg": int64(-7), "sig": signES256(t, m.key, slices.Concat(data, hash)), "x5c": x5c(d.leaf, d.mid)}
			}
		}),
		self("6 P-1", "", func(*testing.T, *mint) {}),
		self("6 F-1", "7.1.19", func(_ *testing.T, m *mint) { m.amend(set("sig", []byte{0x30, 0})) }),
		self("6 F-2", "7.1.19", func(t *testing.T, m *mint) { m.amend(set("x5c", x5c(newAttester(t, nil)))) }),
		self("6 F-3", "7.1.18", func(_ *testing.T, m *mint) { m.format = "packed-self" }),
		registers("7 P-1", "", func(*testing.T, *mint, *passkey.Expect) {}),
		registers("7 P-2", "", func(_ *testing.T, m *mint, _ *passkey.Expect) { m.aaguid = [16]byte{9} }),
		full("7 F-1", "7.1.19", func(_ *testing.T, _ *model, m *mint) { m.format = "none" }),
	}
}
