package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mfaflow/mfaflow/store"
)

// newLanes is a bench whose latches have few places.
func newLanes(t *testing.T, share, most int) *bench {
	b := &bench{waiting: make(chan time.Duration, 100), expire: make(chan time.Time)}
	b.DB = open(t, store.Options{LatchShare: share, LatchWaiters: most, After: func(d time.Duration) <-chan time.Time {
		b.waiting <- d
		return b.expire
	}})
	return b
}

func laneContext(t *testing.T, lane string) context.Context { return store.WithLane(t.Context(), lane) }

// TestLanesOfALatchTakeTurns: who comes after a stranger's long queue waits for one of them.
func TestLanesOfALatchTakeTurns(t *testing.T) {
	t.Parallel()
	b := newLanes(t, 0, 0)
	release, first := b.hold(t, "e/a")
	var mu sync.Mutex
	var order []string
	results := []<-chan error{first}
	for _, lane := range []string{"s", "s", "s", "s", "s", "victim", "other", "other"} {
		results = append(results, b.latched(laneContext(t, lane), func() {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, lane)
		}, "e/a"))
		<-b.waiting
	}
	release()
	for _, r := range results {
		if err := <-r; err != nil {
			t.Error(err)
		}
	}
	if want := []string{"s", "victim", "other", "s", "other", "s", "s", "s"}; !slices.Equal(order, want) {
		t.Errorf("got the order %v, want %v", order, want)
	}
}

// TestNoLanePushesAnotherOut: one lane has its share, a full line makes room for the shorter
// lane, and never by the one waiter that another has.
func TestNoLanePushesAnotherOut(t *testing.T) {
	t.Parallel()
	b := newLanes(t, 4, 5)
	release, first := b.hold(t, "e/a")
	wait := func(lane string) <-chan error {
		r := b.latched(laneContext(t, lane), func() {}, "e/a")
		<-b.waiting
		return r
	}
	s := []<-chan error{wait("s"), wait("s"), wait("s"), wait("s")}
	wantErr(t, <-b.latched(laneContext(t, "s"), func() {}, "e/a"), store.ErrBusy)
	victim := []<-chan error{wait("v"), wait("v")}
	wantErr(t, <-s[3], store.ErrBusy) // pushed out by the second of the victim
	wantErr(t, <-b.latched(laneContext(t, "v"), func() {}, "e/a"), store.ErrBusy)
	third := wait("w")
	wantErr(t, <-s[2], store.ErrBusy)
	release()
	for i, r := range []<-chan error{first, s[0], s[1], victim[0], victim[1], third} {
		if err := <-r; err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	if err := <-b.latched(laneContext(t, "s"), func() {}, "e/a"); err != nil {
		t.Errorf("after them: %v", err)
	}
}

// TestGateLetsNoMoreInAndForgetsNobody: whatever callers of whatever lanes do, as many as it
// says are inside, each one gets in, is refused or gives up, and the gate is open at the end.
func TestGateLetsNoMoreInAndForgetsNobody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 3).Draw(t, "slots")
		g := store.NewGate(slots, rapid.IntRange(1, 5).Draw(t, "share"), rapid.IntRange(1, 8).Draw(t, "most"))
		type caller struct {
			cancel context.CancelFunc
			result chan error
		}
		var mu sync.Mutex
		inside, most := 0, 0
		leave := make(chan struct{})
		var callers []caller
		for i := range rapid.IntRange(1, 20).Draw(t, "callers") {
			ctx, cancel := context.WithCancel(store.WithLane(context.Background(), fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "lane"))))
			c := caller{cancel, make(chan error, 1)}
			callers = append(callers, c)
			go func() {
				err := g.Enter(ctx)
				if err == nil {
					mu.Lock()
					inside++
					most = max(most, inside)
					mu.Unlock()
					<-leave
					mu.Lock()
					inside--
					mu.Unlock()
					g.Leave()
				}
				c.result <- err
			}()
			if rapid.Bool().Draw(t, "gives up") && i > 0 {
				callers[rapid.IntRange(0, i).Draw(t, "who")].cancel()
			}
		}
		close(leave)
		for _, c := range callers {
			if err := <-c.result; err != nil && !errors.Is(err, store.ErrBusy) && !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			c.cancel()
		}
		if most > slots {
			t.Fatalf("%d were inside, at most %d may be", most, slots)
		}
		for range slots { // all places are free again
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if err := g.Enter(ctx); err != nil {
				t.Fatalf("a place was lost: %v", err)
			}
		}
	})
}
