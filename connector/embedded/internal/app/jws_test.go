package app

import (
	"crypto/ed25519"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

// A token of 4096 bytes is read, and none that is longer.
func TestTokensAreReadUpToTheirLimit(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	longest := 0
	for kid := range 4 { // with every remainder of base64
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: key, KeyID: "device" + strings.Repeat("x", kid)}},
			(&jose.SignerOptions{}).WithType(proofType))
		if err != nil {
			t.Fatal(err)
		}
		for size := 2800; size < 3000; size++ {
			jws, err := signer.Sign(make([]byte, size))
			if err != nil {
				t.Fatal(err)
			}
			token, err := jws.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parse(token, proofType); (err == nil) != (len(token) <= maxToken) {
				t.Errorf("a token of %d bytes: %v", len(token), err)
			}
			if len(token) <= maxToken {
				longest = max(longest, len(token))
			}
		}
	}
	if longest != maxToken {
		t.Errorf("the longest token tried has %d bytes, want %d", longest, maxToken)
	}
}

// No text makes the reader of tokens panic, and none without a signature passes it.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "..", "a.b.c", "eyJhbGciOiJub25lIn0..", "eyJhbGciOiJFUzI1NiIsInR5cCI6Im1mYWZsb3ctcHJvb2YiLCJraWQiOiJ4In0.e30.AA",
		"eyJhbGciOiJFUzI1NiIsImNyaXQiOlsiYjY0Il0sImI2NCI6ZmFsc2V9.e30.AA", `{"payload":"e30"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tok, err := parse(s, proofType)
		if err != nil {
			return
		}
		if alg := tok.header.Algorithm; alg != "ES256" && alg != "EdDSA" {
			t.Errorf("%q passes with algorithm %q", s, alg)
		}
		if key := tok.header.JSONWebKey; key != nil && !key.IsPublic() {
			t.Errorf("%q passes with a private key", s)
		}
	})
}
