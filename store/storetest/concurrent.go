package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/mfaflow/mfaflow/store"
)

// RunConcurrent races units of work over the store. Each test counts what must hold in
// the end whoever wins; none depends on timing.
func RunConcurrent(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, *store.DB){
		"bank transfer":       testBankTransfer,
		"write skew":          testWriteSkew,
		"double create":       testDoubleCreate,
		"absent cross-check":  testAbsentCross,
		"lost update":         testLostUpdate,
		"latched update":      testLatchedUpdate,
		"ABA by delete":       testABA,
		"commit in a scan":    testScanRace,
		"neighbours in group": testNeighbours,
		"readers see whole":   testReaders,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := store.Open(t.Context(), open(t), store.Options{Key: make([]byte, 32), Reruns: 10_000})
			if err != nil {
				t.Fatal(err)
			}
			test(t, db)
		})
	}
}

// race runs fn n times at once and waits.
func race(n int, fn func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; fn(i) })
	}
	close(start)
	wg.Wait()
}

func number(rec store.Record) int {
	if rec.Rev == 0 {
		return 0
	}
	return int(int64(binary.BigEndian.Uint64(rec.Value)))
}

func numberOf(t testing.TB, db *store.DB, k store.Key) int {
	t.Helper()
	recs, err := db.Get(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return number(recs[0])
}

func bytesOf(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func update(t testing.TB, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error { return fn(tx) }); err != nil {
		t.Errorf("Update: %v", err)
	}
}

// testBankTransfer moves money between accounts, each read on its own so that torn
// reads are possible, and audits the total at the same time.
func testBankTransfer(t *testing.T, db *store.DB) {
	const accounts, total = 5, 500
	update(t, db, func(tx *store.Tx) error {
		for i := range accounts {
			tx.Put(key(i), bytesOf(total/accounts))
		}
		return nil
	})
	race(8, func(w int) {
		for i := range 40 {
			from, to := key((w+i)%accounts), key((w*3+i*2+1)%accounts)
			if w == 0 {
				audit(t, db, accounts, total)
			} else if from != to {
				transfer(t, db, from, to, 1+i%7)
			}
		}
	})
	audit(t, db, accounts, total)
}

func transfer(t testing.TB, db *store.DB, from, to store.Key, amount int) {
	update(t, db, func(tx *store.Tx) error {
		a, err := tx.Get(from)
		if err != nil {
			return err
		}
		b, err := tx.Get(to)
		if err != nil || number(a[0]) < amount {
			return err
		}
		tx.Put(from, bytesOf(number(a[0])-amount))
		tx.Put(to, bytesOf(number(b[0])+amount))
		return nil
	})
}

func audit(t testing.TB, db *store.DB, accounts, total int) {
	var sum int
	update(t, db, func(tx *store.Tx) error {
		sum = 0
		for i := range accounts {
			recs, err := tx.Get(key(i))
			if err != nil {
				return err
			}
			sum += number(recs[0])
		}
		return nil
	})
	if sum != total {
		t.Errorf("the accounts sum to %d, want %d", sum, total)
	}
}

// testWriteSkew: two are on duty, each may leave if the other stays.
func testWriteSkew(t *testing.T, db *store.DB) {
	for round := range 50 {
		ann, ben := key(2*round), key(2*round+1)
		update(t, db, func(tx *store.Tx) error { tx.Put(ann, bytesOf(1)); tx.Put(ben, bytesOf(1)); return nil })
		race(2, func(i int) {
			me, other := ann, ben
			if i == 1 {
				me, other = ben, ann
			}
			update(t, db, func(tx *store.Tx) error {
				recs, err := tx.Get(other)
				if err == nil && number(recs[0]) == 1 {
					tx.Put(me, bytesOf(0))
				}
				return err
			})
		})
		if numberOf(t, db, ann)+numberOf(t, db, ben) != 1 {
			t.Fatalf("round %d: %d and %d are on duty", round, numberOf(t, db, ann), numberOf(t, db, ben))
		}
	}
}

func testDoubleCreate(t *testing.T, db *store.DB) {
	for round := range 30 {
		var mu sync.Mutex
		created := 0
		race(6, func(int) {
			var mine bool
			update(t, db, func(tx *store.Tx) error {
				recs, err := tx.Get(key(round))
				if mine = err == nil && recs[0].Rev == 0; mine {
					tx.Put(key(round), bytesOf(1))
				}
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if mine {
				created++
			}
		})
		if created != 1 {
			t.Fatalf("round %d: created %d times", round, created)
		}
	}
}

// testAbsentCross: each creates its record if the other's is absent.
func testAbsentCross(t *testing.T, db *store.DB) {
	for round := range 50 {
		keys := []store.Key{key(2 * round), key(2*round + 1)}
		race(2, func(i int) {
			update(t, db, func(tx *store.Tx) error {
				recs, err := tx.Get(keys[1-i])
				if err == nil && recs[0].Rev == 0 {
					tx.Put(keys[i], bytesOf(1))
				}
				return err
			})
		})
		if n := numberOf(t, db, keys[0]) + numberOf(t, db, keys[1]); n != 1 {
			t.Fatalf("round %d: %d records", round, n)
		}
	}
}

func increment(k store.Key, latch bool) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		if latch {
			if err := tx.Latch(k); err != nil {
				return err
			}
		}
		recs, err := tx.Get(k)
		if err == nil {
			tx.Put(k, bytesOf(number(recs[0])+1))
		}
		return err
	}
}

func testLostUpdate(t *testing.T, db *store.DB) {
	race(8, func(int) {
		for range 25 {
			update(t, db, increment("e/n", false))
		}
	})
	if n := numberOf(t, db, "e/n"); n != 200 {
		t.Errorf("counted %d of 200", n)
	}
}

// testLatchedUpdate: with the latch first, nobody ever conflicts.
func testLatchedUpdate(t *testing.T, db *store.DB) {
	race(8, func(int) {
		for range 25 {
			update(t, db, increment("e/n", true))
		}
	})
	if s, n := db.Stats(), numberOf(t, db, "e/n"); n != 200 || s.Conflicts != 0 || s.Commits != 200 {
		t.Errorf("counted %d of 200: %+v", n, s)
	}
}

// testABA deletes and creates a record with the same value between a unit's read and its
// commit.
func testABA(t *testing.T, db *store.DB) {
	write := func(value []byte) {
		update(t, db, func(tx *store.Tx) error {
			if tx.Put("e/a", value); value == nil {
				tx.Delete("e/a")
			}
			return nil
		})
	}
	write([]byte("same"))
	runs := 0
	update(t, db, func(tx *store.Tx) error {
		runs++
		_, err := tx.Get("e/a")
		if runs == 1 {
			write(nil)
			write([]byte("same"))
		}
		tx.Put("e/b", nil)
		return err
	})
	if runs != 2 {
		t.Errorf("%d runs: the second life of the record passed for the first", runs)
	}
}

// testScanRace moves every record once while two scans do the same.
func testScanRace(t *testing.T, db *store.DB) {
	const n = 150
	update(t, db, func(tx *store.Tx) error {
		for i := range n {
			tx.Put(key(i), bytesOf(i))
		}
		return nil
	})
	race(2, func(int) {
		for rec, err := range db.Scan(t.Context(), store.Under("e/")) {
			if err != nil {
				t.Errorf("Scan: %v", err)
				return
			}
			update(t, db, func(tx *store.Tx) error {
				recs, err := tx.Get(rec.Key, "moved")
				if err == nil && recs[0].Rev != 0 {
					tx.Delete(rec.Key)
					tx.Put("moved", bytesOf(number(recs[1])+1))
				}
				return err
			})
		}
	})
	if moved := numberOf(t, db, "moved"); moved != n {
		t.Errorf("moved %d of %d", moved, n)
	}
}

// testNeighbours lets good units, conflicting ones and refused ones wait for the same
// disk: each gets its own answer.
func testNeighbours(t *testing.T, db *store.DB) {
	stale := errors.New("stale")
	race(12, func(w int) {
		for i := range 15 {
			k := store.Key(fmt.Sprintf("e/%d/%d", w, i))
			err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
				tx.Put(k, []byte("1"))
				switch w % 3 {
				case 1:
					tx.Put(store.Key(make([]byte, store.MaxKey)), make([]byte, 1)) // legal, if odd
				case 2:
					return stale
				}
				return nil
			})
			if (err != nil) != (w%3 == 2) {
				t.Errorf("writer %d: %v", w, err)
			}
			recs, err := db.Get(t.Context(), k)
			if err != nil || (recs[0].Rev != 0) != (w%3 != 2) {
				t.Errorf("writer %d reads %+v, %v", w, recs, err)
			}
		}
	})
}

// testReaders: two records always written together are always read together.
func testReaders(t *testing.T, db *store.DB) {
	race(6, func(w int) {
		for i := range 60 {
			if w < 3 {
				update(t, db, func(tx *store.Tx) error {
					tx.Put("e/x", bytesOf(w*1000+i))
					tx.Put("e/y", bytesOf(w*1000+i))
					return nil
				})
				continue
			}
			recs, err := db.Get(t.Context(), "e/x", "e/y")
			if err != nil || number(recs[0]) != number(recs[1]) {
				t.Errorf("read %d and %d: %v", number(recs[0]), number(recs[1]), err)
			}
		}
	})
}
