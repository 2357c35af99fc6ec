package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/store"
)

func TestUnitSeesItsOwnWrites(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	put(t, db, "e/old", "1")
	err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		show := func() string {
			recs, err := tx.Get("e/old", "e/new", "e/none")
			if err != nil {
				t.Fatal(err)
			}
			s := ""
			for _, r := range recs {
				s += fmt.Sprintf("%s=%s,%v ", r.Key, r.Value, map[uint64]string{0: "absent", math.MaxUint64: "new"}[r.Rev])
			}
			return s
		}
		steps := []struct {
			do   func()
			want string
		}{
			{func() {}, "e/old=1, e/new=,absent e/none=,absent "},
			{func() { tx.Put("e/old", []byte("2")); tx.Put("e/new", nil) }, "e/old=2, e/new=,new e/none=,absent "},
			{func() { tx.Delete("e/old"); tx.Put("e/new", []byte("3")) }, "e/old=,absent e/new=3,new e/none=,absent "},
			{func() { tx.Put("e/old", []byte("4")); tx.Delete("e/new") }, "e/old=4, e/new=,absent e/none=,absent "},
		}
		for i, s := range steps {
			if s.do(); show() != s.want {
				t.Errorf("step %d: got %q, want %q", i, show(), s.want)
			}
		}
		return nil
	})
	if err != nil || value(t, db, "e/old") != "4" || value(t, db, "e/new") != "-" {
		t.Errorf("%v: old %s, new %s", err, value(t, db, "e/old"), value(t, db, "e/new"))
	}
}

// interfere returns a unit body that reads "e/a" and is overtaken by another unit the
// first n times.
func interfere(t *testing.T, db *store.DB, n int, then func(tx *store.Tx, run int) error) func(context.Context, *store.Tx) error {
	run := 0
	return func(_ context.Context, tx *store.Tx) error {
		run++
		if _, err := tx.Get("e/a"); err != nil {
			return err
		}
		if run <= n {
			put(t, db, "e/a", fmt.Sprint("other ", run))
		}
		_, err := tx.Get("e/b") // a second snapshot
		if err != nil {
			return err
		}
		return then(tx, run)
	}
}

func TestConflictRunsAgainWithOneMemo(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{Now: func() time.Time { return time.Unix(1e9, 0) }})
	var runs [][]any
	hashes, after := 0, 0
	err := db.Update(t.Context(), interfere(t, db, 3, func(tx *store.Tx, run int) error {
		hash, err := tx.Once("hash", func() (any, error) { hashes++; return tx.NewID(), nil })
		runs = append(runs, []any{tx.NewID(), tx.Random(8), tx.NewID(), tx.Random(4), hash, tx.Now()})
		tx.Put("e/a", []byte("mine"))
		tx.AfterCommit(func() { after++ })
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if diff := cmp.Diff(runs[0], r); diff != "" {
			t.Error(diff)
		}
	}
	if runs[0][0] == runs[0][2] || runs[0][0] == runs[0][4] {
		t.Error("an id came twice")
	}
	if len(runs) != 4 || hashes != 1 || after != 1 || value(t, db, "e/a") != "mine" {
		t.Errorf("%d runs, %d hashes, %d callbacks, a = %s", len(runs), hashes, after, value(t, db, "e/a"))
	}
	if s := db.Stats(); s.Conflicts != 3 || s.Reruns != 3 {
		t.Errorf("%+v", s)
	}
}

func TestConflictsEndInContended(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	runs := 0
	err := db.Update(t.Context(), interfere(t, db, math.MaxInt, func(tx *store.Tx, run int) error {
		runs = run
		tx.Put("e/a", []byte("mine"))
		return nil
	}))
	wantErr(t, err, store.ErrContended)
	if s := db.Stats(); runs != 9 || s.Reruns != 8 || s.Conflicts != 9 {
		t.Errorf("%d runs, %+v", runs, s)
	}
}

func TestOwnConflictIsNotRunAgain(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	runs := 0
	body := func(own store.Key) func(context.Context, *store.Tx) error {
		return interfere(t, db, 1, func(tx *store.Tx, run int) error {
			runs = run
			tx.Own(own)
			tx.Put("e/a", []byte("mine"))
			return nil
		})
	}
	wantErr(t, db.Update(t.Context(), body("e/a")), store.ErrConflict)
	if runs != 1 || value(t, db, "e/a") != "other 1" {
		t.Errorf("%d runs, a = %s", runs, value(t, db, "e/a"))
	}
	if err := db.Update(t.Context(), body("e/b")); err != nil || runs != 2 {
		t.Errorf("a conflict elsewhere: %v after %d runs", err, runs)
	}
}

// What fn says from reads that no longer hold is not believed: each way to say it runs
// again, and only the second run counts.
func TestNothingIsBelievedFromTornReads(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, say := range map[string]func(run int) error{
		"nothing": func(int) error { return nil },
		"error":   func(int) error { return boom },
		"panic":   func(int) error { panic(boom) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, store.Options{})
			runs := 0
			defer func() {
				if p := recover(); (p != nil) != (name == "panic") {
					t.Errorf("panic %v", p)
				}
				if runs != 2 || value(t, db, "e/c") != "-" {
					t.Errorf("%d runs, c = %s", runs, value(t, db, "e/c"))
				}
			}()
			err := db.Update(t.Context(), interfere(t, db, 1, func(tx *store.Tx, run int) error {
				runs = run
				if name != "nothing" {
					tx.Put("e/c", []byte("1"))
					tx.AfterCommit(func() { t.Error("a callback of a dropped unit ran") })
				}
				return say(run)
			}))
			if (err != nil) != (name == "error") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPanicReleasesLatches(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	func() {
		defer func() {
			if p := recover(); p != "boom" {
				t.Errorf("recovered %v", p)
			}
		}()
		_ = db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
			_ = tx.Latch("e/a", "e/b")
			panic("boom")
		})
	}()
	err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error { return tx.Latch("e/b", "e/a") })
	if err != nil {
		t.Error(err)
	}
}

