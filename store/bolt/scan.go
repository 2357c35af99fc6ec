package bolt

import (
	"bytes"
	"context"
	"iter"

	"go.etcd.io/bbolt"

	"github.com/mfaflow/mfaflow/store"
)

// A page of a scan ends at so many records or, after the one that passes it, bytes.
const (
	pageRecords = 64
	pageBytes   = 256 << 10
)

// Scan implements store.Store. It holds no transaction while it yields.
func (s *Store) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		for n := 0; ; {
			recs, more, err := s.page(ctx, r)
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			for _, rec := range recs {
				if n++; !yield(rec, nil) || n == r.Limit {
					return
				}
			}
			if !more {
				return
			}
			r.From = recs[len(recs)-1].Key + "\x00"
		}
	}
}

func (s *Store) page(ctx context.Context, r store.Range) (recs []store.Record, more bool, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) (uint64, error) {
		c := tx.Bucket([]byte(dataBucket)).Cursor()
		to := []byte(r.To)
		var raw [][]byte
		size := 0
		for k, v := c.Seek([]byte(r.From)); k != nil; k, v = c.Next() {
			if len(to) > 0 && bytes.Compare(k, to) >= 0 {
				break
			}
			if len(recs) == pageRecords || size > pageBytes {
				more = true
				break
			}
			recs = append(recs, store.Record{Key: store.Key(k)})
			raw = append(raw, v)
			size += len(v)
		}
		return copyOut(recs, raw)
	})
	return recs, more, err
}
