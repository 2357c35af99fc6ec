package bolt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/mfaflow/mfaflow/store"
)

const (
	format = "mfaflow store 1"

	// A map larger than the file costs address space only, and growing it stops all
	// readers.
	initialMmap = 1 << 30
)

// options: not writing the freelist keeps a commit's cost from growing with the number
// of free pages (5.7 ms → 0.25 ms at a million records after a purge); reading the whole
// tree at open is the price (about 1.3 µs a record).
func options() *bbolt.Options {
	return &bbolt.Options{
		Timeout:         time.Second,
		NoFreelistSync:  true,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: initialMmap,
	}
}

// Open opens the file at path, and makes it if there is none, with mode 0600; the
// folder must exist. One process may have it open: another waits a second and fails. A
// file that is no store or is damaged gives an error with store.ErrCorrupt.
func Open(path string) (*Store, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if err := create(path); err != nil {
			return nil, fmt.Errorf("store/bolt: making %s: %w", path, err)
		}
	case err != nil:
		return nil, fmt.Errorf("store/bolt: %w", err)
	case info.Size() == 0:
		return nil, fmt.Errorf("store/bolt: %s is empty, restore a backup or remove it: %w", path, store.ErrCorrupt)
	default:
		if err := checkFile(path); err != nil {
			return nil, fmt.Errorf("store/bolt: %w", err)
		}
	}
	s := &Store{path: path, commit: (*bbolt.Tx).Commit}
	if err := guard(path, s.open); err != nil {
		if s.db != nil {
			err = errors.Join(err, s.db.Close())
		}
		return nil, fmt.Errorf("store/bolt: opening %s: %w", path, err)
	}
	if err := s.openWitness(); err != nil {
		return nil, errors.Join(fmt.Errorf("store/bolt: %w", err), s.db.Close())
	}
	return s, nil
}

func (s *Store) open() error {
	db, err := bbolt.Open(s.path, 0o600, options())
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("another process has it open: %w", err)
	case err != nil:
		return err
	}
	s.db = db
	return db.View(s.readMeta)
}

// readMeta takes over the counter of a file that is ours.
func (s *Store) readMeta(tx *bbolt.Tx) error {
	meta := tx.Bucket([]byte(metaBucket))
	if meta == nil || tx.Bucket([]byte(dataBucket)) == nil {
		return fmt.Errorf("no %s: %w", format, store.ErrCorrupt)
	}
	rev, said, err := unframe(stateKey, meta.Get([]byte(stateKey)))
	if err != nil || string(said) != format {
		return fmt.Errorf("no %s: %w", format, store.ErrCorrupt)
	}
	s.rev = rev
	s.durable.Store(&durable{tx: tx.ID(), rev: rev})
	return nil
}

func putState(meta *bbolt.Bucket, rev uint64) error {
	return meta.Put([]byte(stateKey), frame(nil, stateKey, rev, []byte(format)))
}

// create makes an empty store under another name and then gives it its own: the first
// pages of bbolt are not written atomically, and a power cut among them leaves a file
// that cannot be opened. Linking, unlike renaming, never replaces what another process
// has made meanwhile.
func create(path string) error {
	tmp := path + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := initialise(tmp); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Link(tmp, path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := os.Remove(tmp); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func initialise(path string) error {
	db, err := bbolt.Open(path, 0o600, options())
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		meta, err := tx.CreateBucket([]byte(metaBucket))
		if err != nil {
			return err
		}
		if _, err := tx.CreateBucket([]byte(dataBucket)); err != nil {
			return err
		}
		return putState(meta, 0)
	})
	return errors.Join(err, db.Sync(), db.Close())
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
