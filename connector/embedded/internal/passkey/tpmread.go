package passkey

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"golang.org/x/crypto/cryptobyte"
)

// Numbers of the TPM 2.0 library, part 2.
const (
	tpmGenerated     = 0xff544347 // TPM_GENERATED_VALUE
	tpmCertify       = 0x8017     // TPM_ST_ATTEST_CERTIFY
	tpmRSA, tpmECC   = 0x0001, 0x0023
	tpmNull          = 0x0010
	tpmExponent      = 65537 // what 0 stands for
	tpmClockFirmware = 17 + 8
)

// tpmHashes are the algorithms that may name a key.
var tpmHashes = map[uint16]func() hash.Hash{0x000b: sha256.New, 0x000c: sha512.New384, 0x000d: sha512.New}

// tpmPublic is the public area of a key, TPMT_PUBLIC.
type tpmPublic struct {
	kind, curve uint16
	exponent    uint32
	n, x, y     cryptobyte.String
	name        []byte // what a TPM calls the key
}

// readTPMPublic reads the public area of a signing key, whole.
func readTPMPublic(raw []byte) (p tpmPublic, ok bool) {
	s := cryptobyte.String(raw)
	var named, symmetric uint16
	var attributes uint32
	var policy cryptobyte.String
	if !s.ReadUint16(&p.kind) || !s.ReadUint16(&named) || !s.ReadUint32(&attributes) || !s.ReadUint16LengthPrefixed(&policy) ||
		!s.ReadUint16(&symmetric) || symmetric != tpmNull || !skipTPMScheme(&s) {
		return p, false
	}
	var bits uint16
	switch p.kind {
	case tpmRSA:
		ok = s.ReadUint16(&bits) && s.ReadUint32(&p.exponent) && s.ReadUint16LengthPrefixed(&p.n)
	case tpmECC:
		ok = s.ReadUint16(&p.curve) && skipTPMScheme(&s) && s.ReadUint16LengthPrefixed(&p.x) && s.ReadUint16LengthPrefixed(&p.y)
	}
	digest := tpmHashes[named]
	if !ok || !s.Empty() || digest == nil {
		return p, false
	}
	h := digest()
	h.Write(raw)
	p.name = h.Sum(binary.BigEndian.AppendUint16(nil, named))
	return p, true
}

// skipTPMScheme reads past the scheme of a key: none, or one with its hash algorithm.
func skipTPMScheme(s *cryptobyte.String) bool {
	var scheme, digest uint16
	return s.ReadUint16(&scheme) && (scheme == tpmNull || s.ReadUint16(&digest))
}

// is reports whether it is the public area of a COSE key. One of another kind has none of
// the key's numbers.
func (p tpmPublic) is(raw []byte) bool {
	key, _ := parseKey(raw)
	switch k := key.(type) {
	case webauthncose.EC2PublicKeyData:
		return p.curve == uint16(k.TPMCurveID()) && bytes.Equal(p.x, k.XCoord) && bytes.Equal(p.y, k.YCoord)
	case webauthncose.RSAPublicKeyData:
		e, err := webauthncose.ParseRSAPublicKeyDataExponent(&k)
		return err == nil && int64(e) == int64(cmp.Or(p.exponent, tpmExponent)) && bytes.Equal(p.n, k.Modulus)
	}
	return false
}

// tpmSaid is what a TPM says of a key that it certifies, TPMS_ATTEST. Who signed, when and
// with which firmware does not matter here.
type tpmSaid struct {
	magic       uint32
	kind        uint16
	extra, name cryptobyte.String
}

// readTPMSaid reads what a TPM has signed, whole.
func readTPMSaid(raw []byte) (a tpmSaid, ok bool) {
	s := cryptobyte.String(raw)
	var signer, qualified cryptobyte.String
	ok = s.ReadUint32(&a.magic) && a.magic == tpmGenerated && s.ReadUint16(&a.kind) && a.kind == tpmCertify &&
		s.ReadUint16LengthPrefixed(&signer) && s.ReadUint16LengthPrefixed(&a.extra) && s.Skip(tpmClockFirmware) &&
		s.ReadUint16LengthPrefixed(&a.name) && s.ReadUint16LengthPrefixed(&qualified) && s.Empty()
	return a, ok
}
