package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// Tokens and handles are HMACs: stored nowhere, so reading the store gives none, and a
// crash loses none.

// secrets makes and checks them.
type secrets struct {
	token, handle, print []byte
	epoch                uint64 // of the store: a restored backup makes old tokens worthless
}

const macBytes = 32 // 256 bits

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	return h.Sum(nil)
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// tokenOf returns the one-time token of a step: its number and a MAC over execution,
// number and epoch.
func (k *secrets) tokenOf(id string, step int) string {
	n := number(uint64(step))
	sum := mac(k.token, []byte(id), n, number(k.epoch))
	return base64.RawURLEncoding.EncodeToString(append(n, sum...))
}

// stepOf returns the step that a token belongs to, if the token is of this execution.
func (k *secrets) stepOf(id, token string) (int, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != 8+macBytes {
		return 0, false
	}
	// encoding/base64 skips line breaks, so the text is compared: a token has the one
	// spelling that was given out.
	step := int(binary.BigEndian.Uint64(b[:8]))
	return step, hmac.Equal([]byte(k.tokenOf(id, step)), []byte(token))
}

// handleOf returns the handle of an execution after so many rotations.
func (k *secrets) handleOf(id string, rotation int) string {
	return base64.RawURLEncoding.EncodeToString(mac(k.handle, []byte(id), number(uint64(rotation))))
}

func (k *secrets) isHandle(id string, rotation int, handle string) bool {
	return hmac.Equal([]byte(k.handleOf(id, rotation)), []byte(handle))
}

// printOf is the fingerprint of an answer: keyed, because forms hold passwords.
func (k *secrets) printOf(id, action string, form map[string]any) ([]byte, error) {
	b, err := json.Marshal(form) // map keys are sorted
	if err != nil {
		return nil, fmt.Errorf("fingerprint of the form: %w", err)
	}
	return mac(k.print, []byte(id), []byte(action), b), nil
}

// canonicalID reports whether id is an execution's id as we write it. Nothing else may
// become part of a key.
func canonicalID(id string) bool {
	u, err := uuid.Parse(id)
	return err == nil && u.String() == id
}
