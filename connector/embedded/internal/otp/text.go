package otp

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
)

// letters are 32, so that five bits choose one; 0, O, 1 and I look alike and are not there.
const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// Letters writes a code of letters and digits that people can read aloud: one for each
// byte, of which five bits count.
func Letters(raw []byte) string {
	var b strings.Builder
	for _, x := range raw {
		b.WriteByte(letters[x&31])
	}
	return b.String()
}

// MAC is HMAC-SHA-256 over parts, none of which can take from the next.
func MAC(key []byte, parts ...string) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		fmt.Fprintf(m, "%d:%s", len(p), p)
	}
	return m.Sum(nil)
}
