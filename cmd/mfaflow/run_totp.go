package main

import (
	"crypto/hmac"
	"crypto/sha1" // RFC 6238 and every authenticator app use HMAC-SHA-1
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// totp is an authenticator app's account that a screen of the walk showed. The person
// has it in an app; here it tells only whether a typed code came from there.
type totp struct {
	key    []byte
	digits int
	period int64 // seconds
	hash   func() hash.Hash
	used   int64 // the time step of the last code, 0: none
}

// totpWindow is how many time steps a clock may be off. The service's own is narrower.
const totpWindow = 5

// readTOTP reads an otpauth:// URI.
func readTOTP(uri string) (*totp, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" {
		return nil, false
	}
	q := u.Query()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.ToUpper(q.Get("secret")), "="))
	if err != nil || len(key) == 0 {
		return nil, false
	}
	a := &totp{key: key, digits: 6, period: 30, hash: sha1.New}
	if n, err := strconv.Atoi(q.Get("digits")); err == nil && n > 0 && n < 10 {
		a.digits = n
	}
	if n, err := strconv.ParseInt(q.Get("period"), 10, 32); err == nil && n > 0 {
		a.period = n
	}
	switch strings.ToUpper(q.Get("algorithm")) {
	case "SHA256":
		a.hash = sha256.New
	case "SHA512":
		a.hash = sha512.New
	}
	return a, true
}

// code is the code of a time step (RFC 6238, RFC 4226 5.3).
func (a *totp) code(step int64) string {
	m := hmac.New(a.hash, a.key)
	_ = binary.Write(m, binary.BigEndian, step) // a hash takes everything
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 15
	n := uint64(binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff)
	mod := uint64(1)
	for range a.digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", a.digits, n%mod)
}

// step finds the time step near now that a code belongs to.
func (a *totp) step(code string, now time.Time) (int64, bool) {
	at := now.Unix() / a.period
	for d := range int64(totpWindow + 1) {
		for _, s := range []int64{at - d, at + d} {
			if a.code(s) == code {
				return s, true
			}
		}
	}
	return 0, false
}
