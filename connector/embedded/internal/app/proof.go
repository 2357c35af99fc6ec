package app

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// Header is the header that carries the proof of a call.
const Header = "Mfaflow-Proof"

// The types of tokens: none is good in the place of the other.
const (
	proofType   = "mfaflow-proof"
	payloadType = "mobile-payload"
)

// skew is how far the clocks of phone and service may be apart, in seconds.
const skew = 5 * 60

// proof binds a signature to one call.
type proof struct {
	Method string `json:"htm"`
	Target string `json:"htu"`
	Body   string `json:"bod"`
	Issued int64  `json:"iat"` // Unix seconds
	Seq    int64  `json:"seq"`
}

// check compares a proof with the call that it came with.
func (p proof) check(c *rest.Call) error {
	sum := sha256.Sum256(c.Body)
	body := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case p.Method != c.Method || p.Target != c.Target:
		return errors.New("the proof is of another call")
	case subtle.ConstantTimeCompare([]byte(p.Body), []byte(body)) != 1:
		return errors.New("the proof is of another body")
	}
	return fresh(p.Issued, p.Seq, c.Tx.Now())
}

// fresh checks what proofs and payloads have in common.
func fresh(issued, seq int64, now time.Time) error {
	if d := now.Unix() - issued; d < -skew || d > skew {
		return errors.New("the token is not of now")
	}
	if seq <= 0 || seq > maxSeq {
		return errors.New("the token's sequence number is out of range")
	}
	return nil
}

// maxSeq is the largest whole number that every JSON reader can hold.
const maxSeq = 1<<53 - 1

// refusal is the one answer to every proof that is not good: why is nobody's business.
func refusal() *rest.Problem {
	p := rest.Plain(http.StatusUnauthorized, rest.AccessFailed, "")
	p.Body.Details = []pingone.Detail{{Code: rest.InvalidToken, Message: "The proof of the app is missing or not valid"}}
	return p
}

// parseProof reads the one proof of a call.
func parseProof(c *rest.Call) (token, error) {
	all := c.Header.Values(Header)
	if len(all) != 1 {
		return token{}, fmt.Errorf("the call has %d proofs", len(all))
	}
	return parse(all[0], proofType)
}

// introduced verifies the proof of a call that brings its key along.
func introduced(c *rest.Call) (*jose.JSONWebKey, proof, error) {
	t, err := parseProof(c)
	if err != nil {
		return nil, proof{}, err
	}
	key := t.header.JSONWebKey
	if key == nil {
		return nil, proof{}, errors.New("the proof has no key")
	}
	var p proof
	if err := t.claims(key, &p); err != nil {
		return nil, proof{}, err
	}
	return key, p, p.check(c)
}
