package store_test

import (
	"context"
	"sync"

	"github.com/mfaflow/mfaflow/store"
)

// hooked is a Store that lets a test act just before a commit reaches the inner one.
// The hook runs only for commits of the DB under test.
type hooked struct {
	store.Store
	mu     sync.Mutex
	before func(checks []store.Check, writes []store.Write) error
}

// on sets the hook; an error of it is the commit's.
func (h *hooked) on(fn func([]store.Check, []store.Write) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before = fn
}

func (h *hooked) Commit(ctx context.Context, checks []store.Check, writes []store.Write) error {
	h.mu.Lock()
	fn := h.before
	h.mu.Unlock()
	if fn != nil {
		if err := fn(checks, writes); err != nil {
			return err
		}
	}
	return h.Store.Commit(ctx, checks, writes)
}
