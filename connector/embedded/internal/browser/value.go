package browser

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/wire"
)

// cookieName is the cookie that holds the value. PingOne does not document the name of
// its own; clients send back whatever they got.
const cookieName = "rm"

// The parts of a value: the device's id, the number, the MAC.
const (
	idBytes     = 16
	numberBytes = 4
	valueBytes  = idBytes + numberBytes + sha256.Size
)

// value is a parsed remember-me value. Whether it is genuine, only its record can say.
type value struct {
	device string
	number uint32
	mac    []byte
}

// parse reads the value out of a Cookie header, which must be as browsers write it
// (RFC 6265 section 5.4): ParseCookie overlooks spaces, line breaks and empty pairs.
func parse(header string) (value, bool) {
	cookies, err := http.ParseCookie(header)
	if err != nil {
		return value{}, false
	}
	var found value
	ok := false
	pairs := make([]string, len(cookies))
	for i, k := range cookies {
		pairs[i] = k.String()
		if k.Name == cookieName && !ok {
			found, ok = decodeValue(k.Value)
		}
	}
	return found, ok && strings.Join(pairs, "; ") == header
}

func decodeValue(text string) (value, bool) {
	b, err := wire.DecodeBase64URL(text)
	if err != nil || len(b) != valueBytes {
		return value{}, false
	}
	h := hex.EncodeToString(b[:idBytes])
	return value{
		device: strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-"),
		number: binary.BigEndian.Uint32(b[idBytes:]), mac: b[idBytes+numberBytes:],
	}, true
}

// mac is what makes a number of a device the user's own.
func (s *Browsers) mac(user string, r *record, number uint32) []byte {
	m := hmac.New(sha256.New, s.Key)
	for _, part := range []string{s.Env, fmt.Sprint(s.Epoch), user, r.ID, fmt.Sprint(number), string(r.Seed)} {
		fmt.Fprintf(m, "%d:%s", len(part), part)
	}
	return m.Sum(nil)
}

// genuine reports whether a value was once given for the device.
func (s *Browsers) genuine(user string, r *record, v value) bool {
	return v.number <= r.Number && hmac.Equal(s.mac(user, r, v.number), v.mac)
}

// cookie is the Set-Cookie header with the live value of a device.
func (s *Browsers) cookie(user string, r *record, now time.Time) (http.Header, error) {
	id, err := hex.DecodeString(strings.ReplaceAll(r.ID, "-", ""))
	if err != nil {
		return nil, fmt.Errorf("id of browser %s: %w", r.ID, err)
	}
	b := binary.BigEndian.AppendUint32(id, r.Number)
	b = append(b, s.mac(user, r, r.Number)...)
	k := http.Cookie{
		Name: cookieName, Value: base64.RawURLEncoding.EncodeToString(b), Path: "/",
		MaxAge: int(time.UnixMilli(r.Until).Sub(now).Round(time.Second) / time.Second), Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	return http.Header{"Set-Cookie": {k.String()}}, nil
}
