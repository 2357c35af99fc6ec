package bolt

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
)

// A witness file has two slots, written in turn, so that one torn by a power cut leaves
// the other:
//
//	magic 8 | turn 8 | revision 8 | birth of the store file 8 | crc32c 4
const (
	witnessMagic = "mfaflow!"
	witnessBody  = 32
	slotSize     = 512 // one sector
)

// witness remembers outside of the store file how far it had come.
type witness struct {
	path  string
	file  *os.File // nil until the first commit after a restore without witness
	turn  uint64
	rev   uint64
	birth int64
}

// openWitness compares the file with what its witness saw, and goes on from there. It
// writes nothing over a witness that disagrees: that is for the next commit, which
// raises the epoch.
func (s *Store) openWitness() error {
	path := s.path + ".witness"
	birth, err := birthTime(s.path)
	if err != nil {
		return err
	}
	w := &witness{path: path}
	s.witness = w
	w.file, err = os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	seen := err == nil && w.read()
	copied := w.birth != 0 && birth != 0 && w.birth != birth
	s.restored.Store(s.rev > 0 && (!seen || copied || w.rev > s.rev))
	s.rev = max(s.rev, w.rev)
	w.birth = birth
	if w.file == nil && s.rev == 0 {
		return w.create(0)
	}
	return nil
}

// read takes the younger of the two slots; false if neither is whole.
func (w *witness) read() bool {
	found := false
	var slot [witnessBody + 4]byte
	for i := range int64(2) {
		if _, err := w.file.ReadAt(slot[:], i*slotSize); err != nil || string(slot[:8]) != witnessMagic {
			continue
		}
		if crc32.Checksum(slot[:witnessBody], castagnoli()) != binary.BigEndian.Uint32(slot[witnessBody:]) {
			continue
		}
		if turn := binary.BigEndian.Uint64(slot[8:]); !found || turn > w.turn {
			found = true
			w.turn = turn
			w.rev = binary.BigEndian.Uint64(slot[16:])
			w.birth = int64(binary.BigEndian.Uint64(slot[24:]))
		}
	}
	return found
}

// create makes the file and both slots, durably.
func (w *witness) create(rev uint64) (err error) {
	w.file, err = os.OpenFile(w.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(w.write(rev), w.write(rev), w.file.Sync(), syncDir(filepath.Dir(w.path)))
}

// saw notes that rev is durable. There is no fsync: the kernel keeps what a killed
// process wrote, and after a power cut the witness may lag, never lead. A witness that
// cannot be written lags too, which is no reason to refuse a commit that is done.
func (w *witness) saw(rev uint64) {
	if w.file == nil {
		_ = w.create(rev)
		return
	}
	_ = w.write(rev)
}

func (w *witness) write(rev uint64) error {
	var slot [witnessBody + 4]byte
	w.turn++
	copy(slot[:], witnessMagic)
	binary.BigEndian.PutUint64(slot[8:], w.turn)
	binary.BigEndian.PutUint64(slot[16:], rev)
	binary.BigEndian.PutUint64(slot[24:], uint64(w.birth))
	binary.BigEndian.PutUint32(slot[witnessBody:], crc32.Checksum(slot[:witnessBody], castagnoli()))
	_, err := w.file.WriteAt(slot[:], int64(w.turn&1)*slotSize)
	return err
}

func (w *witness) close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }
