// Package totp is RFC 6238 as authenticator apps speak it: SHA-1, six digits, steps of
// 30 seconds, over RFC 4226.
package totp

import (
	"crypto/hmac"
	"crypto/sha1" // what authenticator apps use; HMAC does not need collision resistance
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// SecretSize is the length of a secret in bytes: 160 bits, as RFC 4226 recommends.
	SecretSize = 20
	// Digits is the length of a code.
	Digits = 6
	// Period is the length of a step.
	Period = 30 * time.Second
)

// Step numbers the step of a period that a time is in.
func Step(t time.Time, period time.Duration) int64 { return t.Unix() / int64(period/time.Second) }

// Code is the code of a step.
func Code(secret []byte, step int64) string { return hotp(sha1.New, secret, step, Digits) }

// hotp is RFC 4226 5.3.
func hotp(h func() hash.Hash, secret []byte, counter int64, digits int) string {
	m := hmac.New(h, secret)
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(counter)))
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	space := uint32(1)
	for range digits {
		space *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%space)
}

// Match finds the step that a guess is the code of, among the grace steps before and
// after now that are later than last, the step accepted last. Every step is compared, in
// constant time. Of several with the same code the latest is taken, so that a guess that
// was accepted once never is again.
func Match(secret []byte, guess string, now, grace, last int64) (step int64, ok bool) {
	for s := max(now-grace, last+1, 0); s <= now+grace; s++ {
		if hmac.Equal([]byte(Code(secret, s)), []byte(guess)) {
			step, ok = s, true
		}
	}
	return step, ok
}

// Text is a secret as people type it into an app.
func Text(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// DefaultIssuer is whom the app names when the policy names nobody.
const DefaultIssuer = "mfaflow"

// Reserved are the parameters of a key URI that a policy cannot set: app and service
// would compute different codes.
func Reserved(parameter string) bool {
	return slices.Contains([]string{"secret", "algorithm", "digits", "period", "counter"}, strings.ToLower(parameter))
}

// URI is what an app reads from a QR code:
// otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=ISSUER&… with a policy's parameters.
func URI(secret []byte, account string, parameters map[string]string) string {
	issuer := parameters["issuer"]
	if issuer == "" {
		issuer = DefaultIssuer
	}
	q := []string{"secret=" + Text(secret), "issuer=" + escape(issuer), "algorithm=SHA1",
		fmt.Sprintf("digits=%d", Digits), fmt.Sprintf("period=%d", Period/time.Second)}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if name != "issuer" && !Reserved(name) {
			q = append(q, escape(name)+"="+escape(parameters[name]))
		}
	}
	return "otpauth://totp/" + escape(issuer) + ":" + escape(account) + "?" + strings.Join(q, "&")
}

// escape writes a blank as %20: some apps show the "+" of forms as it is.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
