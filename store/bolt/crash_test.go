package bolt_test

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/bolt"
	"github.com/mfaflow/mfaflow/store/storetest"
)

var cycles = flag.Int("cycles", 50, "kills in TestR01KillUnderLoad")

func TestR01KillUnderLoad(t *testing.T) {
	storetest.RunCrash(t, *cycles,
		func(dir string) (store.Store, error) { return bolt.Open(filepath.Join(dir, "store.db")) },
		func(t testing.TB, dir string) { checkFile(t, filepath.Join(dir, "store.db")) })
}
