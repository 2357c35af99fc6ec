package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
)

var ctxb = context.Background

// open makes a DB over a fresh memory store. The options come without a key.
func open(t testing.TB, o store.Options) *store.DB { return openOn(t, memory.New(), o) }

func openOn(t testing.TB, s store.Store, o store.Options) *store.DB {
	t.Helper()
	if o.Key == nil {
		o.Key = make([]byte, 32)
	}
	db, err := store.Open(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func put(t testing.TB, db *store.DB, key store.Key, value string) {
	t.Helper()
	err := db.Update(ctxb(), func(_ context.Context, tx *store.Tx) error {
		tx.Put(key, []byte(value))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// value is what the store holds at key, "-" if nothing.
func value(t testing.TB, db *store.DB, key store.Key) string {
	t.Helper()
	recs, err := db.Get(ctxb(), key)
	if err != nil {
		t.Fatal(err)
	}
	if recs[0].Rev == 0 {
		return "-"
	}
	return string(recs[0].Value)
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func TestUpdateWritesAllOrNothing(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	boom := errors.New("boom")
	for _, want := range []error{boom, nil} {
		err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
			tx.Put("e/a", []byte("1"))
			tx.Put("e/b", []byte("2"))
			return want
		})
		if !errors.Is(err, want) {
			t.Fatalf("got %v, want %v", err, want)
		}
		expect := map[bool]string{true: "1", false: "-"}[want == nil]
		if got := value(t, db, "e/a"); got != expect {
			t.Errorf("after %v: %s", want, got)
		}
	}
	if s := db.Stats(); s.Commits != 1 || s.Records != 2 {
		t.Errorf("%+v", s)
	}
}

func TestScanHidesReservedRecords(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	put(t, db, "e/a", "1")
	var got []string
	for rec, err := range db.Scan(t.Context(), store.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(rec.Key)+"="+string(rec.Value))
	}
	if len(got) != 1 || got[0] != "e/a=1" {
		t.Errorf("got %q", got)
	}
	err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		tx.Delete("!mfaflow/boot")
		return nil
	})
	if err == nil {
		t.Error("a unit deleted the boot record")
	}
}
