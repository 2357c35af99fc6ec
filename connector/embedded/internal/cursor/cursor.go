// Package cursor makes the opaque tokens with which a list goes on. A token is sealed:
// it can be neither read nor made, and is good only for the list that gave it.
package cursor

import (
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"net/http"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/wire"
)

// Sealer seals places.
type Sealer struct{ aead cipher.AEAD }

// New takes a key of 32 bytes.
func New(key []byte) (Sealer, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return Sealer{}, fmt.Errorf("cursor key: %w", err)
	}
	return Sealer{aead}, nil
}

// Seal makes the token of a place in a list. The list is named with all that selects its
// members: a token does not go with another filter.
func (s Sealer) Seal(c *rest.Call, list, place string) string {
	nonce := c.Tx.Random(s.aead.NonceSize())
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(place), bound(c, list)))
}

// Open reads the query's cursor; "" when there is none. One that Seal did not make for
// this list is refused.
func (s Sealer) Open(c *rest.Call, list string) (place string, err error) {
	token := c.Query.Get("cursor")
	if token == "" {
		return "", nil
	}
	b, err := wire.DecodeBase64URL(token)
	if err == nil && len(b) >= s.aead.NonceSize() {
		n := s.aead.NonceSize()
		if b, err = s.aead.Open(nil, b[:n], b[n:], bound(c, list)); err == nil {
			return string(b), nil
		}
	}
	return "", rest.Plain(http.StatusBadRequest, rest.InvalidRequest, "The request could not be completed. The cursor is not one of ours.")
}

func bound(c *rest.Call, list string) []byte { return []byte(c.Env + "\n" + list) }
