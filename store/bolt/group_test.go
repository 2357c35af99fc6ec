package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/bolt"
)

// gate is a store whose durable commits wait for the test.
type gate struct {
	*bolt.Store
	begun chan []string // the keys that the group wrote
	goOn  chan error    // lets it go on, or fail before or after it happened
}

func newGate(t *testing.T) *gate {
	g := &gate{Store: open(t).(*bolt.Store), begun: make(chan []string), goOn: make(chan error)}
	before := map[string]bool{}
	g.OnCommit(func(tx *bbolt.Tx) error {
		var keys []string
		_ = tx.Bucket([]byte("data")).ForEach(func(k, _ []byte) error {
			if !before[string(k)] {
				keys = append(keys, string(k))
				before[string(k)] = true
			}
			return nil
		})
		g.begun <- keys
		if err := <-g.goOn; err != nil {
			return errors.Join(err, tx.Rollback())
		}
		return tx.Commit()
	})
	return g
}

// commit starts a commit of one key and returns when it is in the queue or leads.
func (g *gate) commit(ctx context.Context, key store.Key, checks ...store.Check) <-chan error {
	waiting := g.Waiting()
	result := make(chan error, 1)
	go func() {
		result <- g.Commit(ctx, checks, []store.Write{{Key: key, Value: []byte("v")}})
	}()
	if key != "first" {
		for g.Waiting() == waiting {
			runtime.Gosched()
		}
	}
	return result
}

func TestGroupTakesWhateverWaits(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	first := g.commit(t.Context(), "first")
	if got := <-g.begun; !slices.Equal(got, []string{"first"}) {
		t.Fatalf("the first group wrote %q", got)
	}
	results := map[string]<-chan error{}
	for _, k := range []store.Key{"a", "b", "c"} {
		results[string(k)] = g.commit(t.Context(), k)
	}
	results["stale"] = g.commit(t.Context(), "stale", store.Check{Key: "x", Rev: 99})
	results["late"] = g.commit(t.Context(), "late", store.Check{Key: "a", Rev: 0}) // a is before it in the group
	g.goOn <- nil
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if got := <-g.begun; !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("the second group wrote %q", got)
	}
	g.goOn <- nil
	for k, r := range results {
		err := <-r
		if conflict := errors.Is(err, store.ErrConflict); conflict != (k == "stale" || k == "late") || (err != nil) != conflict {
			t.Errorf("%s: %v", k, err)
		}
	}
	if g.Groups() != 2 {
		t.Errorf("%d groups, want 2", g.Groups())
	}
}

// With people waiting, sweepers get one place a group; they are never left out.
func TestPeopleBeforeSweepers(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	results := []<-chan error{g.commit(t.Context(), "first")}
	<-g.begun
	for i := range 3 {
		results = append(results, g.commit(store.Background(t.Context()), store.Key(fmt.Sprintf("sweep%d", i))))
	}
	results = append(results, g.commit(t.Context(), "ann"), g.commit(t.Context(), "ben"))
	var groups [][]string
	g.goOn <- nil
	groups = append(groups, <-g.begun)
	results = append(results, g.commit(t.Context(), "cid"))
	g.goOn <- nil
	groups = append(groups, <-g.begun)
	g.goOn <- nil
	groups = append(groups, <-g.begun)
	g.goOn <- nil
	want := [][]string{{"ann", "ben", "sweep0"}, {"cid", "sweep1"}, {"sweep2"}}
	for i := range want {
		if !slices.Equal(groups[i], want[i]) {
			t.Errorf("group %d is %q, want %q", i, groups[i], want[i])
		}
	}
	for _, r := range results {
		if err := <-r; err != nil {
			t.Error(err)
		}
	}
}

func TestContextLeavesTheQueueButNotTheGroup(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	ctx, cancel := context.WithCancel(t.Context())
	inGroup := g.commit(ctx, "first")
	<-g.begun
	queued, stays := g.commit(ctx, "queued"), g.commit(t.Context(), "stays")
	ctx2, cancel2 := context.WithCancel(t.Context())
	follows := g.commit(ctx2, "follows")
	cancel()
	if err := <-queued; !errors.Is(err, context.Canceled) {
		t.Errorf("in the queue: %v", err)
	}
	g.goOn <- nil
	if err := <-inGroup; err != nil {
		t.Errorf("leading a group: %v", err)
	}
	if got := <-g.begun; !slices.Equal(got, []string{"follows", "stays"}) {
		t.Errorf("the next group wrote %q", got)
	}
	cancel2()
	for range 20_000 {
		runtime.Gosched() // gives the follower the time to leave, which it must not
	}
	g.goOn <- nil
	for _, r := range []<-chan error{stays, follows} {
		if err := <-r; err != nil {
			t.Errorf("in a group: %v", err)
		}
	}
}

