package sim

import (
	"crypto/hmac"
	"crypto/sha1" // what authenticator apps use unless told otherwise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// account is one entry of the authenticator app (RFC 6238). The app reads nothing but
// the key URI, so that what it shows is a second opinion on the service's codes.
type account struct {
	label  string
	secret []byte
	hash   func() hash.Hash
	digits int
	period time.Duration
}

// Scan adds the account of an otpauth:// URI to the authenticator app. An account of the
// same label and secret is not added twice.
func (w *World) Scan(uri string) error {
	a, err := readAccount(uri)
	if err != nil {
		return err
	}
	for _, old := range w.app {
		if old.label == a.label && string(old.secret) == string(a.secret) {
			return nil
		}
	}
	w.app = append([]account{a}, w.app...)
	return nil
}

// Codes are the accounts of the app with their codes of now, newest first:
// {label, code}. They outlive crashes, as a phone does.
func (w *World) Codes() []any {
	list := make([]any, len(w.app))
	for i, a := range w.app {
		list[i] = map[string]any{"label": a.label, "code": a.code(w.Now())}
	}
	return list
}

func readAccount(uri string) (account, error) {
	a := account{hash: sha1.New, digits: 6, period: 30 * time.Second}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" {
		return a, errors.New("it is no otpauth://totp URI")
	}
	q := u.Query()
	a.label = strings.TrimPrefix(u.Path, "/")
	a.secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(q.Get("secret"), "="))
	if err != nil || len(a.secret) == 0 {
		return a, errors.New("its secret is no base32")
	}
	switch q.Get("algorithm") {
	case "", "SHA1":
	case "SHA256":
		a.hash = sha256.New
	case "SHA512":
		a.hash = sha512.New
	default:
		return a, fmt.Errorf("its algorithm is %q", q.Get("algorithm"))
	}
	if n, err := strconv.Atoi(q.Get("digits")); err == nil && n >= 6 && n <= 8 {
		a.digits = n
	}
	if n, err := strconv.Atoi(q.Get("period")); err == nil && n > 0 {
		a.period = time.Duration(n) * time.Second
	}
	return a, nil
}

// code is RFC 4226 over the number of periods since 1970.
func (a account) code(now time.Time) string {
	m := hmac.New(a.hash, a.secret)
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(now.Unix()/int64(a.period/time.Second))))
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", a.digits, n%uint32(math.Pow10(a.digits)))
}
