package password_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/password"
	"github.com/mfaflow/mfaflow/store"
)

func TestDefaultCost(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(password.Cost{}, store.NewGate(1, 0, 0), nil)
	phc, err := h.Hash(t.Context(), "secret", make([]byte, password.SaltSize))
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$") {
		t.Errorf("%s, error %v", phc, err)
	}
	for guess, want := range map[string]bool{"secret": true, "Secret": false, "": false} {
		if got, err := h.Verify(t.Context(), phc, guess); got != want || err != nil {
			t.Errorf("Verify(%q) = %t, %v", guess, got, err)
		}
	}
}

// Hashes that were not made here, or are too costly to compute, are errors.
func TestMalformedHash(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(password.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}, store.NewGate(1, 0, 0), nil)
	good, err := h.Hash(t.Context(), "x", make([]byte, password.SaltSize))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"x", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=64", "m=99999999", 1), strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "p=1", "p=0", 1), good + "$", good[:len(good)-3]} {
		if ok, err := h.Verify(t.Context(), bad, "x"); ok || err == nil {
			t.Errorf("%s: %t, %v", bad, ok, err)
		}
	}
}

// An empty hash costs one hash and is never right.
func TestDummy(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	h := password.NewHasher(password.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}, store.NewGate(1, 0, 0), func() { n.Add(1) })
	if ok, err := h.Verify(t.Context(), "", ""); ok || err != nil || n.Load() != 1 {
		t.Errorf("%t, %v, %d hashes", ok, err, n.Load())
	}
}

// No more hashes run at once than allowed, and one that waits can be given up.
func TestParallel(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int64
	started, release := make(chan struct{}, 9), make(chan struct{})
	h := password.NewHasher(password.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}, store.NewGate(2, 0, 0), func() {
		most.Store(max(most.Load(), now.Add(1)))
		started <- struct{}{}
		<-release
		now.Add(-1)
	})
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := h.Verify(t.Context(), "", "x"); err != nil {
				t.Error(err)
			}
		})
	}
	<-started
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Verify(ctx, "", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a canceled context: %v", err)
	}
	close(release)
	all.Wait()
	if most.Load() != 2 {
		t.Errorf("%d at once, want 2", most.Load())
	}
}
