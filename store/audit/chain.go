package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// block is one link of the chain: the hashes of the entries that follow those of the
// block before it. It keeps each hash so that Verify can name an entry.
type block struct {
	Number  int      `json:"number"` // from 0
	Prev    []byte   `json:"prev,omitempty"`
	Entries []sealed `json:"entries"`
	Hash    []byte   `json:"hash"` // of all the above
	Sig     []byte   `json:"sig"`
}

type sealed struct {
	ID  string `json:"id"`
	Sum []byte `json:"sum"`
}

// Head is the end of the chain. Kept in a second place, it tells Verify of a chain that
// was cut off or made anew even by someone who holds the master key.
type Head struct {
	Blocks int       `json:"blocks"`
	Last   string    `json:"last"` // id of the last sealed entry
	Hash   []byte    `json:"hash"` // of the last block
	At     time.Time `json:"at"`
	Sig    []byte    `json:"sig"` // Ed25519, see PublicKey
}

// PublicKey verifies the signatures of the DB's chains.
func PublicKey(db *store.DB) ed25519.PublicKey {
	return signer(db).Public().(ed25519.PublicKey)
}

func signer(db *store.DB) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(db.Derive("audit signature"))
}

// entrySum is over what the entry says and the key under which it says it.
func entrySum(rec store.Record) []byte {
	h := sha256.New()
	part(h.Write, []byte(rec.Key))
	part(h.Write, rec.Value)
	return h.Sum(nil)
}

func (b *block) sum(env string) []byte {
	h := sha256.New()
	part(h.Write, []byte(env))
	part(h.Write, binary.BigEndian.AppendUint64(nil, uint64(b.Number)))
	part(h.Write, b.Prev)
	for _, e := range b.Entries {
		part(h.Write, []byte(e.ID))
		part(h.Write, e.Sum)
	}
	return h.Sum(nil)
}

// follows reports whether the block is the one of a number, over prev, and signed.
func (b *block) follows(number int, prev []byte, env string, pub ed25519.PublicKey) bool {
	return b.Number == number && bytes.Equal(b.Prev, prev) && bytes.Equal(b.Hash, b.sum(env)) && ed25519.Verify(pub, b.signedBytes(), b.Sig)
}

func (b *block) signedBytes() []byte { return append([]byte("mfaflow audit block 1\n"), b.Hash...) }

func (h Head) signedBytes(env string) []byte {
	return fmt.Appendf(nil, "mfaflow audit head 1\n%s\n%d\n%s\n%x\n%s", env, h.Blocks, h.Last, h.Hash, h.At.UTC().Format(time.RFC3339Nano))
}

// part writes p with its length, so that no two lists of parts look the same.
func part(write func([]byte) (int, error), p []byte) {
	_, _ = write(binary.BigEndian.AppendUint64(nil, uint64(len(p)))) // hashes do not fail
	_, _ = write(p)
}

func headKey(env string) store.Key     { return store.K(env, "audithead") }
func blockPrefix(env string) store.Key { return store.K(env, "auditseal", "") }
func blockKey(env string, n int) store.Key {
	return blockPrefix(env) + store.Key(fmt.Sprintf("%012d", n))
}
