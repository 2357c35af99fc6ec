package app

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	jose "github.com/go-jose/go-jose/v4"
)

// maxToken is the longest token that is looked at, in bytes.
const maxToken = 4096

// algorithms are those that apps may sign with.
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA}

// token is a compact JWS that has not been verified.
type token struct {
	jws    *jose.JSONWebSignature
	header jose.Header
}

// parse reads a token of a type. Its header has that type, the algorithm, and either the
// key or the id of a device; anything more is refused, known or not.
func parse(s, typ string) (token, error) {
	if len(s) > maxToken {
		return token{}, errors.New("the token is too long")
	}
	for part := range strings.SplitSeq(s, ".") {
		b, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || base64.RawURLEncoding.EncodeToString(b) != part {
			return token{}, errors.New("the token is not canonical base64url")
		}
	}
	jws, err := jose.ParseSignedCompact(s, algorithms)
	if err != nil {
		return token{}, fmt.Errorf("parse the token: %w", err)
	}
	h := jws.Signatures[0].Protected
	if (h.KeyID == "") == (h.JSONWebKey == nil) || h.Nonce != "" || len(h.ExtraHeaders) != 1 || h.ExtraHeaders[jose.HeaderType] != typ {
		return token{}, errors.New("the token's header has not the members that it must have")
	}
	return token{jws, h}, nil
}

// claims verifies the token and reads what it says.
func (t token) claims(key *jose.JSONWebKey, v any) error {
	if err := acceptable(key, t.header.Algorithm); err != nil {
		return err
	}
	payload, err := t.jws.Verify(key.Key)
	if err != nil {
		return fmt.Errorf("verify the token: %w", err)
	}
	if err := json.Unmarshal(payload, v); err != nil {
		return fmt.Errorf("read the token: %w", err)
	}
	return nil
}

// acceptable refuses keys other than those of P-256 and Ed25519, and an algorithm that is
// not the key's.
func acceptable(key *jose.JSONWebKey, algorithm string) error {
	switch k := key.Key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() && algorithm == string(jose.ES256) {
			return nil
		}
	case ed25519.PublicKey:
		if algorithm == string(jose.EdDSA) {
			return nil
		}
	}
	return errors.New("the key is neither of P-256 nor of Ed25519, or not for the algorithm")
}
