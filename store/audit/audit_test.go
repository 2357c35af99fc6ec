package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
	"github.com/mfaflow/mfaflow/store/memory"
)

// world is a DB with a clock of the test.
type world struct {
	*store.DB
	raw store.Store
	now time.Time
}

func newWorld(t testing.TB) *world {
	w := &world{raw: memory.New(), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	db, err := store.Open(t.Context(), w.raw, store.Options{Key: make([]byte, 32), Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	w.DB = db
	return w
}

func (w *world) unit(t testing.TB, fn func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := w.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestEventsOfAUnitAreOneRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var keys []store.Key
	add := func(tx *store.Tx, typ string) {
		key, err := audit.Add(tx, "env", audit.Event{Type: typ, Result: audit.Success, Data: json.RawMessage(`{"a":"x\ny"}`)})
		if err != nil {
			t.Error(err)
		}
		keys = append(keys, key)
	}
	runs := 0
	w.unit(t, func(ctx context.Context, tx *store.Tx) error {
		runs++
		if _, err := tx.Get("env/x"); err != nil {
			return err
		}
		add(tx, "ONE")
		_ = w.Update(ctx, func(_ context.Context, tx *store.Tx) error {
			add(tx, "DROPPED")
			return errors.New("refused")
		})
		if runs == 1 { // a conflict: the second run must not leave a second record
			w.unit(t, func(_ context.Context, tx *store.Tx) error { tx.Put("env/x", nil); return nil })
		}
		add(tx, "TWO")
		return nil
	})
	if runs != 2 {
		t.Fatalf("%d runs", runs)
	}
	for _, k := range keys {
		if k != keys[0] || !strings.HasPrefix(string(k), "env/audit/") {
			t.Errorf("keys %q", keys)
		}
	}
	n := 0
	for rec, err := range w.Scan(t.Context(), store.Under("env/audit/")) {
		if n++; err != nil {
			t.Fatal(err)
		}
		events, err := audit.Read(rec)
		if err != nil {
			t.Fatal(err)
		}
		id := strings.TrimPrefix(string(keys[0]), "env/audit/")
		want := []audit.Event{
			{ID: id + ".0", At: w.now, Type: "ONE", Result: audit.Success, Data: json.RawMessage(`{"a":"x\ny"}`)},
			{ID: id + ".1", At: w.now, Type: "TWO", Result: audit.Success, Data: json.RawMessage(`{"a":"x\ny"}`)},
		}
		if diff := cmp.Diff(want, events); diff != "" {
			t.Error(diff)
		}
	}
	if n != 1 {
		t.Errorf("%d records", n)
	}
}

func TestUnitsHaveTheirOwnRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fill(t, w, 3)
	if keys := entries(t, w); len(keys) != 3 {
		t.Errorf("got %q", keys)
	}
}

func fill(t testing.TB, w *world, n int) {
	t.Helper()
	for i := range n {
		w.now = w.now.Add(time.Millisecond)
		w.unit(t, func(_ context.Context, tx *store.Tx) error {
			_, err := audit.Add(tx, "env", audit.Event{Type: "USER.CREATED", User: fmt.Sprint(i)})
			return err
		})
	}
}

func entries(t testing.TB, w *world) (keys []store.Key) {
	t.Helper()
	for rec, err := range w.Scan(t.Context(), store.Under("env/audit/")) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, rec.Key)
	}
	return keys
}
