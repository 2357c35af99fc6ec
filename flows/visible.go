package flows

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// EscapeControls makes a text safe to show: characters that a terminal or a page obeys, or
// that nobody sees, are written out: \x1b, \u202e. Those are controls, C1 and bidirectional
// ones included, zero-width and private ones, line separators, and bytes that are no UTF-8.
// Line feed and tab stay. JSON stays the same JSON.
func EscapeControls(s string) string {
	if isVisible(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		b.WriteString(showRune(r, s[i:i+n]))
		i += n
	}
	return b.String()
}

func isVisible(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\n' && s[i] != '\t' || s[i] > '~' {
			return false
		}
	}
	return true
}

// showRune is a character, whose bytes are raw, as EscapeControls writes it.
func showRune(r rune, raw string) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case r == '\n', r == '\t', unicode.IsGraphic(r):
		return raw
	case r < ' ':
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xFFFF:
		high, low := (r-0x10000)>>10, (r-0x10000)&0x3FF
		return fmt.Sprintf(`\u%04x\u%04x`, 0xD800+high, 0xDC00+low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// countCells is how many cells of a line a visible text takes.
func countCells(s string) int {
	n := 0
	for _, r := range s {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r):
		case kind == width.EastAsianWide, kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
