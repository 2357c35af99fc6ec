package passkey_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

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
