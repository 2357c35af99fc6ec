package main

import (
	"bytes"
	"math"
	"slices"
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
var knownWords = []string{"password", "passwort", "passwd", "пароль", "changeme", "change", "replace", "insert", "secret", "token", "webhook", "management", "manager", "worker",
	"mfaflow", "pingone", "default", "admin", "example", "sample", "letmein", "iloveyou", "please", "welcome", "insecure", "qwerty", "asdf", "test", "todo", "demo",
	"your", "here", "super"}

// keyRows are keys in the order in which somebody goes over a keyboard.
var keyRows = []string{"1234567890", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.",
	"qazwsxedcrfvtgbyhnujm", "!qaz@wsx#edc$rfv%tgb^yhn"}

// readSigns reads the letters that digits and signs stand for, a character by a character.
var readSigns = strings.NewReplacer("0", "o", "1", "l", "!", "i", "3", "e", "4", "a", "@", "a", "5", "s", "$", "s", "7", "t")

// countGuessBits estimates how much of a text is not to be foreseen: each character by the
// alphabets that the text uses, but those of known words, and such as repeat the last one,
// lie beside it or follow it a second time, by nothing.
func countGuessBits(text string) (bits float64) {
	left := dropKnownWords(text)
	each := math.Log2(alphabetOf(string(left)))
	seen := map[[2]rune]bool{}
	for i := range left {
		if i == 0 {
			bits += each
			continue
		}
		pair := [2]rune{left[i-1], left[i]}
		if !seen[pair] && !isNextTo(pair[0], pair[1]) {
			bits += each
		}
		seen[pair] = true
	}
	return bits
}

// dropKnownWords leaves out the known words of a text, in whatever case, also where digits
// and signs stand for letters.
func dropKnownWords(text string) []rune {
	left := []rune(text)
	for _, read := range []func(string) string{func(s string) string { return s }, readSigns.Replace} {
		for _, w := range knownWords {
			word := []rune(w)
			lower := []rune(read(strings.Map(unicode.ToLower, string(left))))
			for i := 0; i+len(word) <= len(lower); {
				if !slices.Equal(lower[i:i+len(word)], word) {
					i++
					continue
				}
				lower, left = slices.Delete(lower, i, i+len(word)), slices.Delete(left, i, i+len(word))
				i = max(0, i-len(word)) // what is around it may make one now
			}
		}
	}
	return left
}

// isNextTo reports whether two characters are one, or follow each other in the alphabet or
// on the keyboard.
func isNextTo(a, b rune) bool {
	if a-b >= -1 && a-b <= 1 {
		return true
	}
	there, back := strings.ToLower(string([]rune{a, b})), strings.ToLower(string([]rune{b, a}))
	return slices.ContainsFunc(keyRows, func(row string) bool { return strings.Contains(row, there) || strings.Contains(row, back) })
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
