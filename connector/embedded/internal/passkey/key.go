package passkey

import (
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// A longer RSA key costs more to verify with than an honest authenticator ever asks; a
// shorter one can be factored.
const minModulus, maxModulus, maxExponent = 2048 / 8, 4096 / 8, 4

// algorithmOf reads the algorithm of a COSE key.
func algorithmOf(key []byte) (int64, bool) {
	var head webauthncose.PublicKeyData
	err := webauthncbor.Unmarshal(key, &head)
	return head.Algorithm, err == nil
}

// parseKey reads a COSE key of an algorithm that is offered.
func parseKey(raw []byte) (any, string) {
	alg, ok := algorithmOf(raw)
	if !ok || !slices.Contains(algorithms, alg) {
		return nil, "the key's algorithm was not offered"
	}
	key, err := webauthncose.ParsePublicKey(raw)
	if err != nil {
		return nil, "the key is not one of its algorithm"
	}
	if k, ok := key.(webauthncose.RSAPublicKeyData); ok &&
		(len(k.Modulus) < minModulus || len(k.Modulus) > maxModulus || len(k.Exponent) > maxExponent) {
		return nil, "the RSA key is too short or too long"
	}
	return key, ""
}
