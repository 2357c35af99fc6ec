package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/bolt"
)

func openDB(t testing.TB, path string) (*store.DB, error) {
	s, err := bolt.Open(path)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(t.Context(), s, store.Options{Key: make([]byte, 32)})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return db, nil
}

func mustOpenDB(t testing.TB, path string) *store.DB {
	t.Helper()
	db, err := openDB(t, path)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func put(t testing.TB, db *store.DB, key store.Key, value string) {
	t.Helper()
	err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		tx.Put(key, []byte(value))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func closeDB(t testing.TB, db *store.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// sample makes a closed store of n records of about 300 bytes and gives its bytes.
func sample(t testing.TB, path string, n int) []byte {
	t.Helper()
	db := mustOpenDB(t, path)
	err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		for i := range n {
			tx.Put(record(i))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func record(i int) (store.Key, []byte) {
	return store.Key(fmt.Sprintf("e/user/%04d", i)), []byte(strings.Repeat(fmt.Sprintf("counter %d;", i), 20))
}

// a flipped bit anywhere in the pages in use never changes what a record says, and
// never makes one vanish, but for the flip in the younger meta page that sets the whole
// file back by one commit: that one raises the epoch. Raw bbolt shows 297 of 300 such
// flips as changed or missing values.
func TestR09FlippedBits(t *testing.T) {
	t.Parallel()
	const flips, records = 1000, 60
	path := filepath.Join(t.TempDir(), "store.db")
	good := sample(t, path, records)
	good = bytes.TrimRight(good, "\x00")
	witness, err := os.ReadFile(path + ".witness")
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var outcome struct{ refused, setBack, harmless int }
	for range flips {
		at := random.IntN(len(good) * 8)
		good[at/8] ^= 1 << (at % 8)
		overwrite(t, path, good)
		overwrite(t, path+".witness", witness)
		good[at/8] ^= 1 << (at % 8)

		db, err := openDB(t, path)
		switch {
		case errors.Is(err, store.ErrCorrupt):
			outcome.refused++
			continue
		case err != nil:
			t.Fatalf("bit %d: %v", at, err)
		case db.Epoch() > 0:
			outcome.setBack++
		default:
			outcome.harmless++
			readSample(t, db, records, at)
		}
		closeDB(t, db)
	}
	t.Logf("%d flips in %d bytes: %+v", flips, len(good), outcome)
	if outcome.refused < flips/10 {
		t.Error("hardly any flip was noticed: did they hit the file?")
	}
}

// overwrite changes the beginning of a file in place, so that it stays the same file.
func overwrite(t testing.TB, path string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(data, 0)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// readSample reads every record by key and by scan.
func readSample(t testing.TB, db *store.DB, records, at int) {
	t.Helper()
	for i := range records {
		key, want := record(i)
		recs, err := db.Get(t.Context(), key)
		if err != nil || !bytes.Equal(recs[0].Value, want) {
			t.Errorf("bit %d: %s changed: %v", at, key, err)
		}
	}
	n := 0
	for rec, err := range db.Scan(t.Context(), store.Range{}) {
		key, want := record(n)
		if n++; err != nil || rec.Key != key || !bytes.Equal(rec.Value, want) {
			t.Errorf("bit %d: %s changed in a scan: %v", at, rec.Key, err)
		}
	}
	if n != records {
		t.Errorf("bit %d: a scan finds %d records", at, n)
	}
}

func TestTruncatedFileIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := sample(t, filepath.Join(dir, "good"), 300)
	used := len(bytes.TrimRight(good, "\x00"))
	for _, size := range []int{0, 1, 4095, 4096, 8192, 12288, 20480, used / 2, used - 4096} {
		path := filepath.Join(dir, fmt.Sprint("cut", size))
		if err := os.WriteFile(path, good[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := bolt.Open(path)
		if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), path) {
			t.Errorf("%d of %d bytes: %v", size, used, err)
		}
	}
}

// A file that shrinks under an open store ends in errors, not in a dead process.
func TestFileTruncatedWhileOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	sample(t, path, 300)
	db := mustOpenDB(t, path)
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for i := range 300 {
		key, _ := record(i)
		if _, err := db.Get(t.Context(), key); errors.Is(err, store.ErrCorrupt) {
			failed++
		}
	}
	if failed == 0 {
		t.Error("nothing was noticed")
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("no store "), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(path); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}
