package phone

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	jose "github.com/go-jose/go-jose/v4"
)

// proofHeader carries the proof of a call.
const proofHeader = "Mfaflow-Proof"

// proof is what a call is signed with.
type proof struct {
	Method string `json:"htm"`
	Target string `json:"htu"`
	Issued int64  `json:"iat"`
	Seq    int64  `json:"seq"`
	Body   string `json:"bod"`
}

// newKey makes a private key.
func (p *Phone) newKey() (*jose.JSONWebKey, error) {
	if p.opts.Key == Ed25519 {
		_, private, err := ed25519.GenerateKey(p.opts.Rand)
		return &jose.JSONWebKey{Key: private, Algorithm: string(jose.EdDSA)}, err
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), p.opts.Rand)
	return &jose.JSONWebKey{Key: private, Algorithm: string(jose.ES256)}, err
}

// next draws the number of the next call: milliseconds of the clock, but always more than
// the last one.
func (p *Phone) next() (int64, state) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.s.Seq = max(p.s.Seq+1, p.now(p.s).UnixMilli())
	return p.s.Seq, p.s
}

// prove signs a call.
func (p *Phone) prove(key *jose.JSONWebKey, method, target string, body []byte) (string, error) {
	seq, s := p.next()
	sum := sha256.Sum256(body)
	return sign(s, key, "mfaflow-proof", proof{Method: method, Target: target, Issued: p.now(s).Unix(), Seq: seq,
		Body: base64.RawURLEncoding.EncodeToString(sum[:])})
}

// sign makes a compact JWS. Its header names the device, or, before there is one, brings
// the public key.
func sign(s state, key *jose.JSONWebKey, typ string, claims any) (string, error) {
	o := &jose.SignerOptions{EmbedJWK: s.Device == ""}
	signing := *key
	signing.KeyID = s.Device
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: signing},
		o.WithType(jose.ContentType(typ)))
	if err != nil {
		return "", fmt.Errorf("sign as the phone: %w", err)
	}
	b, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode what the phone signs: %w", err)
	}
	jws, err := signer.Sign(b)
	if err != nil {
		return "", fmt.Errorf("sign as the phone: %w", err)
	}
	return jws.CompactSerialize()
}

// Payload is the mobilePayload with which a sign-on page says that it is on this phone.
func (p *Phone) Payload() (string, error) {
	seq, s := p.next()
	if s.Device == "" {
		return "", ErrUnpaired
	}
	return sign(s, s.Key, "mobile-payload", map[string]any{"sub": s.Device, "aud": s.Environment, "app": s.Application,
		"iat": p.now(s).Unix(), "seq": seq})
}
