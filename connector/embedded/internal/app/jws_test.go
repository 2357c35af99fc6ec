package app

import "testing"

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
