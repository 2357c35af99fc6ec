package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"

	"github.com/mfaflow/mfaflow/store"
)

// The layout of a bbolt file, in the byte order of the machine that wrote it.
const (
	pageHeader = 16 // id 8, flags 2, count 2, overflow 4
	element    = 16 // leaf: flags 4, pos 4, ksize 4, vsize 4; branch: pos 4, ksize 4, page 8
	bucketHead = 16 // root page 8, sequence 8; root 0: the page follows inline

	branchFlag = 1
	leafFlag   = 2
	bucketFlag = 1 // of a leaf's element

	metaMagic = 0xED0CDAED
	metaSum   = pageHeader + 56 // FNV-1a of the 56 bytes after the header
	metaSize  = metaSum + 8

	maxDepth = 64
)

// checker reads a file as bbolt would, but with read calls and limits: bbolt walks the
// pages on a goroutine of its own, where a truncated or damaged file is the end of the
// process and not an error.
type checker struct {
	file     io.ReaderAt
	pageSize int64
	pages    uint64   // pages in use are below
	seen     []uint64 // a bit for each
	levels   [maxDepth + 2]struct {
		page []byte
		els  []el
	} // one of each a depth is in use at a time
}

// checkFile walks all pages in use: that they are there, are linked once, hold their keys
// in order, and that each value has its sum.
func checkFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c := &checker{file: f}
	root, err := c.meta()
	if err != nil {
		return damage(path, err)
	}
	if need := int64(c.pages) * c.pageSize; info.Size() < need {
		return damage(path, fmt.Errorf("it has %d of %d bytes", info.Size(), need))
	}
	c.seen = make([]uint64, c.pages/64+1)
	if err := c.page(root, nil, nil, 0); err != nil {
		return damage(path, err)
	}
	return nil
}

func damage(path string, err error) error {
	return fmt.Errorf("%s is damaged or truncated, restore a backup: %w: %w", path, store.ErrCorrupt, err)
}

// meta takes the younger of the two meta pages and returns the root page.
func (c *checker) meta() (root uint64, err error) {
	var txid uint64
	try := func(at int64) {
		var b [metaSize]byte
		if _, err := c.file.ReadAt(b[:], at); err != nil {
			return
		}
		u32, u64 := binary.NativeEndian.Uint32, binary.NativeEndian.Uint64
		sum := fnv.New64a()
		_, _ = sum.Write(b[pageHeader:metaSum])
		if u32(b[16:]) != metaMagic || sum.Sum64() != u64(b[metaSum:]) {
			return
		}
		if id := u64(b[64:]); c.pageSize == 0 || id > txid {
			txid, c.pageSize = id, int64(u32(b[24:]))
			root, c.pages = u64(b[32:]), u64(b[56:])
		}
	}
	if try(0); c.pageSize > 0 {
		try(c.pageSize)
	}
	for shift := 0; shift < 15 && c.pageSize == 0; shift++ {
		try(1 << 10 << shift) // only the damaged first one says where the second is
	}
	if c.pageSize == 0 {
		return 0, errors.New("no valid meta page")
	}
	return root, nil
}

// page walks the tree below a page, whose keys lie in [low, high).
func (c *checker) page(id uint64, low, high []byte, depth int) error {
	if id < 2 || id >= c.pages || depth > maxDepth {
		return fmt.Errorf("page %d is out of place", id)
	}
	p, err := c.read(id, depth, 0)
	if err != nil {
		return err
	}
	overflow := uint64(binary.NativeEndian.Uint32(p[12:]))
	if binary.NativeEndian.Uint64(p) != id || overflow >= c.pages-id {
		return fmt.Errorf("page %d has a bad header", id)
	}
	for i := id; i <= id+overflow; i++ {
		if c.seen[i/64]&(1<<(i%64)) != 0 {
			return fmt.Errorf("page %d is used twice", i)
		}
		c.seen[i/64] |= 1 << (i % 64)
	}
	if overflow > 0 {
		if p, err = c.read(id, depth, overflow); err != nil {
			return err
		}
	}
	if err := c.elements(p, low, high, depth); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// read gives a page and those it flows over to, in the buffer of its depth.
func (c *checker) read(id uint64, depth int, overflow uint64) ([]byte, error) {
	l := &c.levels[depth]
	size := int(overflow+1) * int(c.pageSize)
	l.page = slices.Grow(l.page[:0], size)[:size]
	if _, err := c.file.ReadAt(l.page, int64(id)*c.pageSize); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	return l.page, nil
}

// elements checks what a page holds and goes on to what hangs on it. Keys and values
// lie one after the other behind the table of elements: a damaged count or size shows.
func (c *checker) elements(p, low, high []byte, depth int) error {
	flags, count := binary.NativeEndian.Uint16(p[8:]), int(binary.NativeEndian.Uint16(p[10:]))
	if flags != branchFlag && flags != leafFlag || flags == branchFlag && count == 0 {
		return fmt.Errorf("flags %x with %d elements", flags, count)
	}
	els, err := c.table(p, flags == leafFlag, count, depth)
	if err != nil {
		return err
	}
	for i, el := range els {
		if order := bytes.Compare(low, el.key); order > 0 || order == 0 && i > 0 || high != nil && bytes.Compare(el.key, high) >= 0 {
			return fmt.Errorf("key %d is out of order", i)
		}
		low = el.key
		switch {
		case flags == branchFlag && i+1 < count:
			err = c.page(el.child, el.key, els[i+1].key, depth+1)
		case flags == branchFlag:
			err = c.page(el.child, el.key, high, depth+1)
		case el.flags == bucketFlag:
			err = c.bucket(el.value, depth)
		case el.flags == 0:
			_, _, err = unframe(string(el.key), el.value)
		default:
			err = fmt.Errorf("key %d has flags %x", i, el.flags)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// el is an element of a page: of a leaf a value, of a branch the page below.
type el struct {
	key, value []byte
	flags      uint32
	child      uint64
}

func (c *checker) table(p []byte, leaf bool, count, depth int) ([]el, error) {
	u32, u64 := binary.NativeEndian.Uint32, binary.NativeEndian.Uint64
	els := slices.Grow(c.levels[depth].els[:0], count)[:count]
	c.levels[depth].els = els
	end := pageHeader + count*element
	if end > len(p) {
		return nil, fmt.Errorf("%d elements", count)
	}
	for i := range els {
		at := p[pageHeader+i*element:]
		var pos, ksize, vsize uint32
		els[i] = el{}
		if leaf {
			els[i].flags, pos, ksize, vsize = u32(at), u32(at[4:]), u32(at[8:]), u32(at[12:])
		} else {
			pos, ksize, els[i].child = u32(at), u32(at[4:]), u64(at[8:])
		}
		start := pageHeader + i*element + int(pos)
		if start != end || uint64(start)+uint64(ksize)+uint64(vsize) > uint64(len(p)) {
			return nil, fmt.Errorf("key %d is not in its place", i)
		}
		end += int(ksize) + int(vsize)
		els[i].key = p[start : start+int(ksize)]
		els[i].value = p[start+int(ksize) : end]
	}
	return els, nil
}

// bucket walks the tree that a bucket's value names or, if it is small, holds.
func (c *checker) bucket(value []byte, depth int) error {
	if len(value) < bucketHead {
		return errors.New("a bucket without a head")
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return c.page(root, nil, nil, depth+1)
	}
	if len(value) < bucketHead+pageHeader || depth > maxDepth {
		return errors.New("a bucket without a page")
	}
	return c.elements(value[bucketHead:], nil, nil, depth+1)
}
