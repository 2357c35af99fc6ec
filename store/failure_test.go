package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
)

// A commit of unknown outcome is answered at once, never run again, and closes Failed.
func TestUnknownCommitFailsTheDB(t *testing.T) {
	t.Parallel()
	h := &hooked{Store: memory.New()}
	db := openOn(t, h, store.Options{})
	select {
	case <-db.Failed():
		t.Fatal("failed at the start")
	default:
	}
	h.on(func([]store.Check, []store.Write) error { return store.ErrUnknown })
	runs := 0
	err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		runs++
		tx.AfterCommit(func() { t.Error("a callback ran") })
		tx.Put("e/a", []byte("1"))
		return tx.Latch("e/a")
	})
	wantErr(t, err, store.ErrUnknown)
	<-db.Failed()
	if runs != 1 {
		t.Errorf("%d runs", runs)
	}
	h.on(nil)
	err = db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error { return tx.Latch("e/a") })
	if err != nil {
		t.Errorf("the latch was not released: %v", err)
	}
}

// An error that came out of the store is not a judgement on reads: no second run.
func TestStoreErrorsAreReturnedAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, want := range []error{store.ErrBusy, store.ErrContended, store.ErrCorrupt, store.ErrStopped, store.ErrFinished, store.ErrUnknown} {
		db := open(t, store.Options{})
		runs := 0
		err := db.Update(t.Context(), interfere(t, db, 1, func(_ *store.Tx, run int) error {
			runs = run
			return errors.Join(errors.New("wrapped"), want)
		}))
		wantErr(t, err, want)
		if runs != 1 {
			t.Errorf("%v: %d runs", want, runs)
		}
	}
}

func TestClosedDBSaysStopped(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		tx.Put("e/a", nil)
		return nil
	})
	wantErr(t, err, store.ErrStopped)
}

func TestUnusableKeysFailTheUnit(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	for _, k := range []store.Key{"", "!mfaflow/boot"} {
		for name, use := range map[string]func(*store.Tx) error{
			"Put":    func(tx *store.Tx) error { tx.Put(k, nil); return nil },
			"Delete": func(tx *store.Tx) error { tx.Delete(k); return nil },
			"Get":    func(tx *store.Tx) error { _, err := tx.Get(k); return err },
		} {
			err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
				tx.Put("e/a", nil)
				return use(tx)
			})
			if err == nil || value(t, db, "e/a") != "-" {
				t.Errorf("%s(%q): %v", name, k, err)
			}
		}
	}
}

func TestWatchSignalsValuesUnderItsPrefix(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	signal, stop := db.Watch("e/box/")
	signalled := func() bool {
		select {
		case <-signal:
			return true
		default:
			return false
		}
	}
	for _, c := range []struct {
		key    store.Key
		delete bool
		want   bool
	}{{"e/box/1", false, true}, {"e/other", false, false}, {"e/box/1", true, false}, {"e/box", false, false}} {
		err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
			if tx.Put(c.key, nil); c.delete {
				tx.Delete(c.key)
			}
			return nil
		})
		if got := signalled(); err != nil || got != c.want {
			t.Errorf("%+v: signalled %v, %v", c, got, err)
		}
	}
	put(t, db, "e/box/1", "")
	put(t, db, "e/box/2", "")
	if !signalled() || signalled() {
		t.Error("two commits are one signal")
	}
	stop()
	put(t, db, "e/box/3", "")
	if signalled() {
		t.Error("signalled after stop")
	}
}
