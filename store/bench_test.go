package store_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
)

// BenchmarkUnit is what a unit of work costs above the port: two reads, two writes of
// 2 KiB and 200 B over the memory store, against the same commit without DB.
func BenchmarkUnit(b *testing.B) {
	big, small := bytes.Repeat([]byte("x"), 2048), bytes.Repeat([]byte("y"), 200)
	b.Run("unit", func(b *testing.B) {
		db := open(b, store.Options{})
		b.ReportAllocs()
		for b.Loop() {
			err := db.Update(b.Context(), func(_ context.Context, tx *store.Tx) error {
				if err := tx.Latch("e/exec/1"); err != nil {
					return err
				}
				if _, err := tx.Get("e/exec/1", "e/user/1"); err != nil {
					return err
				}
				tx.Put("e/exec/1", big)
				tx.Put("e/user/1", small)
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("port", func(b *testing.B) {
		s := memory.New()
		keys := []store.Key{"e/exec/1", "e/user/1"}
		b.ReportAllocs()
		for b.Loop() {
			recs, err := s.Get(b.Context(), keys...)
			if err != nil {
				b.Fatal(err)
			}
			checks := []store.Check{{Key: keys[0], Rev: recs[0].Rev}, {Key: keys[1], Rev: recs[1].Rev}}
			if err := s.Commit(b.Context(), checks, []store.Write{{Key: keys[0], Value: big}, {Key: keys[1], Value: small}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSeal is what sealing costs: a unit that only writes, and a read.
func BenchmarkSeal(b *testing.B) {
	for _, size := range []int{200, 2048, 6144} {
		value := bytes.Repeat([]byte("x"), size)
		db := open(b, store.Options{})
		b.Run(fmt.Sprintf("put/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				_ = db.Update(b.Context(), func(_ context.Context, tx *store.Tx) error { tx.Put("e/a", value); return nil })
			}
		})
		b.Run(fmt.Sprintf("get/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				_, _ = db.Get(b.Context(), "e/a")
			}
		})
	}
}
