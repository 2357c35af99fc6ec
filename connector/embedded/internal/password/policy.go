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
	FailureCount  int            // wrong passwords until the lock
	LockDuration  time.Duration
}

// DefaultPolicy asks for 8 to 255 characters, none of the most used passwords, and no
// character classes, as NIST SP 800-63B advises; its lock is PingOne's Basic: 8 wrong
// passwords, 15 minutes.
func DefaultPolicy() Policy {
	return Policy{MinLength: 8, MaxLength: 255, FailureCount: 8, LockDuration: 15 * time.Minute}
}

// Check returns nil or the refusal of a new password that target names. current says
// that it is the password in use.
func (p Policy) Check(target, value string, current bool) *rest.Problem {
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
	if slices.Contains(common, strings.ToLower(value)) {
		broken["excludesCommonlyUsed"] = "The provided password is among the most commonly used passwords"
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

// common are the most used passwords that are long enough for the length rule.
var common = strings.Fields(`
	password password1 password12 password123 passw0rd p@ssw0rd p@ssword 12345678 123456789
	1234567890 0123456789 87654321 987654321 qwertyui qwertyuiop qwerty123 qwerty12 1q2w3e4r
	1q2w3e4r5t 1qaz2wsx q1w2e3r4 zaq12wsx asdfghjk asdfghjkl abcd1234 abc12345 a1b2c3d4 11111111
	111111111 00000000 000000000 22222222 88888888 99999999 12341234 11223344 12344321 123123123
	147258369 789456123 iloveyou iloveyou1 sunshine princess football baseball superman batman12
	trustno1 welcome1 welcome123 letmein1 letmein123 michelle jennifer jonathan computer internet
	whatever starwars dragon123 monkey123 master123 shadow123 admin123 administrator changeme
	changeme1 default1 summer2024 summer2025 winter2024 winter2025 google123 liverpool charlie1`)
