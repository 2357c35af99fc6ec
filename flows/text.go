package flows

import "strings"

// LibraryMessage returns one text of the library: in the locale, else its language, else
// English. It is what LibraryText(locale)[key] is, without a copy of all of them.
func LibraryMessage(locale, key string) (string, bool) {
	text := readLibrary().text
	language, _, _ := strings.Cut(locale, "-")
	for _, l := range []string{locale, language, "en"} {
		if t, ok := text[l]; ok {
			s, found := t[key]
			return s, found
		}
	}
	return "", false
}
