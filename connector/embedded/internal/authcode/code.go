package authcode

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

const (
	// codeLength is PingOne's. 32^8 codes, half an hour at most, and ten guesses for each
	// phone that is paired.
	codeLength = 8

	nonceSize = 16
	draws     = 8 // codes drawn until one is free
)

// code is the code of a nonce: anybody's guess without the service's secret.
func (s *Codes) code(nonce []byte) string {
	return otp.Letters(otp.MAC(s.Secret, "code", string(nonce))[:codeLength])
}

// placeKey is under what a code is found.
func (s *Codes) placeKey(env, code string) store.Key {
	return store.K(env, "acode", hex.EncodeToString(otp.MAC(s.Secret, "hash", env, fmt.Sprint(s.Epoch), code)))
}

// draw gives a record a code that no other has, and makes it findable.
func (s *Codes) draw(c *rest.Call, r *record) error {
	for range draws {
		r.Nonce = c.Tx.Random(nonceSize)
		at := s.placeKey(c.Env, s.code(r.Nonce))
		recs, err := c.Tx.Get(at)
		if err != nil {
			return fmt.Errorf("read an authentication code: %w", err)
		}
		if recs[0].Rev == 0 {
			c.Tx.Put(at, []byte(r.ID))
			return nil
		}
	}
	return fmt.Errorf("no authentication code is free after %d draws", draws)
}

// place finds the id of a code without reading it in the unit: the latch comes first. ""
// is none.
func (s *Codes) place(c *rest.Call, code string) (string, error) {
	recs, err := c.DB.Get(c.Ctx, s.placeKey(c.Env, code))
	if err != nil {
		return "", fmt.Errorf("read an authentication code: %w", err)
	}
	return string(recs[0].Value), nil
}

// linkPath and parameter end the link that a QR code holds (reference pingone-mfa-api 8).
const linkPath, parameter = "pingonesdk", "authentication_code"

// link is the universal link of an app with a code in it.
func link(prefix, code string) string {
	return strings.TrimRight(prefix, "/") + "/" + linkPath + "?" + parameter + "=" + code
}

// typed is a code as it was typed, in groups and small letters too, or as it stands in a
// link that was scanned; "" when there is none in that.
func typed(code, uri string) string {
	if code == "" {
		u, err := url.Parse(uri)
		if err != nil {
			return ""
		}
		code = u.Query().Get(parameter)
	}
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code))
}
