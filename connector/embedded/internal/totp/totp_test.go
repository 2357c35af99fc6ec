package totp

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"hash"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// RFC 4226, appendix D.
func TestRFC4226Vectors(t *testing.T) {
	t.Parallel()
	for i, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := Code([]byte("12345678901234567890"), int64(i)); got != want {
			t.Errorf("counter %d: %s, want %s", i, got, want)
		}
	}
}

// RFC 6238, appendix B: six times, three hashes, eight digits.
func TestRFC6238Vectors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		h    func() hash.Hash
		size int
		want [6]string
	}{
		{"SHA1", sha1.New, 20, [6]string{"94287082", "07081804", "14050471", "89005924", "69279037", "65353130"}},
		{"SHA256", sha256.New, 32, [6]string{"46119246", "68084774", "67062674", "91819424", "90698825", "77737706"}},
		{"SHA512", sha512.New, 64, [6]string{"90693936", "25091201", "99943326", "93441116", "38618901", "47863826"}},
	} {
		secret := []byte(strings.Repeat("1234567890", 7)[:c.size])
		for i, at := range []int64{59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000} {
			if got := hotp(c.h, secret, Step(time.Unix(at, 0), Period), 8); got != c.want[i] {
				t.Errorf("%s at %d: %s, want %s", c.name, at, got, c.want[i])
			}
		}
	}
}

// A code is found exactly within the window and after the last step that was accepted.
func TestMatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), SecretSize, SecretSize).Draw(t, "secret")
		now := rapid.Int64Range(0, 1<<40).Draw(t, "now")
		grace := rapid.Int64Range(0, 10).Draw(t, "grace")
		last := now + rapid.Int64Range(-12, 12).Draw(t, "last")
		of := now + rapid.Int64Range(-12, 12).Draw(t, "of")
		if of < 0 {
			of = 0
		}
		guess := Code(secret, of)
		want, ok := int64(0), false // the latest step of that code, by looking at all
		for s := max(of-24, 0); s <= of+24; s++ {
			if s >= now-grace && s <= now+grace && s > last && Code(secret, s) == guess {
				want, ok = s, true
			}
		}
		if got, found := Match(secret, guess, now, grace, last); got != want || found != ok {
			t.Fatalf("step %d %t, want %d %t", got, found, want, ok)
		}
	})
}

func TestURI(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	got := URI(secret, "ben smith@example.com", map[string]string{"issuer": "Acme & Co", "image": "https://x/y?z", "secret": "AAAA", "Digits": "8"})
	u, err := url.Parse(got)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Acme & Co:ben smith@example.com" || strings.Contains(got, "+") {
		t.Fatalf("%s: %v", got, err)
	}
	want := url.Values{"secret": {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}, "issuer": {"Acme & Co"}, "algorithm": {"SHA1"},
		"digits": {"6"}, "period": {"30"}, "image": {"https://x/y?z"}}
	if d := cmp.Diff(want, u.Query()); d != "" {
		t.Error(d)
	}
	if b, err := base32.StdEncoding.DecodeString(Text(secret)); err != nil || string(b) != string(secret) {
		t.Errorf("secret %q, %v", b, err)
	}
	if got := URI(secret, "ben", nil); !strings.HasPrefix(got, "otpauth://totp/mfaflow:ben?") {
		t.Error(got)
	}
}
