package passkey_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
)

// TestTPMCertificate changes the certificate of a TPM's attestation key. Its names must
// have the right form; who made the TPM is no matter of form.
func TestTPMCertificate(t *testing.T) {
	t.Parallel()
	named := func(values ...string) func(c *x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtraExtensions[0] = tpmNames(t, values...) }
	}
	model := func(id []byte) func(c *x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions,
				pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: mustASN1(t, id)})
		}
	}
	for name, c := range map[string]struct {
		change func(c *x509.Certificate)
		step   string
	}{
		"a manufacturer on no list":  {named("id:00000000", "Model", "id:00000000"), ""},
		"of the test tool":           {named("id:FFFFF1D0", "Model", "id:13"), ""},
		"no manufacturer":            {named("", "Model", "id:1"), "7.1.19"},
		"a manufacturer's name":      {named("Intel", "Model", "id:1"), "7.1.19"},
		"no hexadecimal digits":      {named("id:0000000G", "Model", "id:1"), "7.1.19"},
		"too many digits":            {named("id:494E54430", "Model", "id:1"), "7.1.19"},
		"no model":                   {named("id:494E5443", "", "id:1"), "7.1.19"},
		"no version":                 {named("id:494E5443", "Model"), "7.1.19"},
		"a version without a number": {named("id:494E5443", "Model", "id:"), "7.1.19"},
		"a version of another form":  {named("id:494E5443", "Model", "1"), "7.1.19"},
		"no names":                   {func(c *x509.Certificate) { c.ExtraExtensions = nil }, "7.1.19"},
		"other names": {func(c *x509.Certificate) {
			c.ExtraExtensions, c.DNSNames = nil, []string{"id:494E5443"}
		}, "7.1.19"},
		"names that are no names": {func(c *x509.Certificate) { c.ExtraExtensions[0].Value = []byte{0x30, 3, 0xa4, 1, 5} }, "7.1.19"},
		"names of another kind":   {func(c *x509.Certificate) { c.ExtraExtensions[0].Value[2] = 0xa5 }, "7.1.19"},
		"a domain too": {func(c *x509.Certificate) {
			names := &c.ExtraExtensions[0].Value
			*names = mustASN1(t, asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: append((*names)[2:], 0x82, 1, 'x')})
		}, ""},
		"a subject":        {func(c *x509.Certificate) { c.Subject.CommonName = "TPM" }, "7.1.19"},
		"another usage":    {func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{2, 23, 133, 8, 1}} }, "7.1.19"},
		"no usage":         {func(c *x509.Certificate) { c.UnknownExtKeyUsage = nil }, "7.1.19"},
		"an authority":     {func(c *x509.Certificate) { c.IsCA = true }, "7.1.19"},
		"of this model":    {model(make([]byte, 16)), ""},
		"of another model": {model(bytes.Repeat([]byte{1}, 16)), "7.1.19"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMint(t)
			tpm(t, m, func(p *tpmParts) { p.aik = c.change })
			_, err := passkey.Register(expect(), origin, m.attestation(t))
			judge(t, err, c.step)
		})
	}
}

// TestTPMStatement changes what the TPM signs and what stands beside it. Each case that is
// about the key signs its true name, so that nothing but the change refuses it.
func TestTPMStatement(t *testing.T) {
	t.Parallel()
	area := func(change func(b []byte) []byte) func(p *tpmParts) {
		return func(p *tpmParts) {
			p.pub = change(bytes.Clone(p.pub))
			p.info = certInfo(p.pub, p.extra)
		}
	}
	for name, c := range map[string]struct {
		change func(p *tpmParts)
		amend  func(st map[string]any)
	}{
		"of TPM 1.2":                    {amend: set("ver", "1.2")},
		"no version":                    {amend: drop("ver")},
		"ECDAA too":                     {amend: set("ecdaaKeyId", []byte{1})},
		"no certificates":               {amend: drop("x5c")},
		"no algorithm":                  {amend: drop("alg")},
		"an algorithm of no hash":       {amend: set("alg", int64(-65534))},
		"another algorithm":             {amend: set("alg", int64(-257))},
		"a broken signature":            {amend: set("sig", []byte{0x30, 0})},
		"no certInfo":                   {amend: drop("certInfo")},
		"no pubArea":                    {amend: drop("pubArea")},
		"not a TPM's words":             {change: func(p *tpmParts) { p.info[3]++ }},
		"a quote":                       {change: func(p *tpmParts) { p.info[5] = 0x18 }},
		"certInfo with a tail":          {change: func(p *tpmParts) { p.info = append(p.info, 0) }},
		"certInfo cut off":              {change: func(p *tpmParts) { p.info = p.info[:len(p.info)-1] }},
		"certInfo of another key":       {change: func(p *tpmParts) { p.info = certInfo(append(p.pub, 0), p.extra) }},
		"pubArea with a tail":           {change: area(func(b []byte) []byte { return append(b, 0) })},
		"pubArea cut off":               {change: area(func(b []byte) []byte { return b[:len(b)-1] })},
		"an RSA key's pubArea":          {change: area(func([]byte) []byte { return pubAreaRSA(make([]byte, 256)) })},
		"a keyed hash":                  {change: area(func(b []byte) []byte { return at(b, 1, 8) })},
		"named by SHA-1":                {change: area(func(b []byte) []byte { return at(b, 3, 4) })},
		"a key that encrypts":           {change: area(func(b []byte) []byte { return at(b, 11, 6) })},
		"a scheme without its end":      {change: area(func(b []byte) []byte { return at(b, 13, 0x18) })},
		"another curve":                 {change: area(func(b []byte) []byte { return at(b, 15, 4) })},
		"another point":                 {change: area(func(b []byte) []byte { return at(b, 21, b[21]^1) })},
		"another point with the same x": {change: area(func(b []byte) []byte { return at(b, len(b)-1, b[len(b)-1]^1) })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMint(t)
			tpm(t, m, func(p *tpmParts) { with(c.change, p) })
			m.amend(func(st map[string]any) { with(c.amend, st) })
			_, err := passkey.Register(expect(), origin, m.attestation(t))
			refused(t, err, "7.1.19")
		})
	}
}

// TestTPMKeys accepts keys with a scheme of their own and with an exponent that is written
// out, and refuses one of another exponent or modulus.
func TestTPMKeys(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(b []byte) []byte
		step   string
	}{
		"as it is":            {func(b []byte) []byte { return b }, ""},
		"exponent 65537":      {func(b []byte) []byte { b[17], b[19] = 1, 1; return b }, ""},
		"exponent 3":          {func(b []byte) []byte { b[19] = 3; return b }, "7.1.19"},
		"another modulus":     {func(b []byte) []byte { b[len(b)-1] ^= 2; return b }, "7.1.19"},
		"RSASSA with SHA-256": {func(b []byte) []byte { return slices.Insert(at(b, 13, 0x14), 14, 0, 0x0b) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMint(t)
			tpmOf(t, m, c.change(pubAreaRSA(rsaKey(t, m).N.Bytes())))
			credential, err := passkey.Register(expect(), origin, m.attestation(t))
			judge(t, err, c.step)
			if err == nil && credential.AttestationType != "attca" {
				t.Errorf("attestation type %q", credential.AttestationType)
			}
		})
	}
}

func at(b []byte, i int, v byte) []byte { b[i] = v; return b }
