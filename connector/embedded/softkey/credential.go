package softkey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"io"
	"math/big"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// credential is a key pair for one user of one RP.
type credential struct {
	id           []byte
	rpID         string
	user         []byte
	alg          int64
	key          crypto.Signer
	count        uint32
	discoverable bool
}

// algorithm is how to sign with a COSE algorithm.
type algorithm struct {
	curve elliptic.Curve // nil: RSA, or Ed25519 where hash is 0
	crv   int
	hash  crypto.Hash
	pss   bool
}

var algorithms = map[int64]algorithm{
	-7:   {curve: elliptic.P256(), crv: 1, hash: crypto.SHA256},
	-8:   {crv: 6},
	-35:  {curve: elliptic.P384(), crv: 2, hash: crypto.SHA384},
	-36:  {curve: elliptic.P521(), crv: 3, hash: crypto.SHA512},
	-37:  {hash: crypto.SHA256, pss: true},
	-38:  {hash: crypto.SHA384, pss: true},
	-39:  {hash: crypto.SHA512, pss: true},
	-257: {hash: crypto.SHA256},
	-258: {hash: crypto.SHA384},
	-259: {hash: crypto.SHA512},
}

// generate makes a key. All but RSA keys follow from what random gives.
func (a algorithm) generate(random io.Reader) (crypto.Signer, error) {
	if a.curve == nil && a.hash != 0 {
		return rsa.GenerateKey(random, 2048)
	}
	if a.curve == nil {
		seed := make([]byte, ed25519.SeedSize)
		if _, err := io.ReadFull(random, seed); err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		return ed25519.NewKeyFromSeed(seed), nil
	}
	return generateEC(a.curve, random)
}

// generateEC draws until the number is below the order of the curve.
func generateEC(curve elliptic.Curve, random io.Reader) (crypto.Signer, error) {
	bits := curve.Params().BitSize
	scalar := make([]byte, (bits+7)/8)
	for {
		if _, err := io.ReadFull(random, scalar); err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		scalar[0] &= 0xff >> (len(scalar)*8 - bits)
		if n := new(big.Int).SetBytes(scalar); n.Sign() == 0 || n.Cmp(curve.Params().N) >= 0 {
			continue
		}
		return ecdsa.ParseRawPrivateKey(curve, scalar)
	}
}

// sign signs as WebAuthn wants it.
func (a algorithm) sign(key crypto.Signer, random io.Reader, data []byte) ([]byte, error) {
	if a.hash == 0 {
		return key.Sign(nil, data, crypto.Hash(0))
	}
	h := a.hash.New()
	h.Write(data)
	if a.pss {
		return key.Sign(random, h.Sum(nil), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.hash})
	}
	return key.Sign(nil, h.Sum(nil), a.hash)
}

// public is the COSE form of the public key.
func (c credential) public() ([]byte, error) {
	a := algorithms[c.alg]
	m := map[int]any{3: c.alg}
	switch k := c.key.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes() // 4, x, y
		if err != nil {
			return nil, err
		}
		size := (len(point) - 1) / 2
		m[1], m[-1], m[-2], m[-3] = 2, a.crv, point[1:1+size], point[1+size:]
	case ed25519.PublicKey:
		m[1], m[-1], m[-2] = 1, a.crv, []byte(k)
	case *rsa.PublicKey:
		m[1], m[-1], m[-2] = 3, k.N.Bytes(), big.NewInt(int64(k.E)).Bytes()
	}
	return webauthncbor.Marshal(m)
}
