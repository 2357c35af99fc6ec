// Package mask hides addresses in device authentications as PingOne shows them
// (reference pingone-mfa-api 3.4).
package mask

import (
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
)

// Email keeps the first character and the domain: "j****@pingidentity.com".
func Email(s string) string {
	local, domain, ok := strings.Cut(s, "@")
	if i := strings.LastIndexByte(s, '@'); ok {
		local, domain = s[:i], s[i+1:]
	}
	for _, r := range local {
		return string(r) + "****@" + domain
	}
	return "****@" + domain
}

// Phone keeps the last two digits: "*******44".
func Phone(s string) string {
	digits := address.Digits(s)
	if len(digits) <= 2 {
		return strings.Repeat("*", 7)
	}
	return strings.Repeat("*", 7) + digits[len(digits)-2:]
}
