package passkey

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

var (
	appleNonce      = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}
	androidKeystore = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}
)

// verifyApple verifies Apple's anonymous attestation (§8.8): the certificate is made for
// this one credential and holds the hash of what would be signed.
func (st *statement) verifyApple(hash []byte) error {
	var held struct {
		Nonce []byte `asn1:"tag:1,explicit"`
	}
	nonce := sha256.Sum256(slices.Concat(st.auth.raw, hash))
	switch {
	case !st.certifies():
		return registration.refuse(19, "the certificate is not of the credential's key")
	case !st.extension(appleNonce, &held) || string(held.Nonce) != string(nonce[:]):
		return registration.refuse(19, "the certificate holds another nonce")
	}
	st.kind = "anonca"
	return nil
}

// keyDescription is Android's key attestation extension. Which security levels its roots
// vouch for is a matter of trust, not read here.
type keyDescription struct {
	Version, Level                asn1.RawValue
	KeymasterVersion, Keymaster   asn1.RawValue
	Challenge, UniqueID           []byte
	SoftwareEnforced, TEEEnforced asn1.RawValue
}

// Tags of Android's authorization lists, and the values that §8.4 asks for.
const (
	tagPurpose, purposeSign    = 1, 2
	tagAllApplications         = 600
	tagOrigin, originGenerated = 702, 0
)

// verifyAndroid verifies Android key attestation (§8.4). Where only known authenticators
// may be used, keys in software are refused: what the trusted execution environment does
// not enforce says nothing then.
func (st *statement) verifyAndroid(rules Rules, hash []byte) error {
	alg, _ := st.fields["alg"].(int64)
	signature, _ := st.fields["sig"].([]byte)
	key, _ := algorithmOf(st.auth.key)
	var d keyDescription
	switch {
	case !st.certifies() || alg != key:
		return registration.refuse(19, "the certificate is not of the credential's key")
	case st.chain[0].CheckSignature(signatureOf(alg), slices.Concat(st.auth.raw, hash), signature) != nil:
		return registration.refuse(19, "the android-key statement does not verify")
	case !st.extension(androidKeystore, &d) || string(d.Challenge) != string(hash):
		return registration.refuse(19, "the certificate holds another challenge")
	}
	software, ok := authorizations(d.SoftwareEnforced)
	trusted, fine := authorizations(d.TEEEnforced)
	_, sharedA := software[tagAllApplications]
	_, sharedB := trusted[tagAllApplications]
	if !ok || !fine || sharedA || sharedB {
		return registration.refuse(19, "the key is not one application's alone")
	}
	counts := []map[int][]byte{trusted}
	if !rules.restricted() {
		counts = append(counts, software)
	}
	if !enforced(counts, tagOrigin, generated) || !enforced(counts, tagPurpose, signs) {
		return registration.refuse(19, "the key was not generated where it is, for signing alone")
	}
	st.kind = "basic_full"
	return nil
}

// enforced reports whether a tag is in a list and, in whichever it is, has the right value.
func enforced(lists []map[int][]byte, tag int, right func(raw []byte) bool) (found bool) {
	for _, list := range lists {
		if raw, ok := list[tag]; ok {
			if !right(raw) {
				return false
			}
			found = true
		}
	}
	return found
}

// signatureOf is the X.509 name of a COSE algorithm.
func signatureOf(alg int64) x509.SignatureAlgorithm {
	return webauthncose.SigAlgFromCOSEAlg(webauthncose.COSEAlgorithmIdentifier(alg))
}

// authorizations reads an authorization list: tag → what is inside its explicit tag.
func authorizations(list asn1.RawValue) (map[int][]byte, bool) {
	if list.Class != asn1.ClassUniversal || list.Tag != asn1.TagSequence {
		return nil, false
	}
	out := map[int][]byte{}
	for rest := list.Bytes; len(rest) > 0; {
		var one asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &one); err != nil || one.Class != asn1.ClassContextSpecific {
			return nil, false
		}
		if _, twice := out[one.Tag]; twice {
			return nil, false
		}
		out[one.Tag] = one.Bytes
	}
	return out, true
}

func generated(raw []byte) bool {
	var origin int
	rest, err := asn1.Unmarshal(raw, &origin)
	return err == nil && len(rest) == 0 && origin == originGenerated
}

func signs(raw []byte) bool {
	var purposes []int
	rest, err := asn1.UnmarshalWithParams(raw, &purposes, "set")
	return err == nil && len(rest) == 0 && slices.Equal(purposes, []int{purposeSign})
}

// extension decodes an extension of the leaf, whole.
func (st *statement) extension(id asn1.ObjectIdentifier, to any) bool {
	for _, e := range st.chain[0].Extensions {
		if e.Id.Equal(id) {
			rest, err := asn1.Unmarshal(e.Value, to)
			return err == nil && len(rest) == 0
		}
	}
	return false
}

// certifies reports whether the leaf is a certificate of the credential's key.
func (st *statement) certifies() bool {
	if len(st.chain) == 0 {
		return false
	}
	certified, ok := st.chain[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	key := standard(st.auth.key)
	return ok && key != nil && certified.Equal(key)
}

// standard is a COSE key as the standard library has it; nil if it has none.
func standard(raw []byte) crypto.PublicKey {
	key, _ := parseKey(raw)
	switch k := key.(type) {
	case webauthncose.EC2PublicKeyData:
		if public, err := k.ToECDSA(); err == nil {
			return public
		}
	case webauthncose.RSAPublicKeyData:
		if e, err := webauthncose.ParseRSAPublicKeyDataExponent(&k); err == nil {
			return &rsa.PublicKey{N: new(big.Int).SetBytes(k.Modulus), E: e}
		}
	}
	return nil
}
