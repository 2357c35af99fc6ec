package bolt_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/storetest"
)

// BenchmarkCommit compares, in one run, the port, a sealed unit of work above it, and
// bbolt's own Update and Batch with the same bytes.
func BenchmarkCommit(b *testing.B) {
	b.Run("port", func(b *testing.B) { storetest.Bench(b, open) })
	b.Run("unit", func(b *testing.B) {
		for _, n := range storetest.BenchWriters() {
			b.Run(fmt.Sprintf("writers=%d", n), func(b *testing.B) { benchUnits(b, n) })
		}
	})
	b.Run("bbolt-update", func(b *testing.B) { benchRaw(b, (*bbolt.DB).Update) })
	b.Run("bbolt-batch", func(b *testing.B) { benchRaw(b, (*bbolt.DB).Batch) })
}

func benchUnits(b *testing.B, n int) {
	db, err := store.Open(b.Context(), open(b), store.Options{Key: make([]byte, 32)})
	if err != nil {
		b.Fatal(err)
	}
	before := db.Stats()
	storetest.Writers(b, n, func(_ int64, value []byte) error {
		return db.Update(b.Context(), func(_ context.Context, tx *store.Tx) error {
			k := store.Key("e/exec/" + tx.NewID())
			_, err := tx.Get(k)
			tx.Put(k, value)
			return err
		})
	})
	after := db.Stats()
	b.ReportMetric(float64(after.Commits-before.Commits)/float64(after.Groups-before.Groups), "units/group")
}

func benchRaw(b *testing.B, update func(*bbolt.DB, func(*bbolt.Tx) error) error) {
	for _, n := range storetest.BenchWriters() {
		b.Run(fmt.Sprintf("writers=%d", n), func(b *testing.B) {
			db, err := bbolt.Open(filepath.Join(b.TempDir(), "raw.db"), 0o600, &bbolt.Options{
				Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30,
			})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			bucket := []byte("data")
			if err := db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(bucket); return err }); err != nil {
				b.Fatal(err)
			}
			storetest.Writers(b, n, func(seq int64, value []byte) error {
				return update(db, func(tx *bbolt.Tx) error {
					return tx.Bucket(bucket).Put(fmt.Appendf(nil, "e/%05d", seq), value)
				})
			})
		})
	}
}
