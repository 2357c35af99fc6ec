package store_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
)

func raw(t testing.TB, s store.Store, key store.Key) []byte {
	t.Helper()
	recs, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return recs[0].Value
}

func rawPut(t testing.TB, s store.Store, key store.Key, value []byte) {
	t.Helper()
	if err := s.Commit(t.Context(), nil, []store.Write{{Key: key, Value: value}}); err != nil {
		t.Fatal(err)
	}
}

// readAll reads key in every way there is; each must end in the same error or none.
func readAll(t testing.TB, db *store.DB, key store.Key) error {
	t.Helper()
	_, err := db.Get(t.Context(), key)
	inUnit := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		_, err := tx.Get(key)
		return err
	})
	var inScan error
	for _, err := range db.Scan(t.Context(), store.Under(key)) {
		inScan = err
	}
	if (err == nil) != (inUnit == nil) || (err == nil) != (inScan == nil) {
		t.Errorf("Get: %v, in a unit: %v, Scan: %v", err, inUnit, inScan)
	}
	return err
}

func TestA78SwappedValuesAreRefused(t *testing.T) {
	t.Parallel()
	s := memory.New()
	db := openOn(t, s, store.Options{})
	put(t, db, "e/user/ann", "locked")
	put(t, db, "e/user/ben", "free")
	ann, ben := raw(t, s, "e/user/ann"), raw(t, s, "e/user/ben")
	rawPut(t, s, "e/user/ann", ben)
	rawPut(t, s, "e/user/ben", ann)
	wantErr(t, readAll(t, db, "e/user/ann"), store.ErrCorrupt)
	wantErr(t, readAll(t, db, "e/user/ben"), store.ErrCorrupt)
	rawPut(t, s, "e/user/ann", ann)
	if err := readAll(t, db, "e/user/ann"); err != nil {
		t.Errorf("put right again: %v", err)
	}
}

func TestA78EveryFlippedBitIsRefused(t *testing.T) {
	t.Parallel()
	s := memory.New()
	db := openOn(t, s, store.Options{})
	put(t, db, "e/a", "counter 3")
	good := raw(t, s, "e/a")
	for bit := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		rawPut(t, s, "e/a", bad)
		wantErr(t, readAll(t, db, "e/a"), store.ErrCorrupt)
	}
	for n := range len(good) {
		rawPut(t, s, "e/a", good[:n])
		wantErr(t, readAll(t, db, "e/a"), store.ErrCorrupt)
	}
}

func TestA78WrongKeyRefusesToStart(t *testing.T) {
	t.Parallel()
	s := memory.New()
	put(t, openOn(t, s, store.Options{}), "e/a", "1")
	wrong := bytes.Repeat([]byte{1}, 32)
	_, err := store.Open(t.Context(), s, store.Options{Key: wrong})
	wantErr(t, err, store.ErrWrongKey)

	if err := s.Commit(t.Context(), nil, []store.Write{{Key: "!mfaflow/boot"}}); err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(t.Context(), s, store.Options{Key: wrong})
	wantErr(t, err, store.ErrCorrupt) // removing the record does not let a new key in

	for _, n := range []int{0, 16, 31, 33} {
		if _, err := store.Open(t.Context(), memory.New(), store.Options{Key: make([]byte, n)}); err == nil {
			t.Errorf("a key of %d bytes was taken", n)
		}
	}
}

// Values of earlier process starts open, under their own salts.
func TestValuesOpenAfterRestarts(t *testing.T) {
	t.Parallel()
	s := memory.New()
	for i := range 5 {
		db := openOn(t, s, store.Options{})
		put(t, db, store.Key("e/"+strings.Repeat("x", i+1)), "v")
		for j := range i + 1 {
			if got := value(t, db, store.Key("e/"+strings.Repeat("x", j+1))); got != "v" {
				t.Errorf("start %d, value %d: %q", i, j, got)
			}
		}
	}
}

// One value sealed twice, in one process or in two, never looks the same.
func TestSealingNeverRepeats(t *testing.T) {
	t.Parallel()
	s := memory.New()
	seen := map[string]bool{}
	for range 3 {
		db := openOn(t, s, store.Options{})
		for range 100 {
			put(t, db, "e/a", "same")
			sealed := string(raw(t, s, "e/a"))
			nonce := sealed[5:33] // salt and nonce
			if seen[nonce] || strings.Contains(sealed, "same") {
				t.Fatal("a nonce came twice, or the value is in the clear")
			}
			seen[nonce] = true
		}
	}
}

func TestDeriveIsOneValueAPurpose(t *testing.T) {
	t.Parallel()
	a, b := open(t, store.Options{}), open(t, store.Options{})
	c := open(t, store.Options{Key: bytes.Repeat([]byte{1}, 32)})
	one := a.Derive("one")
	if len(one) != 32 || !bytes.Equal(one, b.Derive("one")) || bytes.Equal(one, a.Derive("two")) || bytes.Equal(one, c.Derive("one")) {
		t.Error("Derive")
	}
}

// A boot record that is cut short refuses to start: too short to name a key it is of no
// known one, else it is damaged.
func TestCutBootRecordRefusesToStart(t *testing.T) {
	t.Parallel()
	s := memory.New()
	openOn(t, s, store.Options{})
	const key = "!mfaflow/boot"
	good := raw(t, s, key)
	for n := range len(good) {
		rawPut(t, s, key, good[:n])
		want := store.ErrCorrupt
		if n < 5 { // the format and the four bytes of the key's id
			want = store.ErrWrongKey
		}
		_, err := store.Open(t.Context(), s, store.Options{Key: make([]byte, 32)})
		wantErr(t, err, want)
	}
}
