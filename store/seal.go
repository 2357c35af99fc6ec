package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// A sealed value is
//
//	format 1 | key id 4 | salt 16 | nonce 12 | AES-256-GCM(commit time 8 | value) | tag 16
//
// with the record's key as associated data, so that no value opens under another key.
// The sealing key is HKDF(master, salt): the salt is fresh at each process start, so a
// counter can be the nonce and never repeats under a key.
const (
	sealFormat = 1
	idSize     = 4
	saltSize   = 16
	nonceSize  = 12
	timeSize   = 8
	tagSize    = 16

	saltAt    = 1 + idSize
	nonceAt   = saltAt + saltSize
	bodyAt    = nonceAt + nonceSize
	sealExtra = bodyAt + timeSize + tagSize
)

type sealer struct {
	master  []byte
	id      [idSize]byte
	salt    [saltSize]byte
	own     cipher.AEAD
	counter atomic.Uint64

	mu    sync.RWMutex
	aeads map[[saltSize]byte]cipher.AEAD // of earlier process starts; grows by what opened
}

func newSealer(master []byte, rand io.Reader) (*sealer, error) {
	s := &sealer{master: master, aeads: map[[saltSize]byte]cipher.AEAD{}}
	if _, err := io.ReadFull(rand, s.salt[:]); err != nil {
		return nil, fmt.Errorf("store: reading randomness: %w", err)
	}
	id, err := hkdf.Key(sha256.New, master, nil, "mfaflow key id", idSize)
	if err != nil {
		return nil, fmt.Errorf("store: key id: %w", err)
	}
	copy(s.id[:], id)
	s.own, err = s.derive(s.salt)
	return s, err
}

func (s *sealer) derive(salt [saltSize]byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.master, salt[:], "mfaflow seal 1", 32)
	if err != nil {
		return nil, fmt.Errorf("store: sealing key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("store: sealing key: %w", err)
	}
	return cipher.NewGCM(block)
}

// seal encrypts value for key into a new slice. It makes one allocation of the result
// and one copy of the value, which is then encrypted in place.
func (s *sealer) seal(key Key, value []byte, at time.Time) []byte {
	out := make([]byte, bodyAt+timeSize, sealExtra+len(value))
	out[0] = sealFormat
	copy(out[1:], s.id[:])
	copy(out[saltAt:], s.salt[:])
	nonce := out[nonceAt:bodyAt]
	binary.BigEndian.PutUint64(nonce[nonceSize-8:], s.counter.Add(1))
	binary.BigEndian.PutUint64(out[bodyAt:], uint64(at.UnixMicro()))
	out = append(out, value...)
	return s.own.Seal(out[:bodyAt], nonce, out[bodyAt:], []byte(key))
}

// open gives the value and the time at which the unit that wrote it was committed. The
// error is ErrCorrupt.
func (s *sealer) open(key Key, sealed []byte) ([]byte, time.Time, error) {
	if len(sealed) < sealExtra || sealed[0] != sealFormat || !s.ours(sealed) {
		return nil, time.Time{}, fmt.Errorf("store: %q: %w", key, ErrCorrupt)
	}
	salt := [saltSize]byte(sealed[saltAt:])
	aead, known, err := s.aead(salt)
	if err != nil {
		return nil, time.Time{}, err
	}
	body := make([]byte, 0, len(sealed)-bodyAt-tagSize)
	body, err = aead.Open(body, sealed[nonceAt:bodyAt], sealed[bodyAt:], []byte(key))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("store: %q: %w", key, ErrCorrupt)
	}
	if !known {
		s.mu.Lock()
		s.aeads[salt] = aead
		s.mu.Unlock()
	}
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(body)))
	return body[timeSize:], at, nil
}

// aead finds or derives the cipher of a salt. A new one is only kept by open once it
// has opened something, so that damaged headers cannot fill the memory.
func (s *sealer) aead(salt [saltSize]byte) (aead cipher.AEAD, known bool, err error) {
	if salt == s.salt {
		return s.own, true, nil
	}
	s.mu.RLock()
	aead, known = s.aeads[salt]
	s.mu.RUnlock()
	if !known {
		aead, err = s.derive(salt)
	}
	return aead, known, err
}

// ours says whether the value names this master key.
func (s *sealer) ours(sealed []byte) bool {
	return len(sealed) >= saltAt && [idSize]byte(sealed[1:]) == s.id
}
