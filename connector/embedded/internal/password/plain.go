package password

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// readPlain reads a text as a guesser does: case, accents, full-width and other compatibility
// forms, characters that nobody sees, and letters that look like Latin ones make no new text
// (NIST SP 800-63B section 5.1.1.2 compares in a normal form).
func readPlain(text string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(text))
	return readLookalikes.Replace(plain)
}

// readLookalikes reads Cyrillic and Greek letters as the Latin ones that they look like.
var readLookalikes = strings.NewReplacer(
	"а", "a", "в", "b", "е", "e", "к", "k", "м", "m", "н", "h", "о", "o", "р", "p", "с", "c", "т", "t", "у", "y", "х", "x",
	"ѕ", "s", "і", "i", "ј", "j", "ԁ", "d", "ԛ", "q", "ԝ", "w", "ґ", "r", "ո", "n",
	"α", "a", "ε", "e", "ι", "i", "κ", "k", "ν", "v", "ο", "o", "ρ", "p", "τ", "t", "υ", "u", "χ", "x",
)

// keepWord leaves out what stands between letters and digits: "p.a.s.s word" is a word too.
func keepWord(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}
