package address

import (
	"regexp"
	"strings"
)

// phone is a plus sign and digits, with one blank, dot or hyphen between groups and
// brackets around one: "+15125551234", "+1.512.555.1234", "+1 (512) 555-1234".
var phone = regexp.MustCompile(`^\+([1-9][0-9]*)(?:[ .-]?(?:[0-9]+|\([0-9]+\)))*$`)

// Limits of a phone number's parts, in digits (PingOne's device model).
const (
	maxCountry           = 3
	minNumber, maxNumber = 4, 14
)

// ValidPhone reports whether s is a phone number as PingOne takes it: a leading plus
// sign, a country code of 1 to 3 digits and a number of 4 to 14. Where the country code
// ends is known only if something separates it. Whether the number is assigned, or
// costs extra, only the carrier knows.
func ValidPhone(s string) bool {
	m := phone.FindStringSubmatch(s)
	if len(s) > 40 || m == nil {
		return false
	}
	all, country := len(Digits(s)), len(m[1])
	if country > maxCountry {
		return all >= 1+minNumber && all <= maxCountry+maxNumber
	}
	return all-country >= minNumber && all-country <= maxNumber
}

// Digits is a phone number without its punctuation: all spellings of a number have the
// same digits.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// extension is what follows a number on a switchboard: digits, "#", "*", and a comma
// between nested ones.
var extension = regexp.MustCompile(`^[0-9#*,]{1,32}$`)

// ValidExtension reports whether s can be dialled after a phone number.
func ValidExtension(s string) bool { return extension.MatchString(s) }
