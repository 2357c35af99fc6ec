package audit

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// Anchor is where the chain begins since its oldest blocks were deleted: signed, so that
// nobody can delete more, or other ones, without Verify telling.
type Anchor struct {
	Blocks int       `json:"blocks"` // that were deleted
	Last   string    `json:"last"`   // id of the last entry deleted
	Hash   []byte    `json:"hash"`   // of the last block deleted
	At     time.Time `json:"at"`
	Sig    []byte    `json:"sig"` // Ed25519, see PublicKey
}

func anchorKey(env string) store.Key { return store.K(env, "auditanchor") }

func (a Anchor) signedBytes(env string) []byte {
	return fmt.Appendf(nil, "mfaflow audit anchor 1\n%s\n%d\n%s\n%x\n%s", env, a.Blocks, a.Last, a.Hash, a.At.UTC().Format(time.RFC3339Nano))
}

// Prune deletes the blocks of entries that were made before a time, oldest first, and
// returns how many entries went. Each block goes in one unit with its entries and the
// anchor that takes its place: a crash in between leaves a chain that verifies. What is
// not sealed stays. A block that is damaged, or does not follow the anchor, stops it.
func (s *Sealer) Prune(ctx context.Context, before time.Time) (entries int, err error) {
	for {
		n, err := s.pruneBlock(store.Background(ctx), before)
		if entries += n; err != nil {
			return entries, fmt.Errorf("audit: pruning: %w", err)
		}
		if n == 0 {
			return entries, nil
		}
	}
}

func (s *Sealer) pruneBlock(ctx context.Context, before time.Time) (n int, err error) {
	err = s.db.Update(ctx, func(_ context.Context, tx *store.Tx) error {
		n = 0
		anchor, err := readAnchor(tx, s.env)
		if err != nil {
			return err
		}
		recs, err := tx.Get(blockKey(s.env, anchor.Blocks))
		if err != nil || recs[0].Rev == 0 {
			return err
		}
		var b block
		if err := json.Unmarshal(recs[0].Value, &b); err != nil {
			return fmt.Errorf("block %d: %w", anchor.Blocks, err)
		}
		if !b.follows(anchor.Blocks, anchor.Hash, s.env, PublicKey(s.db)) || len(b.Entries) == 0 {
			return fmt.Errorf("block %d was changed", anchor.Blocks)
		}
		last := b.Entries[len(b.Entries)-1].ID
		if !TimeOf(Key(s.env, last)).Before(before) {
			return nil
		}
		n = len(b.Entries)
		for _, e := range b.Entries {
			tx.Delete(Key(s.env, e.ID))
		}
		tx.Delete(recs[0].Key)
		return s.putAnchor(tx, Anchor{Blocks: b.Number + 1, Last: last, Hash: b.Hash, At: tx.Now().UTC()})
	})
	return n, err
}

func (s *Sealer) putAnchor(tx *store.Tx, a Anchor) error {
	a.Sig = ed25519.Sign(signer(s.db), a.signedBytes(s.env))
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	tx.Put(anchorKey(s.env), b)
	return nil
}

func readAnchor(tx *store.Tx, env string) (Anchor, error) {
	var a Anchor
	recs, err := tx.Get(anchorKey(env))
	if err != nil || recs[0].Rev == 0 {
		return a, err
	}
	if err := json.Unmarshal(recs[0].Value, &a); err != nil {
		return a, fmt.Errorf("the anchor: %w", err)
	}
	return a, nil
}
