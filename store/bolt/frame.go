package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/mfaflow/mfaflow/store"
)

// A value in the file is
//
//	crc32c 4 of the key and all that follows | revision 8 | value
//
// bbolt checks nothing of what its pages say. The sum is not against malice, that is
// for the seal: it finds a damaged key or revision, which no seal covers.
const (
	sumSize   = 4
	frameSize = sumSize + 8
)

// frame appends the framed value to buf.
func frame(buf []byte, key string, rev uint64, value []byte) []byte {
	at := len(buf)
	buf = append(buf, 0, 0, 0, 0)
	buf = binary.BigEndian.AppendUint64(buf, rev)
	buf = append(buf, value...)
	binary.BigEndian.PutUint32(buf[at:], sum(key, buf[at+sumSize:]))
	return buf
}

// unframe gives the parts of a framed value, which it does not copy.
func unframe(key string, framed []byte) (rev uint64, value []byte, err error) {
	if len(framed) < frameSize || binary.BigEndian.Uint32(framed) != sum(key, framed[sumSize:]) {
		return 0, nil, fmt.Errorf("store/bolt: %q: %w", key, store.ErrCorrupt)
	}
	return binary.BigEndian.Uint64(framed[sumSize:]), framed[frameSize:], nil
}

func sum(key string, rest []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum([]byte(key), table), table, rest)
}
