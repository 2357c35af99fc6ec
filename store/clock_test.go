package store_test

import (
	"context"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
)

// A clock that goes back, even over a restart, revives nothing: a unit is never younger
// than what it has read.
func TestNowIsNotBeforeWhatWasRead(t *testing.T) {
	t.Parallel()
	s := memory.New()
	late, early := time.Unix(2e9, 0), time.Unix(1e9, 0)
	put(t, openOn(t, s, store.Options{Now: func() time.Time { return late }}), "e/a", "1")

	db := openOn(t, s, store.Options{Now: func() time.Time { return early }})
	err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		if got := tx.Now(); !got.Equal(early) {
			t.Errorf("before the read: %v", got)
		}
		_, err := tx.Get("e/a")
		if got := tx.Now(); !got.Equal(late) {
			t.Errorf("after the read: %v", got)
		}
		tx.Put("e/b", nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		_, err := tx.Get("e/b")
		if got := tx.Now(); !got.Equal(late) {
			t.Errorf("what the unit wrote is of %v", got)
		}
		return err
	})
}

func TestIDsRise(t *testing.T) {
	t.Parallel()
	clock := []int64{5, 5, 5, 3, 7, 7, 1}
	i := 0
	db := open(t, store.Options{Now: func() time.Time {
		i++
		return time.UnixMilli(1e12 + clock[i%len(clock)])
	}})
	var ids []string
	for range 10_000 {
		ids = append(ids, db.NewID())
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Error("ids repeat or fall")
	}
	if id := ids[0]; !regexp.MustCompile(`^00e8d4a5-1005-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("no UUIDv7 of that time: %s", id)
	}
}
