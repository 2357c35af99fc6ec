package password

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// The character sets of PingOne's minCharacters. Public flows look for these texts in
// refusals, so they are spelled as PingOne spells them.
const (
	Upper   = "ZYXWVUTSRQPONMLKJIHGFEDCBA"
	Lower   = "abcdefghijklmnopqrstuvwxyz"
	Digits  = "0123456789"
	Symbols = "~!@#$%^&*()-_=+[]{}|;:,.<>/?"
)

// Policy is a password policy (reference pingone-platform-api 3.6).
type Policy struct {
	MinLength     int            // characters
	MaxLength     int            // characters
	MinCharacters map[string]int // character set → how many at least
	MinUnique     int            // different characters; 0 is off
	MaxRepeated   int            // times that a character may stand in a row; 0 is off
	FailureCount  int            // wrong passwords until the lock
	LockDuration  time.Duration
}

// DefaultPolicy asks for 8 to 255 characters, 5 different ones, none 3 times in a row,
// nothing that is guessed first or made of the user's profile, and no character classes, as
// NIST SP 800-63B advises. The figures are those of PingOne's Standard; its lock is
// PingOne's Basic: 8 wrong passwords, 15 minutes.
func DefaultPolicy() Policy {
	return Policy{MinLength: 8, MaxLength: 255, MinUnique: 5, MaxRepeated: 2, FailureCount: 8, LockDuration: 15 * time.Minute}
}

// Check returns nil or the refusal of a new password that target names. current says
// that it is the password in use; profile are the texts that say who the user is.
func (p Policy) Check(target, value string, current bool, profile []string) *rest.Problem {
	broken := map[string]string{}
	switch n := utf8.RuneCountInString(value); {
	case n < p.MinLength:
		broken["length"] = fmt.Sprintf("The provided password did not meet the minimum required length of %d characters", p.MinLength)
	case n > p.MaxLength:
		broken["length"] = fmt.Sprintf("The provided password exceeded the maximum allowed length of %d characters", p.MaxLength)
	}
	if text := p.missing(value); text != "" {
		broken["minCharacters"] = text
	}
	if n := countUnique(value); n < p.MinUnique {
		broken["minUniqueCharacters"] = fmt.Sprintf("The provided password has %d different characters, of which there must be at least %d", n, p.MinUnique)
	}
	if p.MaxRepeated > 0 && longestRun(value) > p.MaxRepeated {
		broken["maxRepeatedCharacters"] = fmt.Sprintf("The provided password has a character more than %d times in a row", p.MaxRepeated)
	}
	if isGuessedFirst(value, p.MinLength) {
		broken["excludesCommonlyUsed"] = "The provided password is among the most commonly used passwords"
	}
	if isOfProfile(value, profile, p.MinLength) {
		broken["excludesProfileData"] = "The provided password is made of what the user's profile says"
	}
	if current {
		broken["history"] = "The provided password is the current password"
	}
	if len(broken) == 0 {
		return nil
	}
	problem := rest.Invalid(target, "User password did not satisfy password policy requirements").
		With("unsatisfiedRequirements", slices.Sorted(maps.Keys(broken)))
	for rule, text := range broken {
		problem.With(rule, text)
	}
	return problem
}

// missing names the character sets of which the password has too few.
func (p Policy) missing(value string) string {
	var sets []string
	for set, least := range p.MinCharacters {
		n := 0
		for _, r := range value {
			if strings.ContainsRune(set, r) {
				n++
			}
		}
		if n < least {
			sets = append(sets, fmt.Sprintf("at least %d of '%s'", least, set))
		}
	}
	if len(sets) == 0 {
		return ""
	}
	slices.Sort(sets)
	return "The provided password did not contain enough characters of these sets: " + strings.Join(sets, ", ")
}

// countUnique counts the different characters of a text.
func countUnique(text string) int {
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	return len(seen)
}

// longestRun is how often a character stands in a row at most.
func longestRun(text string) (most int) {
	n, last := 0, rune(-1)
	for _, r := range text {
		if r != last {
			n, last = 0, r
		}
		n++
		most = max(most, n)
	}
	return most
}
