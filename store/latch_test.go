package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// bench is a DB whose latch timers fire only when the test says so, and that tells when
// a unit has begun to wait.
type bench struct {
	*store.DB
	waiting chan time.Duration
	expire  chan time.Time
}

func newBench(t *testing.T, waiters int) *bench {
	b := &bench{waiting: make(chan time.Duration, 100), expire: make(chan time.Time)}
	b.DB = open(t, store.Options{LatchWaiters: waiters, After: func(d time.Duration) <-chan time.Time {
		b.waiting <- d
		return b.expire
	}})
	return b
}

// latched runs a unit that takes keys one by one, runs then while it holds them, and
// gives its result.
func (b *bench) latched(ctx context.Context, then func(), keys ...store.Key) <-chan error {
	result := make(chan error, 1)
	go func() {
		result <- b.Update(ctx, func(_ context.Context, tx *store.Tx) error {
			for _, k := range keys {
				if err := tx.Latch(k); err != nil {
					return err
				}
			}
			then()
			return nil
		})
	}()
	return result
}

// hold has a latch taken until release is called.
func (b *bench) hold(t *testing.T, keys ...store.Key) (release func(), result <-chan error) {
	held, gone := make(chan struct{}), make(chan struct{})
	result = b.latched(t.Context(), func() { close(held); <-gone }, keys...)
	<-held
	return func() { close(gone) }, result
}

func TestLatchIsFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	b := newBench(t, 0)
	release, first := b.hold(t, "e/a")
	var mu sync.Mutex
	var order []int
	var results []<-chan error
	for i := range 20 {
		results = append(results, b.latched(t.Context(), func() {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, i)
		}, "e/a"))
		if d := <-b.waiting; d != 5*time.Second {
			t.Fatalf("waits %v", d)
		}
	}
	release()
	for _, r := range append(results, first) {
		if err := <-r; err != nil {
			t.Fatal(err)
		}
	}
	for i, got := range order {
		if i != got {
			t.Fatalf("served in the order %v", order)
		}
	}
}

func TestLatchLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3)
	release, first := b.hold(t, "e/a")
	results := make(chan error, 3)
	for range 3 {
		go func() { results <- <-b.latched(t.Context(), func() {}, "e/a") }()
		<-b.waiting
	}
	wantErr(t, <-b.latched(t.Context(), func() {}, "e/a"), store.ErrBusy)
	if err := <-b.latched(t.Context(), func() {}, "e/other"); err != nil {
		t.Errorf("another latch: %v", err)
	}
	b.expire <- time.Time{} // one of the three
	wantErr(t, <-results, store.ErrContended)
	release()
	if err := errors.Join(<-first, <-results, <-results); err != nil {
		t.Error(err)
	}
}

// By default 128 of one lane wait, and the next gets ErrBusy.
func TestLatchDefaultQueue(t *testing.T) {
	t.Parallel()
	b := newBench(t, 0)
	release, first := b.hold(t, "e/a")
	waiting := []<-chan error{first}
	for range 128 {
		waiting = append(waiting, b.latched(t.Context(), func() {}, "e/a"))
		<-b.waiting
	}
	wantErr(t, <-b.latched(t.Context(), func() {}, "e/a"), store.ErrBusy)
	release()
	for _, w := range waiting {
		if err := <-w; err != nil {
			t.Error(err)
		}
	}
}

func TestLatchesTakenCrosswiseEndInContended(t *testing.T) {
	t.Parallel()
	b := newBench(t, 0)
	atA, atB, meet := make(chan struct{}), make(chan struct{}), make(chan struct{})
	unit := func(at chan struct{}, one, two store.Key) <-chan error {
		result := make(chan error, 1)
		go func() {
			result <- b.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
				if err := tx.Latch(one); err != nil {
					return err
				}
				close(at)
				<-meet
				return tx.Latch(two)
			})
		}()
		return result
	}
	x, y := unit(atA, "e/a", "e/b"), unit(atB, "e/b", "e/a")
	<-atA
	<-atB
	close(meet)
	<-b.waiting
	<-b.waiting
	b.expire <- time.Time{} // the first of the two gives up, and the other goes on
	errs := []error{<-x, <-y}
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), store.ErrContended) {
		t.Errorf("got %v", errs)
	}
}

func TestLatchIsReentrantAndOutlivesRerunsAndCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t, 0)
	runs := 0
	var second <-chan error
	seen := ""
	err := b.Update(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		runs++
		if err := tx.Latch("e/a", "e/a"); err != nil {
			return err
		}
		err := b.Update(ctx, func(_ context.Context, inner *store.Tx) error { return inner.Latch("e/a") })
		if err != nil {
			return err
		}
		if _, err := tx.Get("e/x"); err != nil {
			return err
		}
		if runs == 1 {
			second = b.latched(t.Context(), func() { seen = value(t, b.DB, "e/a") }, "e/a")
			<-b.waiting
			put(t, b.DB, "e/x", "other")
		}
		tx.Put("e/a", []byte("committed"))
		return nil
	})
	if err != nil || runs != 2 {
		t.Fatalf("%v after %d runs", err, runs)
	}
	if err := <-second; err != nil || seen != "committed" {
		t.Errorf("the next holder saw %q: %v", seen, err)
	}
}

func TestLatchWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	release, first := b.hold(t, "e/a")
	ctx, cancel := context.WithCancel(t.Context())
	second := b.latched(ctx, func() {}, "e/a")
	<-b.waiting
	cancel()
	wantErr(t, <-second, context.Canceled)
	third := b.latched(t.Context(), func() {}, "e/a") // the place in the queue is free again
	<-b.waiting
	release()
	if err := errors.Join(<-first, <-third); err != nil {
		t.Error(err)
	}
}

// Callbacks may take the latches that their unit held.
func TestCallbacksRunAfterTheLatches(t *testing.T) {
	t.Parallel()
	b := newBench(t, 0)
	var inner error
	err := b.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		tx.AfterCommit(func() { inner = <-b.latched(t.Context(), func() {}, "e/a") })
		return tx.Latch("e/a")
	})
	if err != nil || inner != nil {
		t.Errorf("%v, %v", err, inner)
	}
}
