package password

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isOfProfile reports whether a password is too short once the words of the user's profile
// are taken out of it, also where digits stand for letters, or hardly more than those words
// when only letters and digits count.
func isOfProfile(value string, profile []string, minLength int) bool {
	words := profileWords(profile)
	plain := readPlain(value)
	for _, text := range []string{plain, readLeet.Replace(plain), readLeetL.Replace(plain)} {
		if isMostly(text, words, minLength) || isMostly(keepWord(text), words, minLength/2) {
			return true
		}
	}
	return false
}

// isMostly reports whether a text has some of the words, and less than least characters
// beside them.
func isMostly(text string, words []string, least int) bool {
	rest := text
	for _, w := range words {
		rest = strings.ReplaceAll(rest, w, "")
	}
	return rest != text && utf8.RuneCountInString(rest) < least
}

// minWord is how long a word of a profile must be to count: two letters are in everything.
const minWord = 3

// profileWords are the texts of a profile and their parts as readPlain reads them, the
// longest first. The domain of an e-mail address is many people's and counts with the
// address only.
func profileWords(profile []string) (words []string) {
	for _, text := range profile {
		text = readPlain(text)
		local, _, _ := strings.Cut(text, "@")
		for _, w := range append(splitWords(local), text, local, keepWord(text), keepWord(local)) {
			if utf8.RuneCountInString(w) >= minWord {
				words = append(words, w)
			}
		}
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(words)
}

func splitWords(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