func TestJoinedUnitIsASavepoint(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	boom := errors.New("boom")
	var called []string
	err := db.Update(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		tx.Put("e/a", []byte("outer"))
		tx.Put("e/gone", []byte("outer"))
		tx.AfterCommit(func() { called = append(called, "outer") })
		for _, result := range []error{boom, nil} {
			err := db.Update(ctx, func(ctx context.Context, inner *store.Tx) error {
				inner.Put("e/a", []byte(fmt.Sprint("inner ", result)))
				inner.Put("e/b", []byte(fmt.Sprint("inner ", result)))
				inner.Delete("e/gone")
				inner.AfterCommit(func() { called = append(called, fmt.Sprint("inner ", result)) })
				return result
			})
			if !errors.Is(err, result) {
				t.Errorf("got %v, want %v", err, result)
			}
			recs, err := tx.Get("e/a", "e/b", "e/gone")
			if err != nil {
				return err
			}
			want := map[bool][]string{true: {"outer", "", "outer"}, false: {"inner <nil>", "inner <nil>", ""}}[result != nil]
			for i := range recs {
				if string(recs[i].Value) != want[i] {
					t.Errorf("after %v: %s = %q, want %q", result, recs[i].Key, recs[i].Value, want[i])
				}
			}
		}
		if len(called) > 0 {
			t.Error("a callback ran before the commit")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := db.Stats(); s.Commits != 1 {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(called, []string{"outer", "inner <nil>"}) {
		t.Errorf("called %q", called)
	}
}

// The reads of a joined unit that failed stay checked: the outer one has decided on them.
func TestJoinedReadsStayChecked(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	runs := 0
	err := db.Update(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		runs++
		_ = db.Update(ctx, func(_ context.Context, inner *store.Tx) error {
			_, _ = inner.Get("e/a")
			return errors.New("boom")
		})
		if runs == 1 {
			put(t, db, "e/a", "other")
		}
		tx.Put("e/b", []byte("1"))
		return nil
	})
	if err != nil || runs != 2 {
		t.Errorf("%v after %d runs", err, runs)
	}
}

func TestJoinedPanicDropsItsWrites(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	err := db.Update(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		func() {
			defer func() { _ = recover() }()
			_ = db.Update(ctx, func(_ context.Context, inner *store.Tx) error {
				inner.Put("e/a", []byte("1"))
				panic("boom")
			})
		}()
		tx.Put("e/b", []byte("1"))
		return nil
	})
	if err != nil || value(t, db, "e/a") != "-" || value(t, db, "e/b") != "1" {
		t.Errorf("%v: a %s, b %s", err, value(t, db, "e/a"), value(t, db, "e/b"))
	}
}

func TestFinishedUnit(t *testing.T) {
	t.Parallel()
	db, other := open(t, store.Options{}), open(t, store.Options{})
	none := func(context.Context, *store.Tx) error { t.Error("fn ran"); return nil }
	var leakedCtx, innerCtx context.Context
	var leaked, inner *store.Tx
	err := db.Update(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		leakedCtx, leaked = ctx, tx
		wantErr(t, other.Update(ctx, none), store.ErrFinished)
		err := db.Update(ctx, func(ctx context.Context, tx *store.Tx) error {
			innerCtx, inner = ctx, tx
			return nil
		})
		_, getErr := inner.Get("e/a")
		wantErr(t, getErr, store.ErrFinished)
		wantErr(t, db.Update(innerCtx, none), store.ErrFinished)
		tx.Put("e/a", []byte("1"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, db.Update(leakedCtx, none), store.ErrFinished)
	_, err = leaked.Get("e/a")
	wantErr(t, err, store.ErrFinished)
	wantErr(t, leaked.Latch("e/a"), store.ErrFinished)
	leaked.Put("e/a", []byte("2"))
	leaked.AfterCommit(func() { t.Error("a late callback ran") })
	if got := value(t, db, "e/a"); got != "1" {
		t.Errorf("a = %s", got)
	}
}

func TestOneSnapshotNeedsNoCommit(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	runs := 0
	err := db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		runs++
		_, err := tx.Get("e/a", "e/b")
		put(t, db, "e/a", "other")
		return err
	})
	if s := db.Stats(); err != nil || runs != 1 || s.Conflicts != 0 {
		t.Errorf("%v, %d runs, %+v", err, runs, s)
	}
}

func TestEndedContextCommitsNothing(t *testing.T) {
	t.Parallel()
	db := open(t, store.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Update(ctx, func(_ context.Context, tx *store.Tx) error {
		tx.Put("e/a", []byte("1"))
		cancel()
		return nil
	})
	wantErr(t, err, context.Canceled)
	if got := value(t, db, "e/a"); got != "-" {
		t.Errorf("a = %s", got)
	}
}
