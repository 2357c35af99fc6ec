package passkey

import (
	"crypto/x509"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// maxCertificates is how long a chain may be.
const maxCertificates = 8

// statement is an attestation object, read.
type statement struct {
	format string
	fields map[string]any
	auth   *authData
	chain  []*x509.Certificate // leaf first; none for self attestation
	kind   string              // of attestation, once verified
}

// readStatement decodes an attestation object: step 10. CBOR with duplicate keys, tags,
// indefinite lengths or more than five levels is refused by the decoder.
func readStatement(raw []byte) (*statement, error) {
	var parts map[string]webauthncbor.RawMessage
	if webauthncbor.Unmarshal(raw, &parts) != nil || parts == nil {
		return nil, registration.refuse(10, "the attestation object is not a CBOR map")
	}
	st := &statement{}
	if !field(parts["fmt"], &st.format) || st.format == "" {
		return nil, registration.refuse(10, "fmt is missing or not a string")
	}
	if !field(parts["attStmt"], &st.fields) || st.fields == nil {
		return nil, registration.refuse(10, "attStmt is missing or not a map")
	}
	var data []byte
	if !field(parts["authData"], &data) || len(data) == 0 {
		return nil, registration.refuse(10, "authData is missing, empty or not bytes")
	}
	var err error
	if st.auth, err = creating.read(data); err != nil {
		return nil, err
	}
	if !st.auth.attested {
		return nil, registration.refuse(10, "authenticator data without a credential")
	}
	return st, nil
}

// field decodes one member of a CBOR map.
func field(raw webauthncbor.RawMessage, to any) bool {
	return len(raw) > 0 && webauthncbor.Unmarshal(raw, to) == nil
}

// verify checks that the format is known (step 18) and the statement true (step 19).
func (st *statement) verify(e Expect, hash []byte) error {
	switch st.format {
	case "none":
		if len(st.fields) != 0 {
			return registration.refuse(19, "attestation none with a statement")
		}
		st.kind = "none"
		return nil
	case "packed", "tpm", "fido-u2f", "android-key", "apple":
	default:
		return registration.refuse(18, "the attestation format is not supported")
	}
	if err := st.certificates(e); err != nil {
		return err
	}
	switch st.format {
	case "android-key":
		return st.verifyAndroid(e.Rules, hash)
	case "apple":
		return st.verifyApple(hash)
	case "tpm":
		return st.verifyTPM(hash)
	}
	return st.verifyByLibrary(e.Rules, hash)
}

// certificates reads x5c. A member of another type would be taken for self attestation by
// the library, so it is refused here.
func (st *statement) certificates(e Expect) error {
	x5c, given := st.fields["x5c"]
	if !given {
		return nil
	}
	all, ok := x5c.([]any)
	if !ok || len(all) == 0 || len(all) > maxCertificates {
		return registration.refuse(19, "x5c is not a list of 1 to %d certificates", maxCertificates)
	}
	for _, one := range all {
		raw, ok := one.([]byte)
		if !ok {
			return registration.refuse(19, "x5c holds what is not a certificate")
		}
		cert, err := x509.ParseCertificate(raw)
		if err != nil {
			return registration.refuse(19, "x5c holds what is not a certificate")
		}
		if e.Now.Before(cert.NotBefore) || e.Now.After(cert.NotAfter) {
			return registration.refuse(19, "a certificate of x5c is not valid now")
		}
		st.chain = append(st.chain, cert)
	}
	return nil
}

// verifyByLibrary verifies packed and fido-u2f statements. Trust is decided in
// step 20, not by the library's metadata.
//
// U2F keys have no AAGUID (CTAP2 wants 16 zero bytes), while §8.6 does not look at it: one
// that has is refused where the attestation is to say what it is. The library refuses it
// everywhere, so it is shown zeros; the statement does not sign the AAGUID.
func (st *statement) verifyByLibrary(r Rules, hash []byte) error {
	a := st.auth
	model := a.aaguid
	if st.format == "fido-u2f" {
		if r.attested() && model != [16]byte{} {
			return registration.refuse(19, "a U2F authenticator with an AAGUID")
		}
		model = [16]byte{}
	}
	o := protocol.AttestationObject{
		RawAuthData: a.raw, Format: st.format, AttStatement: st.fields,
		AuthData: protocol.AuthenticatorData{
			RPIDHash: a.raw[:32], Flags: a.flags, Counter: a.count,
			AttData: protocol.AttestedCredentialData{AAGUID: model[:], CredentialID: a.id, CredentialPublicKey: a.key},
		},
	}
	if o.VerifyAttestation(hash, nil, protocol.AttestationPolicy{}, protocol.SignaturePolicy{}) != nil {
		return registration.refuse(19, "the %s statement does not verify", st.format)
	}
	st.kind = o.Type
	return nil
}
