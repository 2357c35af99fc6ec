package storetest

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/mfaflow/mfaflow/store"
)

// BenchWriters are the numbers of writers that the benchmarks compare.
func BenchWriters() []int { return []int{1, 8, 64} }

// Bench measures commits of one new record of 2 KiB with a check, by 1, 8 and 64 writers
// at once, and reports commits a second and, of stores that group them, units a group.
func Bench(b *testing.B, open Open) {
	for _, n := range BenchWriters() {
		b.Run(fmt.Sprintf("writers=%d", n), func(b *testing.B) {
			s := open(b)
			groups := func() (n uint64) {
				if g, ok := s.(interface{ Groups() uint64 }); ok {
					n = g.Groups()
				}
				return n
			}
			before := groups()
			Writers(b, n, func(seq int64, value []byte) error {
				k := key(int(seq))
				return s.Commit(b.Context(), []store.Check{{Key: k}}, []store.Write{{Key: k, Value: value}})
			})
			if g := groups() - before; g > 0 {
				b.ReportMetric(float64(b.N)/float64(g), "units/group")
			}
		})
	}
}

// Writers shares b.N calls of commit among n goroutines, each with its number and a value
// of 2 KiB, and reports how many ended in a second.
func Writers(b *testing.B, n int, commit func(seq int64, value []byte) error) {
	value := bytes.Repeat([]byte("x"), 2048)
	var seq atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	race(n, func(int) {
		for i := seq.Add(1); i <= int64(b.N); i = seq.Add(1) {
			if err := commit(i, value); err != nil {
				b.Errorf("commit: %v", err)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}
