// Package address says which e-mail addresses are addresses, and when two texts name
// the same account.
package address

import (
	"net/mail"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold makes user names and addresses comparable: Unicode compatibility form, case
// folded, blanks at the ends dropped. All spellings of a name are one account, with one
// counter.
func Fold(s string) string {
	return strings.TrimSpace(norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s))))
}

// ValidEmail reports whether s is a bare address of at most 256 bytes: no display name,
// no line break, a domain. Such a thing can stand in a mail header.
func ValidEmail(s string) bool {
	if len(s) > 256 || strings.ContainsAny(s, "\r\n\x00 <>") {
		return false
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return false
	}
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at+1 < len(s) && s[at+1] != '['
}
