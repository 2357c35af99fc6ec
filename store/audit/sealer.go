package audit

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// blockEntries bounds a block to about 30 KB.
const blockEntries = 256

// Options tune a Sealer; the zero value is what a server wants.
type Options struct {
	// Lag is how long an entry stays unsealed; 0 is two minutes. It must be longer than
	// the longest unit of work, which otherwise could commit an entry behind the chain.
	Lag time.Duration

	// Every is how often Run seals; 0 is a minute.
	Every time.Duration

	// After is the timer of Run; nil is time.After.
	After func(time.Duration) <-chan time.Time

	// Publish is given each new Head, to be kept in a second place; nil keeps none.
	Publish func(Head)
}

// Sealer chains and signs the entries of one environment. One may run for it; a second
// would do no harm but conflict.
type Sealer struct {
	db  *store.DB
	env string
	o   Options
}

// NewSealer makes a Sealer.
func NewSealer(db *store.DB, env string, o Options) *Sealer {
	if o.Lag == 0 {
		o.Lag = 2 * time.Minute
	}
	if o.Every == 0 {
		o.Every = time.Minute
	}
	if o.After == nil {
		o.After = time.After
	}
	if o.Publish == nil {
		o.Publish = func(Head) {}
	}
	return &Sealer{db: db, env: env, o: o}
}

// Run seals again and again until ctx ends (nil) or the store stops (its error).
func (s *Sealer) Run(ctx context.Context) error {
	for {
		_, err := s.Seal(ctx)
		if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrContended) {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.o.After(s.o.Every):
		}
	}
}

// Seal seals everything behind the horizon, which lies Lag before now, and returns the
// head of the chain.
func (s *Sealer) Seal(ctx context.Context) (Head, error) {
	for {
		head, n, err := s.sealBlock(store.Background(ctx))
		if err != nil {
			return Head{}, fmt.Errorf("audit: sealing: %w", err)
		}
		if n > 0 {
			s.o.Publish(head)
		}
		if n < blockEntries {
			return head, nil
		}
	}
}

// sealBlock seals the next n entries as one block, in one unit.
func (s *Sealer) sealBlock(ctx context.Context) (head Head, n int, err error) {
	err = s.db.Update(ctx, func(ctx context.Context, tx *store.Tx) error {
		recs, err := tx.Get(headKey(s.env))
		if err != nil {
			return err
		}
		head = Head{}
		if recs[0].Rev != 0 {
			if err := json.Unmarshal(recs[0].Value, &head); err != nil {
				return fmt.Errorf("the head: %w", err)
			}
		}
		// The scan is not checked at commit, and need not be: entries are never
		// changed, and none is added behind the horizon.
		b := block{Number: head.Blocks, Prev: head.Hash}
		for rec, err := range s.db.Scan(ctx, s.next(head, tx.Now())) {
			if err != nil {
				return err
			}
			b.Entries = append(b.Entries, sealed{ID: string(rec.Key[len(prefix(s.env)):]), Sum: entrySum(rec)})
		}
		if n = len(b.Entries); n == 0 {
			return nil
		}
		head, err = s.put(tx, b)
		return err
	})
	return head, n, err
}

// put signs and writes a block and the head that it makes.
func (s *Sealer) put(tx *store.Tx, b block) (Head, error) {
	key := signer(s.db)
	b.Hash = b.sum(s.env)
	b.Sig = ed25519.Sign(key, b.signedBytes())
	head := Head{Blocks: b.Number + 1, Last: b.Entries[len(b.Entries)-1].ID, Hash: b.Hash, At: tx.Now().UTC()}
	head.Sig = ed25519.Sign(key, head.signedBytes(s.env))
	blockJSON, err := json.Marshal(b)
	if err != nil {
		return Head{}, err
	}
	headJSON, err := json.Marshal(head)
	if err != nil {
		return Head{}, err
	}
	tx.Put(blockKey(s.env, b.Number), blockJSON)
	tx.Put(headKey(s.env), headJSON)
	return head, nil
}

// next is the range of the entries from the head to the horizon.
func (s *Sealer) next(head Head, now time.Time) store.Range {
	r := store.Range{From: prefix(s.env), To: prefix(s.env) + idAt(now.Add(-s.o.Lag)), Limit: blockEntries}
	if head.Last != "" {
		r.From += store.Key(head.Last) + "\x00"
	}
	return r
}

// idAt is the beginning of the first UUIDv7 of a millisecond.
func idAt(t time.Time) store.Key {
	ms := max(t.UnixMilli(), 0)
	return store.Key(fmt.Sprintf("%08x-%04x", ms>>16, ms&0xffff))
}
