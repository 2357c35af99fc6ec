package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/mfaflow/mfaflow/store"
)

// Report is what Verify found.
type Report struct {
	Anchor   Anchor // where the chain begins; zero: nothing was deleted yet
	Sealed   int    // entries that the chain holds and that are right
	Unsealed int    // younger entries, which no block holds yet
	Blocks   int    // of the chain that are right, with those before the anchor
	Head     Head   // as stored
	Bad      *Bad   // the first thing that is wrong; nil if nothing is
}

// Bad names an entry, by its id, or a part of the chain.
type Bad struct {
	Entry  string // "" if it is the chain itself
	Reason string
}

func (b *Bad) Error() string {
	if b.Entry == "" {
		return "audit: " + b.Reason
	}
	return fmt.Sprintf("audit: entry %s %s", b.Entry, b.Reason)
}

// Verify goes through the entries of an environment and their chain, in order, up to the
// first thing that is wrong: an entry missing, changed, damaged or put in between, a
// block missing or changed, the end cut off, more deleted than the anchor says. known is a Head that Publish gave earlier,
// or the zero Head: without it, a chain that was cut off together with its head, by one
// who kept an older head, looks right. The error is of the store.
func Verify(ctx context.Context, db *store.DB, env string, known Head) (Report, error) {
	v := &verifier{db: db, env: env, pub: PublicKey(db), known: known}
	next, stop := iter.Pull2(db.Scan(ctx, store.Under(prefix(env))))
	defer stop()
	v.next = next
	err := v.run(ctx)
	if bad := (*Bad)(nil); errors.As(err, &bad) {
		v.report.Bad, err = bad, nil
	}
	return v.report, err
}

type verifier struct {
	db     *store.DB
	env    string
	pub    ed25519.PublicKey
	known  Head
	next   func() (store.Record, error, bool) // the entries, in order
	report Report
	prev   []byte // hash of the last block that was right
	last   string // and its last entry
}

func (v *verifier) run(ctx context.Context) error {
	if err := v.anchor(ctx); err != nil {
		return err
	}
	for rec, err := range v.db.Scan(ctx, store.Under(blockPrefix(v.env))) {
		if err != nil && rec.Key == "" {
			return err
		}
		if err != nil || rec.Key != blockKey(v.env, v.report.Blocks) {
			return &Bad{Reason: fmt.Sprintf("block %d, after entry %q, is missing or damaged", v.report.Blocks, v.last)}
		}
		if err := v.block(rec); err != nil {
			return err
		}
	}
	if err := v.head(ctx); err != nil {
		return err
	}
	for {
		_, err, more := v.next()
		if !more {
			return nil
		}
		if err != nil {
			return err
		}
		v.report.Unsealed++
	}
}

// anchor begins the chain where its deleted part ended.
func (v *verifier) anchor(ctx context.Context) error {
	recs, err := v.db.Get(ctx, anchorKey(v.env))
	switch {
	case err != nil && !errors.Is(err, store.ErrCorrupt):
		return err
	case err != nil:
		return &Bad{Reason: "the anchor is damaged"}
	case recs[0].Rev == 0:
		return nil
	}
	a := Anchor{}
	if json.Unmarshal(recs[0].Value, &a) != nil || a.Blocks < 1 || !ed25519.Verify(v.pub, a.signedBytes(v.env), a.Sig) {
		return &Bad{Reason: "the anchor was changed"}
	}
	if a.Blocks == v.known.Blocks && !bytes.Equal(a.Hash, v.known.Hash) {
		return &Bad{Reason: "the anchor is of another chain than the known head's"}
	}
	v.report.Anchor, v.report.Blocks, v.prev, v.last = a, a.Blocks, a.Hash, a.Last
	return nil
}

// block checks a block against the one before it and its entries against it.
func (v *verifier) block(rec store.Record) error {
	var b block
	if err := json.Unmarshal(rec.Value, &b); err != nil || !b.follows(v.report.Blocks, v.prev, v.env, v.pub) {
		return &Bad{Reason: fmt.Sprintf("block %d, after entry %q, was changed", v.report.Blocks, v.last)}
	}
	for _, want := range b.Entries {
		if err := v.entry(want); err != nil {
			return err
		}
		v.report.Sealed++
		v.last = want.ID
	}
	v.prev = b.Hash
	if v.report.Blocks++; v.report.Blocks == v.known.Blocks && !bytes.Equal(v.prev, v.known.Hash) {
		return &Bad{Reason: fmt.Sprintf("the chain up to entry %q is another than the known head's", v.last)}
	}
	return nil
}

// entry demands that the next entry is the one that the block holds.
func (v *verifier) entry(want sealed) error {
	rec, err, more := v.next()
	id := strings.TrimPrefix(string(rec.Key), string(prefix(v.env)))
	switch {
	case err != nil && rec.Key == "":
		return err
	case !more || id > want.ID:
		return &Bad{want.ID, "is missing"}
	case id < want.ID:
		return &Bad{id, "was added after its time was sealed"}
	case err != nil:
		return &Bad{id, "does not open: " + err.Error()}
	case !bytes.Equal(entrySum(rec), want.Sum):
		return &Bad{id, "was changed"}
	}
	return nil
}

// head demands that the chain ends where the stored and the known head say.
func (v *verifier) head(ctx context.Context) error {
	recs, err := v.db.Get(ctx, headKey(v.env))
	switch {
	case err != nil && !errors.Is(err, store.ErrCorrupt):
		return err
	case err != nil:
		return &Bad{Reason: "the head is damaged"}
	case recs[0].Rev == 0 && v.report.Blocks == 0 && v.known.Blocks == 0:
		return nil
	case json.Unmarshal(recs[0].Value, &v.report.Head) != nil:
		return &Bad{Reason: "the head is missing or damaged"}
	}
	h := v.report.Head
	switch {
	case !ed25519.Verify(v.pub, h.signedBytes(v.env), h.Sig):
		return &Bad{Reason: "the head was changed"}
	case h.Blocks > v.report.Blocks:
		return &Bad{Reason: fmt.Sprintf("the chain was cut off after entry %q; it went to %q", v.last, h.Last)}
	case v.known.Blocks > v.report.Blocks:
		return &Bad{Reason: fmt.Sprintf("the chain was cut off after entry %q; it went to %q", v.last, v.known.Last)}
	case h.Blocks != v.report.Blocks || !bytes.Equal(h.Hash, v.prev):
		return &Bad{Reason: "the head is not of this chain"}
	}
	return nil
}
