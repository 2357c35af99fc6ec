package bolt

import (
	"fmt"
	"runtime/debug"

	"github.com/mfaflow/mfaflow/store"
)

// guard turns the faults and panics by which bbolt answers a damaged file into an
// error. Reading past the end of a truncated file would otherwise end the process with
// a bare SIGBUS.
func guard(path string, fn func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(before)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store/bolt: %s is damaged or truncated, restore a backup (%v): %w", path, p, store.ErrCorrupt)
		}
	}()
	return fn()
}
