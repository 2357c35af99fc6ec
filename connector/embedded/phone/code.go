package phone

import (
	"crypto/hmac"
	"crypto/sha1" // what the protocol says; HMAC does not need collision resistance
	"encoding/base32"
	"encoding/binary"
	"fmt"
)

// Code is the passcode that the app shows now; "" when it is not paired.
func (p *Phone) Code() string {
	s := p.state()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s.Secret)
	if err != nil || len(secret) == 0 || s.Period <= 0 {
		return ""
	}
	m := hmac.New(sha1.New, secret)
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(p.now(s).Unix()/s.Period)))
	sum := m.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}
