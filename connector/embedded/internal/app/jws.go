package app

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"
	"fmt"
	"strings"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/wire"
)

// maxToken is the longest token that is looked at, in bytes, and maxDepth how deep its JSON
// may be nested.
const (
	maxToken = 4096
	maxDepth = 8
)

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
		if _, err := wire.DecodeBase64URL(part); err != nil {
			return token{}, fmt.Errorf("read the token: %w", err)
		}
	}
	if err := checkHeader(s); err != nil {
		return token{}, err
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

// checkHeader refuses a header in which a member is there twice: the two that read it here
// might take different ones.
func checkHeader(s string) error {
	header, _, _ := strings.Cut(s, ".")
	b, err := wire.DecodeBase64URL(header)
	if err != nil {
		return fmt.Errorf("read the token's header: %w", err)
	}
	if err := wire.CheckJSON(b, maxDepth); err != nil {
		return fmt.Errorf("read the token's header: %w", err)
	}
	return nil
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
	if err := wire.CheckJSON(payload, maxDepth); err != nil {
		return fmt.Errorf("read the token: %w", err)
	}
	if err := rest.DecodeExact(payload, v); err != nil {
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
