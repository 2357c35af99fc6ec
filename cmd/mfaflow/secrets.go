package main

import (
	"bytes"
	"math"
	"strings"
	"unicode"
)

// What a secret of the configuration must be: whoever may guess without being seen, at
// their own machine or over many days, must not find it.
const (
	minSecret     = 16 // bytes
	minSecretBits = 48 // of what a guesser has to find out, by countGuessBits
	minKeyBytes   = 10 // different ones of the master key; of 32 random ones 22 are never reached from below
)

// makeSecret says how to make one.
const makeSecret = "make one with: openssl rand -base64 32"

// checkSecret refuses a secret that is short, or long only to look at. It does not repeat
// it.
func checkSecret(setting, value string) error {
	switch {
	case len(value) < minSecret:
		return usagef("%s is too short, it must have %d characters at least; %s", setting, minSecret, makeSecret)
	case strings.TrimSpace(value) != value || strings.ContainsFunc(value, unicode.IsControl):
		return usagef("%s begins or ends with a blank, or holds a control character; %s", setting, makeSecret)
	case countGuessBits(value) < minSecretBits:
		return usagef("%s is easy to guess: words that many use, repetitions and rows count for nothing; %s", setting, makeSecret)
	}
	return nil
}

// knownWords are what secrets are called where somebody has not made one yet.
var knownWords = []string{"password", "passwort", "passw0rd", "changeme", "change-me", "change_me", "secret", "s3cr3t", "token", "default", "admin", "example",
	"letmein", "insecure", "qwerty", "asdf", "test", "todo"}

// countGuessBits estimates how much of a text is not to be foreseen: each character by the
// alphabets that the text uses, but those of known words, and such as repeat the last one,
// lie beside it or follow it a second time, by nothing.
func countGuessBits(text string) (bits float64) {
	lower := strings.ToLower(text)
	for _, w := range knownWords {
		for at := strings.Index(lower, w); at >= 0; at = strings.Index(lower, w) {
			lower, text = lower[:at]+lower[at+len(w):], text[:at]+text[at+len(w):]
		}
	}
	each := math.Log2(alphabetOf(text))
	seen := map[string]bool{}
	for i := range len(text) {
		if i == 0 {
			bits += each
			continue
		}
		pair := text[i-1 : i+1]
		if step := int(pair[1]) - int(pair[0]); !seen[pair] && (step < -1 || step > 1) {
			bits += each
		}
		seen[pair] = true
	}
	return bits
}

// alphabetOf is how many characters there are of the kinds that a text has.
func alphabetOf(text string) (n float64) {
	for _, kind := range []struct {
		chars float64
		has   func(r rune) bool
	}{
		{10, unicode.IsDigit}, {26, unicode.IsLower}, {26, unicode.IsUpper},
		{33, func(r rune) bool { return !unicode.IsDigit(r) && !unicode.IsLower(r) && !unicode.IsUpper(r) }},
	} {
		if strings.ContainsFunc(text, kind.has) {
			n += kind.chars
		}
	}
	return max(n, 1)
}

// isGuessableKey reports whether a master key was not drawn at random: few different bytes,
// or each one step from the last.
func isGuessableKey(key []byte) bool {
	different := map[byte]bool{}
	steps := map[byte]bool{}
	for i, b := range key {
		different[b] = true
		if i > 0 {
			steps[b-key[i-1]] = true
		}
	}
	return len(different) < minKeyBytes || len(steps) == 1
}

// isText reports whether a key was typed rather than drawn: of 32 random bytes some are no
// printable characters.
func isText(key []byte) bool {
	return bytes.IndexFunc(key, func(r rune) bool { return r < 0x20 || r > 0x7E }) < 0
}
