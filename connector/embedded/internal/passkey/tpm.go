package passkey

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"regexp"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// verifyTPM verifies what a TPM says of a key that it holds (§8.3): of this key, and of
// this ceremony.
func (st *statement) verifyTPM(hash []byte) error {
	alg, _ := st.fields["alg"].(int64)
	signature, _ := st.fields["sig"].([]byte)
	info, _ := st.fields["certInfo"].([]byte)
	area, _ := st.fields["pubArea"].([]byte)
	_, ecdaa := st.fields["ecdaaKeyId"]
	if st.fields["ver"] != "2.0" || ecdaa || len(st.chain) == 0 {
		return registration.refuse(19, "the tpm statement is not one of TPM 2.0 with certificates")
	}
	public, ok := readTPMPublic(area)
	if !ok || !public.is(st.auth.key) {
		return registration.refuse(19, "pubArea is not of the credential's key")
	}
	said, ok := readTPMSaid(info)
	sum, known := webauthncose.HasherFromCOSEAlg(webauthncose.COSEAlgorithmIdentifier(alg))
	if !ok || !known {
		return registration.refuse(19, "certInfo is not what a TPM says of a key")
	}
	sum.Write(slices.Concat(st.auth.raw, hash))
	switch {
	case !bytes.Equal(said.extra, sum.Sum(nil)):
		return registration.refuse(19, "certInfo is of another ceremony")
	case !bytes.Equal(said.name, public.name):
		return registration.refuse(19, "certInfo is of another key")
	case st.chain[0].CheckSignature(signatureOf(alg), info, signature) != nil:
		return registration.refuse(19, "the tpm statement does not verify")
	case !st.fromTPM():
		return registration.refuse(19, "the certificate is not one of a TPM's attestation key")
	}
	st.kind = "attca"
	return nil
}

var (
	tpmManufacturer = asn1.ObjectIdentifier{2, 23, 133, 2, 1}
	tpmModel        = asn1.ObjectIdentifier{2, 23, 133, 2, 2}
	tpmVersion      = asn1.ObjectIdentifier{2, 23, 133, 2, 3}
	tpmAttestation  = asn1.ObjectIdentifier{2, 23, 133, 8, 3}
	modelExtension  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}
)

// fromTPM reports whether the leaf is a certificate as §8.3.1 wants it, and of this model
// if it names one.
func (st *statement) fromTPM() bool {
	leaf := st.chain[0]
	if leaf.Version != 3 || len(leaf.Subject.Names) != 0 || !leaf.BasicConstraintsValid || leaf.IsCA ||
		!slices.ContainsFunc(leaf.UnknownExtKeyUsage, tpmAttestation.Equal) || !st.namesTPM() {
		return false
	}
	var model []byte
	given := slices.ContainsFunc(leaf.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(modelExtension) })
	return !given || st.extension(modelExtension, &model) && bytes.Equal(model, st.auth.aaguid[:])
}

// The shapes of manufacturer and version in the TCG's EK profile, 3.2.9.
var tpmVendor, tpmRelease = regexp.MustCompile(`^id:[0-9A-Fa-f]{8}$`), regexp.MustCompile(`^id:.`)

// namesTPM reports whether the leaf's alternative name tells manufacturer, model and
// version. Which manufacturers there are is no matter of form: trust in one is decided by
// the chain in step 20, and a list would have to be kept up to date.
func (st *statement) namesTPM() bool {
	var names []asn1.RawValue
	if !st.extension(alternativeName, &names) {
		return false
	}
	var manufacturer, model, version string
	for _, n := range names {
		if n.Class != asn1.ClassContextSpecific || n.Tag != directoryName {
			continue
		}
		var sets pkix.RDNSequence
		if rest, err := asn1.Unmarshal(n.Bytes, &sets); err != nil || len(rest) != 0 {
			return false
		}
		for _, a := range slices.Concat(sets...) {
			text, _ := a.Value.(string)
			switch {
			case a.Type.Equal(tpmManufacturer):
				manufacturer = text
			case a.Type.Equal(tpmModel):
				model = text
			case a.Type.Equal(tpmVersion):
				version = text
			}
		}
	}
	return tpmVendor.MatchString(manufacturer) && model != "" && tpmRelease.MatchString(version)
}

// directoryName is the tag of a name among the alternatives.
const directoryName = 4
