package bolt_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/bolt"
)

func TestOpenIsExclusiveAndPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	defer func() { _ = s.Close() }()
	if _, err := bolt.Open(path); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second open: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode() != fs.FileMode(0o600) {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

// F3: what a crash in the first creation leaves is not taken for a store.
func TestCrashWhileCreating(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path+".new", []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path)
	defer func() { _ = s.Close() }()
	if _, err := os.Stat(path + ".new"); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
}

func TestOpenNeedsTheFolder(t *testing.T) {
	t.Parallel()
	if _, err := bolt.Open(filepath.Join(t.TempDir(), "none", "store.db")); err == nil {
		t.Error("opened in a folder that is not there")
	}
}

func TestValuesAndRevisionsOutliveAClose(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	var last uint64
	for i := range 5 {
		s := openAt(t, path)
		w := []store.Write{{Key: "e/a", Value: []byte{byte(i)}}}
		if err := s.Commit(t.Context(), nil, w); err != nil {
			t.Fatal(err)
		}
		recs, err := s.Get(t.Context(), "e/a")
		if err != nil || recs[0].Rev <= last || recs[0].Value[0] != byte(i) {
			t.Errorf("open %d: %+v, %v", i, recs, err)
		}
		last = recs[0].Rev
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// copyFile writes src's bytes to dst, as cp does.
func copyFile(t testing.TB, src, dst string) {
	t.Helper()
	data, err := os.ReadFile(src)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dst, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// session opens the store, writes something if it is to, and tells its epoch.
func session(t testing.TB, path string, write bool) uint64 {
	t.Helper()
	db := mustOpenDB(t, path)
	defer closeDB(t, db)
	if write {
		put(t, db, "e/a", "1")
	}
	return db.Epoch()
}

func TestA78RestoredBackupRaisesTheEpoch(t *testing.T) {
	t.Parallel()
	for name, restore := range map[string]func(t *testing.T, path, backup string){
		"over the file": func(t *testing.T, path, backup string) { copyFile(t, backup, path) },
		"in its place": func(t *testing.T, path, backup string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			copyFile(t, backup, path)
		},
		"with its witness": func(t *testing.T, path, backup string) {
			for _, suffix := range []string{"", ".witness"} {
				if err := os.Remove(path + suffix); err != nil {
					t.Fatal(err)
				}
				copyFile(t, backup+suffix, path+suffix)
			}
		},
		"without any witness": func(t *testing.T, path, backup string) {
			copyFile(t, backup, path)
			if err := os.Remove(path + ".witness"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path, backup := filepath.Join(dir, "store.db"), filepath.Join(dir, "backup")
			if e := session(t, path, true); e != 0 {
				t.Fatalf("a new store has epoch %d", e)
			}
			copyFile(t, path, backup)
			copyFile(t, path+".witness", backup+".witness")
			session(t, path, true) // what the backup does not know
			var last uint64
			for range 2 { // the second life of one backup differs from the first
				restore(t, path, backup)
				e := session(t, path, false)
				if e <= last {
					t.Fatalf("epoch %d after %d", e, last)
				}
				for _, write := range []bool{false, true, false} {
					if again := session(t, path, write); again != e {
						t.Errorf("an ordinary start has epoch %d, not %d", again, e)
					}
				}
				last = e
			}
		})
	}
}

func TestA78OrdinaryStartsKeepTheEpoch(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	for i := range 6 {
		if e := session(t, path, i%2 == 0); e != 0 {
			t.Fatalf("start %d: epoch %d", i, e)
		}
		if i == 3 { // moved as a whole: the same file
			if err := os.Rename(path+".witness", path+"2.witness"); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(path, path+"2"); err != nil {
				t.Fatal(err)
			}
			path += "2"
		}
	}
}

// Revisions do not repeat over a restore: who remembers one from before must not match.
func TestRevisionsRiseOverARestore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "store.db"), filepath.Join(dir, "backup")
	session(t, path, true)
	copyFile(t, path, backup)
	rev := func() (rev uint64) {
		db := mustOpenDB(t, path)
		defer closeDB(t, db)
		for range 10 {
			put(t, db, "e/a", "1")
		}
		_ = db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
			recs, err := tx.Get("e/a")
			rev = recs[0].Rev
			return err
		})
		return rev
	}
	before := rev()
	copyFile(t, backup, path)
	if after := rev(); after < before+10 {
		t.Errorf("revision %d after %d", after, before)
	}
}

// A witness torn by a power cut is not a restore: the other slot stands.
func TestTornWitness(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	session(t, path, true)
	good, err := os.ReadFile(path + ".witness")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{4, 512 + 4} {
		bad := append([]byte(nil), good...)
		bad[at] ^= 0xff
		if err := os.WriteFile(path+".witness", bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if e := session(t, path, false); e != 0 {
			t.Errorf("byte %d: epoch %d", at, e)
		}
	}
}
