package memory_test

import (
	"testing"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
	"github.com/mfaflow/mfaflow/store/storetest"
)

func open(t testing.TB) store.Store {
	s := memory.New()
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

func TestStoreConcurrent(t *testing.T) {
	t.Parallel()
	storetest.RunConcurrent(t, open)
}
