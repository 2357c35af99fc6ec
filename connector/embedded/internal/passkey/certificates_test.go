package passkey_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

// authority is a certificate with its key.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

var (
	since = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	until = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// issue makes a certificate of public; without an issuer it signs itself.
func issue(t *testing.T, by *authority, key *ecdsa.PrivateKey, public crypto.PublicKey, c *x509.Certificate) *authority {
	t.Helper()
	c.SerialNumber = big.NewInt(int64(len(c.Subject.CommonName)) + 1)
	if c.NotBefore.IsZero() {
		c.NotBefore = since
	}
	if c.NotAfter.IsZero() {
		c.NotAfter = until
	}
	c.BasicConstraintsValid = true
	parent := &authority{c, key}
	if by != nil {
		parent = by
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent.cert, public, parent.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

// newCA makes a certificate authority.
func newCA(t *testing.T, by *authority, name string, change ...func(c *x509.Certificate)) *authority {
	t.Helper()
	c := &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	for _, f := range change {
		f(c)
	}
	k := newKey(t)
	return issue(t, by, k, &k.PublicKey, c)
}

// newAttester makes a packed attestation certificate (§8.2.1).
func newAttester(t *testing.T, by *authority, change ...func(c *x509.Certificate)) *authority {
	t.Helper()
	c := &x509.Certificate{Subject: pkix.Name{
		Country: []string{"SE"}, Organization: []string{"Forge"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Key",
	}}
	for _, f := range change {
		f(c)
	}
	k := newKey(t)
	return issue(t, by, k, &k.PublicKey, c)
}

func x5c(chain ...*authority) []any {
	out := make([]any, len(chain))
	for i, a := range chain {
		out[i] = a.cert.Raw
	}
	return out
}
