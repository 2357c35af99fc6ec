package password

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isOfProfile reports whether a password is too short once the words of the user's profile
// are taken out of it, also where digits stand for letters.
func isOfProfile(value string, profile []string, minLength int) bool {
	words := profileWords(profile)
	lower := strings.ToLower(value)
	for _, text := range []string{lower, readLeet.Replace(lower), readLeetL.Replace(lower)} {
		rest := text
		for _, w := range words {
			rest = strings.ReplaceAll(rest, w, "")
		}
		if rest != text && utf8.RuneCountInString(rest) < minLength {
			return true
		}
	}
	return false
}

// minWord is how long a word of a profile must be to count: two letters are in everything.
const minWord = 3

// profileWords are the texts of a profile and their parts in lower case, the longest first.
func profileWords(profile []string) (words []string) {
	for _, text := range profile {
		text = strings.ToLower(text)
		parts := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, w := range append(parts, text, strings.Join(parts, "")) {
			if utf8.RuneCountInString(w) >= minWord {
				words = append(words, w)
			}
		}
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(words)
}
