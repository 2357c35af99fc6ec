package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/net/idna"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/address"
)

// foldTarget makes the spellings of one address or number equal. Two users' texts that are
// equal here may still be two mailboxes; see foldMailbox.
func foldTarget(channel, to string) string {
	if channel != Email {
		number, _, _ := strings.Cut(to, ",") // an extension rings the same number
		return address.Digits(strings.ReplaceAll(number, "(0)", ""))
	}
	at := strings.LastIndexByte(to, '@')
	local, domain := to[:max(at, 0)], to[at+1:]
	if ascii, err := idna.Lookup.ToASCII(address.Fold(domain)); err == nil {
		domain = ascii
	}
	return address.Fold(local + "@" + domain)
}

// foldMailbox is foldTarget for counting: what most providers deliver to one mailbox is
// one, so that nobody fills it under a thousand names. RFC 5233 calls what follows the
// plus sign a detail; Google ignores dots.
func foldMailbox(channel, to string) string {
	name := foldTarget(channel, to)
	local, domain, mail := strings.Cut(name, "@")
	if !mail {
		return name
	}
	if base, _, tagged := strings.Cut(local, "+"); tagged && base != "" {
		local = base
	}
	if domain == "gmail.com" || domain == "googlemail.com" {
		local, domain = strings.ReplaceAll(local, ".", ""), "gmail.com"
	}
	return local + "@" + domain
}

// hide names a thing by its HMAC: keys hold no personal data.
func (q Quota) hide(kind, name string) string {
	m := hmac.New(sha256.New, q.Key)
	fmt.Fprintf(m, "%s %s", kind, name)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