// What a commit under way has written is in bbolt's map before it is durable. A reader
// that saw it would be told of something that a crash undoes.
func TestReadsShowOnlyWhatIsDurable(t *testing.T) {
	t.Parallel()
	s := open(t).(*bolt.Store)
	visible, finish := make(chan struct{}), make(chan error)
	s.OnCommit(func(tx *bbolt.Tx) error {
		if err := tx.Commit(); err != nil {
			return err
		}
		close(visible) // as after the meta page was written and before its fsync
		return <-finish
	})
	committed := make(chan error, 1)
	go func() { committed <- s.Commit(t.Context(), nil, []store.Write{{Key: "e/a", Value: []byte("1")}}) }()
	<-visible
	var wg sync.WaitGroup
	var begun atomic.Int32
	for name, read := range map[string]func() error{
		"Get":    func() error { _, err := s.Get(t.Context(), "e/a"); return err },
		"absent": func() error { _, err := s.Get(t.Context(), "e/none"); return err },
		"verify": func() error { return s.Commit(t.Context(), []store.Check{{Key: "e/a", Rev: 1}}, nil) },
		"Scan": func() error {
			for _, err := range s.Scan(t.Context(), store.Range{}) {
				return err
			}
			return errors.New("nothing scanned")
		},
	} {
		wg.Go(func() {
			begun.Add(1)
			if err := read(); !errors.Is(err, store.ErrStopped) {
				t.Errorf("%s of a commit that then failed: %v", name, err)
			}
		})
	}
	for n := 0; n < 20_000 || begun.Load() < 4; n++ {
		runtime.Gosched() // gives a reader that does not wait the time to be caught
	}
	finish <- errors.New("input/output error")
	if err := <-committed; !errors.Is(err, store.ErrUnknown) {
		t.Errorf("the commit: %v", err)
	}
	wg.Wait()
}

// F1: a failed commit is unknown, the queue behind it learns that the store stopped, and
// after opening again either nothing or all of it is there.
func TestR06FailedCommitStopsTheStore(t *testing.T) {
	t.Parallel()
	for name, happened := range map[string]bool{"undone": false, "done": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir() + "/store.db"
			s := openAt(t, path)
			s.OnCommit(func(tx *bbolt.Tx) error {
				err := errors.New("input/output error")
				if happened {
					return errors.Join(err, tx.Commit())
				}
				return errors.Join(err, tx.Rollback())
			})
			w := []store.Write{{Key: "e/a", Value: []byte("1")}}
			if err := s.Commit(t.Context(), nil, w); !errors.Is(err, store.ErrUnknown) {
				t.Errorf("the failed commit: %v", err)
			}
			if err := s.Commit(t.Context(), nil, w); !errors.Is(err, store.ErrStopped) {
				t.Errorf("the next commit: %v", err)
			}
			if _, err := s.Get(t.Context(), "e/a"); !errors.Is(err, store.ErrStopped) {
				t.Errorf("a read: %v", err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			checkFile(t, path)
			s = openAt(t, path)
			defer func() { _ = s.Close() }()
			recs, err := s.Get(t.Context(), "e/a")
			if err != nil || (recs[0].Rev != 0) != happened || s.Restored() {
				t.Errorf("after opening again: %+v, %v, restored %v", recs, err, s.Restored())
			}
		})
	}
}

func TestFailureReachesTheQueue(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	first := g.commit(t.Context(), "first")
	<-g.begun
	a, b := g.commit(t.Context(), "a"), g.commit(t.Context(), "b")
	g.goOn <- errors.New("no space left on device")
	if err := <-first; !errors.Is(err, store.ErrUnknown) {
		t.Errorf("the group: %v", err)
	}
	for _, r := range []<-chan error{a, b} {
		if err := <-r; !errors.Is(err, store.ErrStopped) {
			t.Errorf("the queue: %v", err)
		}
	}
}

// A panic inside bbolt is a failed commit, not a dead process, and closing still ends.
func TestPanicInACommitStopsTheStore(t *testing.T) {
	t.Parallel()
	s := openAt(t, t.TempDir()+"/store.db")
	s.OnCommit(func(*bbolt.Tx) error { panic("page 7 already freed") })
	err := s.Commit(t.Context(), nil, []store.Write{{Key: "e/a", Value: []byte("1")}})
	if !errors.Is(err, store.ErrUnknown) || !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
