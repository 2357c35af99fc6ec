package passkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// Where the parts of authenticator data are (WebAuthn §6.1).
const (
	headLength  = 37 // rpIdHash, flags, signCount
	maxIDLength = 1023
)

// authData are authenticator data, read.
type authData struct {
	raw      []byte
	flags    protocol.AuthenticatorFlags
	count    uint32
	attested bool
	aaguid   [16]byte
	id       []byte
	key      []byte // COSE
}

// read takes authenticator data apart. Not a byte may be left over.
func (s steps) read(raw []byte) (*authData, error) {
	if len(raw) < headLength {
		return nil, s.refuse(s.decode, "authenticator data are too short")
	}
	a := &authData{raw: raw, flags: protocol.AuthenticatorFlags(raw[32]), count: binary.BigEndian.Uint32(raw[33:headLength])}
	rest := raw[headLength:]
	if a.flags.HasAttestedCredentialData() {
		var err error
		if rest, err = s.readCredential(a, rest); err != nil {
			return nil, err
		}
	}
	if a.flags.HasExtensions() {
		var outputs map[string]any
		n, err := webauthncbor.UnmarshalFirst(rest, &outputs)
		if err != nil || outputs == nil {
			return nil, s.refuse(s.decode, "extension outputs are not a CBOR map")
		}
		rest = rest[n:]
	}
	if len(rest) != 0 {
		return nil, s.refuse(s.decode, "bytes left over after the authenticator data")
	}
	return a, nil
}

// readCredential reads attested credential data and returns what follows them.
func (s steps) readCredential(a *authData, rest []byte) ([]byte, error) {
	if len(rest) < 18 {
		return nil, s.refuse(s.decode, "attested credential data are too short")
	}
	copy(a.aaguid[:], rest)
	length := int(binary.BigEndian.Uint16(rest[16:18]))
	rest = rest[18:]
	if length > maxIDLength && s.ceremony == registration {
		return nil, s.refuse(22, "the credential id is longer than %d bytes", maxIDLength)
	}
	if len(rest) < length {
		return nil, s.refuse(s.decode, "the credential id is cut off")
	}
	a.attested, a.id, rest = true, rest[:length], rest[length:]
	var key map[any]any
	n, err := webauthncbor.UnmarshalFirst(rest, &key)
	if err != nil || key == nil {
		return nil, s.refuse(s.decode, "the public key is not a CBOR map")
	}
	a.key = rest[:n]
	return rest[n:], nil
}

// check judges the head of authenticator data. verified says whether the person must
// have been verified, not only present.
func (s steps) check(a *authData, rpID string, verified bool) error {
	sum := sha256.Sum256([]byte(rpID))
	switch {
	case !bytes.Equal(a.raw[:32], sum[:]):
		return s.refuse(s.rpID, "made for another RP id")
	case !a.flags.HasUserPresent():
		return s.refuse(s.present, "the user was not present")
	case verified && !a.flags.HasUserVerified():
		return s.refuse(s.uv, "the user was not verified")
	case a.flags.HasBackupState() && !a.flags.HasBackupEligible():
		return s.refuse(s.state, "backed up without being eligible for backup")
	}
	return nil
}
