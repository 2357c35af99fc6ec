package pairing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

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

	// letters are 32, so that five random bits choose one; 0, O, 1 and I look alike.
	letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

	nonceSize = 16
)

// code is the code of a nonce: anybody's guess without the service's secret.
func (k *Keys) code(nonce []byte, format string) string {
	at := uint64(0)
	stream := func(n int) []byte {
		sum := k.mac("code", string(nonce), string(binary.BigEndian.AppendUint64(nil, at)))
		at++
		return sum[:n]
	}
	if format != alphanumeric {
		return otp.New(stream, numericLength)
	}
	var b strings.Builder
	for _, r := range stream(alphanumericLength) {
		b.WriteByte(letters[r&31])
	}
	return b.String()
}

// hash is under what a code is found.
func (k *Keys) hash(env, code string) string {
	return hex.EncodeToString(k.mac("hash", env, fmt.Sprint(k.Epoch), code))
}

func (k *Keys) mac(parts ...string) []byte {
	m := hmac.New(sha256.New, k.Secret)
	for _, p := range parts {
		fmt.Fprintf(m, "%d:%s", len(p), p)
	}
	return m.Sum(nil)
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
