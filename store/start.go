package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// bootKey holds the record that binds a store to its master key and epoch.
const bootKey Key = reserved + "boot"

type bootRecord struct {
	Epoch uint64 `json:"epoch"`
}

// restorer is a Store that can tell, from something kept outside of its data, that the
// data is older than what it held before. It says so until the next commit.
type restorer interface {
	Restored() bool
}

// start checks the master key, or binds a new store to it, and raises the epoch of a
// restored one.
func (db *DB) start(ctx context.Context) error {
	for {
		recs, err := db.store.Get(ctx, bootKey)
		if err != nil {
			return fmt.Errorf("store: reading the boot record: %w", err)
		}
		boot, err := db.readBoot(ctx, recs[0])
		if err != nil {
			return err
		}
		if recs[0].Rev != 0 && !db.restored() {
			db.epoch = boot.Epoch
			return nil
		}
		if recs[0].Rev != 0 {
			// Not just one more: the same backup may be put back twice, and the
			// second life must not share its epoch with the first.
			boot.Epoch = max(boot.Epoch+1, uint64(db.opts.Now().UnixMilli()))
		}
		if err = db.writeBoot(ctx, recs[0].Rev, boot); err == nil {
			db.epoch = boot.Epoch
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("store: writing the boot record: %w", err)
		}
	}
}

func (db *DB) restored() bool {
	r, ok := db.store.(restorer)
	return ok && r.Restored()
}

func (db *DB) readBoot(ctx context.Context, rec Record) (bootRecord, error) {
	var boot bootRecord
	if rec.Rev == 0 {
		for range db.store.Scan(ctx, Range{Limit: 1}) {
			return boot, fmt.Errorf("store: records but no boot record: %w", ErrCorrupt)
		}
		return boot, nil
	}
	if !db.seal.ours(rec.Value) {
		return boot, ErrWrongKey
	}
	plain, _, err := db.seal.open(bootKey, rec.Value)
	if err != nil {
		return boot, err
	}
	if err := json.Unmarshal(plain, &boot); err != nil {
		return boot, fmt.Errorf("store: boot record: %w: %w", ErrCorrupt, err)
	}
	return boot, nil
}

func (db *DB) writeBoot(ctx context.Context, rev uint64, boot bootRecord) error {
	plain, err := json.Marshal(boot)
	if err != nil {
		return err
	}
	sealed := db.seal.seal(bootKey, plain, db.opts.Now())
	return db.store.Commit(ctx, []Check{{bootKey, rev}}, []Write{{bootKey, sealed}})
}
