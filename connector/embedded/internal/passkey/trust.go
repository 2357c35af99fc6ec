package passkey

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
)

// trust decides whether an authenticator of this model may register: steps 20 and 21.
func (st *statement) trust(e Expect) error {
	r := e.Rules
	if !r.attested() {
		return nil
	}
	if len(st.chain) == 0 {
		return registration.refuse(21, "attestation none or self is not allowed")
	}
	if !r.restricted() {
		return nil // any manufacturer will do
	}
	known, err := r.lookup(st.auth.aaguid)
	if err != nil {
		return err
	}
	if known == nil {
		return registration.refuse(20, "no metadata of the authenticator")
	}
	if reason := r.refuses(st.auth.aaguid, known); reason != "" {
		return registration.refuse(21, "%s", reason)
	}
	if !st.algorithmKnown(known) {
		return registration.refuse(21, "an algorithm that the authenticator does not have")
	}
	if !st.anchored(known, e) {
		return registration.refuse(21, "the certificates do not lead to a trust anchor of the authenticator")
	}
	return nil
}

// refuses says why an authenticator model may not be used, or "".
func (r Rules) refuses(aaguid [16]byte, known *Metadata) string {
	switch o := r.Authenticators.Option; {
	case known.Revoked:
		return "the status of the authenticator forbids its use"
	case o == Certified && !known.Certified,
		o == Specific && !slices.Contains(r.Authenticators.Allowed, aaguid):
		return "the authenticator is not among those allowed"
	}
	return ""
}

// algorithmKnown compares the algorithms of the credential and, in the packed format, of
// the statement with the metadata. A TPM's attestation key has an algorithm of its own.
func (st *statement) algorithmKnown(known *Metadata) bool {
	if len(known.Algorithms) == 0 {
		return true
	}
	key, _ := algorithmOf(st.auth.key)
	if !slices.Contains(known.Algorithms, key) {
		return false
	}
	alg, ok := st.fields["alg"].(int64)
	return st.format != "packed" || ok && slices.Contains(known.Algorithms, alg)
}

// alternativeName is critical in a TPM's certificate, whose subject is empty. Its names
// were checked with the statement; crypto/x509 does not know their kind.
var alternativeName = asn1.ObjectIdentifier{2, 5, 29, 17}

// anchored reports whether the chain, in order, ends at a trust anchor. A packed one
// must not hold the anchor; one certificate that is itself an anchor is a chain.
func (st *statement) anchored(known *Metadata, e Expect) bool {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range known.Roots {
		roots.AddCert(c)
	}
	for i, c := range st.chain {
		if slices.ContainsFunc(known.Distrusted, c.Equal) {
			return false
		}
		if i == 0 {
			continue
		}
		if st.format == "packed" && slices.ContainsFunc(known.Roots, c.Equal) || st.chain[i-1].CheckSignatureFrom(c) != nil {
			return false
		}
		between.AddCert(c)
	}
	leaf := *st.chain[0]
	leaf.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(leaf.UnhandledCriticalExtensions), alternativeName.Equal)
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: e.Now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil
}
