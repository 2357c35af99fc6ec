package passkey_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
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
	got, err = sign(key, expect(func(e *passkey.Expect) { e.Rules.TolerateClones = true }))
	if err != nil || !got.Cloned || got.SignCount != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

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

// TestA50 confuses whom an attestation comes from.
func TestA50(t *testing.T) {
	t.Parallel()
	const step = "7.1.21"
	try := func(edit func(m *mint, d *model, e *passkey.Expect)) error {
		m, d, e := newMint(t), newModel(t), expect()
		d.attests(t, m)
		d.demand(&e)
		edit(m, d, &e)
		_, err := passkey.Register(e, origin, m.attestation(t))
		return err
	}
	for name, c := range map[string]struct {
		edit func(m *mint, d *model, e *passkey.Expect)
		step string
	}{
		"the true one":           {func(*mint, *model, *passkey.Expect) {}, ""},
		"self for a known model": {func(m *mint, _ *model, _ *passkey.Expect) { m.packed(t) }, step},
		"another maker's chain": {func(m *mint, d *model, _ *passkey.Expect) {
			evil := newModel(t)
			evil.aaguid = d.aaguid
			evil.attests(t, m)
		}, step},
		"a certificate for another model": {func(m *mint, d *model, _ *passkey.Expect) {
			id := mustASN1(t, make([]byte, 16))
			d.leaf = newAttester(t, d.mid, func(c *x509.Certificate) {
				c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: id}}
			})
			d.attests(t, m)
		}, "7.1.19"},
		"an authority as a leaf": {func(m *mint, d *model, _ *passkey.Expect) {
			d.leaf = newCA(t, d.mid, "Leaf", func(c *x509.Certificate) {
				c.Subject = pkix.Name{Country: []string{"SE"}, Organization: []string{"Forge"}, CommonName: "Key",
					OrganizationalUnit: []string{"Authenticator Attestation"}}
			})
			d.attests(t, m)
		}, "7.1.19"},
		"a leaf signed by a leaf": {func(m *mint, d *model, _ *passkey.Expect) {
			signer := d.leaf
			d.leaf = newAttester(t, signer)
			d.attests(t, m, d.leaf, signer, d.mid)
		}, step},
		"revoked":               {func(_ *mint, d *model, _ *passkey.Expect) { d.metadata.Revoked = true }, step},
		"a revoked certificate": {func(_ *mint, d *model, _ *passkey.Expect) { d.metadata.Distrusted = []*x509.Certificate{d.leaf.cert} }, step},
		"not on the list":       {func(_ *mint, _ *model, e *passkey.Expect) { e.Rules.Authenticators.Option = passkey.Specific }, step},
		"on the list":           {func(_ *mint, d *model, e *passkey.Expect) { specific(e, d.aaguid) }, ""},
		"not certified":         {func(_ *mint, d *model, e *passkey.Expect) { certified(e); d.metadata.Certified = false }, step},
		"only audited":          {func(m *mint, _ *model, e *passkey.Expect) { audited(e); m.packed(t) }, ""},
		"any maker":             {func(_ *mint, d *model, e *passkey.Expect) { anyMaker(e); d.metadata.Roots = nil }, ""},
		"no maker":              {func(m *mint, _ *model, e *passkey.Expect) { anyMaker(e); m.packed(t) }, step},
		"none demanded":         {func(_ *mint, d *model, e *passkey.Expect) { e.Rules.Attestation = passkey.None; d.metadata.Roots = nil }, step},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := try(c.edit)
			if c.step != "" {
				refused(t, err, c.step)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func specific(e *passkey.Expect, aaguid [16]byte) {
	e.Rules.Authenticators.Option, e.Rules.Authenticators.Allowed = passkey.Specific, [][16]byte{aaguid}
}
func certified(e *passkey.Expect) { e.Rules.Authenticators.Option = passkey.Certified }
func anyMaker(e *passkey.Expect)  { e.Rules.Authenticators.Option = passkey.None }
func audited(e *passkey.Expect)   { e.Rules.Authenticators.Option = passkey.AuditOnly }

// TestPolicyLater holds what a policy can demand again of a registered credential.
func TestPolicyLater(t *testing.T) {
	t.Parallel()
	m, d := newMint(t), newModel(t)
	m.flags |= eligible
	c := m.credential()
	c.AAGUID = d.aaguid
	run := func(edit func(e *passkey.Expect)) error {
		e := expect(edit)
		_, err := passkey.Assert(e, c, owner, origin, m.assertion(t))
		return err
	}
	refused(t, run(func(e *passkey.Expect) { e.Rules.Backup.Allow, e.Rules.Backup.EnforceAlways = false, true }), "7.2.14")
	if err := run(func(e *passkey.Expect) { e.Rules.Backup.Allow = false }); err != nil {
		t.Error(err)
	}
	d.metadata.Revoked = true
	if err := run(d.demand); err != nil {
		t.Error(err)
	}
	refused(t, run(func(e *passkey.Expect) { d.demand(e); e.Rules.Authenticators.EnforceAlways = true }), "7.2.3")
	refused(t, run(func(e *passkey.Expect) {
		d.demand(e)
		e.Rules.Authenticators.EnforceAlways, e.Rules.Metadata = true, nil
	}), "7.2.3")
	broken := errors.New("no answer")
	failing := func(e *passkey.Expect) {
		d.demand(e)
		e.Rules.Authenticators.EnforceAlways = true
		e.Rules.Metadata = func([16]byte) (*passkey.Metadata, error) { return nil, broken }
	}
	if err := run(failing); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	d.attests(t, m)
	if _, err := passkey.Register(expect(failing), origin, m.attestation(t)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
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
