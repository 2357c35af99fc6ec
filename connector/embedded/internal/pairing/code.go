package pairing

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// The formats of a code.
const (
	numeric      = "NUMERIC"
	alphanumeric = "ALPHANUMERIC"
)

const (
	numericLength      = 12
	alphanumericLength = 16
	nonceSize          = 16
)

// code is the code of a nonce: anybody's guess without the service's secret.
func (k *Keys) code(nonce []byte, format string) string {
	at := uint64(0)
	stream := func(n int) []byte {
		sum := otp.MAC(k.Secret, "code", string(nonce), string(binary.BigEndian.AppendUint64(nil, at)))
		at++
		return sum[:n]
	}
	if format != alphanumeric {
		return otp.New(stream, numericLength)
	}
	return otp.Letters(stream(alphanumericLength))
}

// hash is under what a code is found.
func (k *Keys) hash(env, code string) string {
	return hex.EncodeToString(otp.MAC(k.Secret, "hash", env, fmt.Sprint(k.Epoch), code))
}

// draws is how many codes are drawn until one is free. Twelve digits leave room for all.
const draws = 8

// draw gives a record a code that no other key has.
func (k *Keys) draw(c *rest.Call, r *record) error {
	for range draws {
		r.Nonce = c.Tx.Random(nonceSize)
		r.Hash = k.hash(c.Env, k.code(r.Nonce, r.Format))
		recs, err := c.Tx.Get(placeKey(c.Env, r.Hash))
		if err != nil {
			return fmt.Errorf("read a pairing code: %w", err)
		}
		if recs[0].Rev == 0 {
			return nil
		}
	}
	return fmt.Errorf("no pairing code is free after %d draws", draws)
}
