package engine

import (
	"container/list"
	"sync"
)

// programCache keeps what was compiled: programs once each, however many bundles share
// them, and the bundles used last. It is bounded in bytes. The deployed bundle stays
// whatever its size, for every start needs it.
type programCache struct {
	max int64

	mu        sync.Mutex
	bytes     int64
	compiled  int // entries that were ever compiled, for tests
	deployed  *Bundle
	bundles   map[string]*list.Element // by pinsKey; values are *Bundle
	recent    *list.List               // the same, the one used last in front
	entries   map[string]*entry        // by key, of the bundles kept
	revisions map[string][]string      // revision → flows that it calls, of the entries kept
	builds    map[string]*build        // by pinsKey, under way
}

// build is one bundle being made; who wants the same waits for it.
type build struct {
	done chan struct{}
	b    *Bundle
	err  error
}

func newProgramCache(max int64) *programCache {
	return &programCache{
		max: max, bundles: map[string]*list.Element{}, recent: list.New(),
		entries: map[string]*entry{}, revisions: map[string][]string{}, builds: map[string]*build{},
	}
}

// Bundle returns the bundle of pins, made by makeBundle unless it is there; unless exact,
// the deployed one serves for a part of its pins too. Callers who
// want the same at once share one run of makeBundle, but not its error: a unit of work
// that was given up says nothing about the next.
func (c *programCache) Bundle(pins map[string]string, exact bool, makeBundle func() (*Bundle, error)) (*Bundle, error) {
	key := ""
	for {
		c.mu.Lock()
		if c.deployed != nil && c.deployed.covers(pins) && !(exact && len(pins) < len(c.deployed.entries)) {
			defer c.mu.Unlock()
			return c.deployed, nil
		}
		if key == "" {
			key = pinsKey(pins)
		}
		if at := c.bundles[key]; at != nil {
			c.recent.MoveToFront(at)
			defer c.mu.Unlock()
			return at.Value.(*Bundle), nil
		}
		other := c.builds[key]
		if other == nil {
			break
		}
		c.mu.Unlock()
		<-other.done
		if other.err == nil {
			return other.b, nil
		}
	}
	own := &build{done: make(chan struct{})}
	c.builds[key] = own
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.builds, key)
		if own.err == nil {
			c.keep(key, own.b)
		}
		c.mu.Unlock()
		close(own.done)
	}()
	own.err = errBuildPanicked // unless makeBundle returns
	own.b, own.err = makeBundle()
	return own.b, own.err
}

// Deploy makes b the deployed bundle.
func (c *programCache) Deploy(b *Bundle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deployed != b {
		c.deployed = b
		c.evict()
	}
}

// Entry finds a compiled flow by its key.
func (c *programCache) Entry(key string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.entries[key]
}

// ListCalled lists the flows that a revision calls, if an entry of it is kept.
func (c *programCache) ListCalled(revision string) ([]string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	called, ok := c.revisions[revision]
	return called, ok
}

// Bytes is what the cache holds, as entryBytes estimates it.
func (c *programCache) Bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// CountCompiled counts the flows that were compiled for the cache so far.
func (c *programCache) CountCompiled() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.compiled
}

func (c *programCache) countCompiled() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compiled++
}

// keep adds a bundle under the lock. What another build compiled meanwhile is shared.
func (c *programCache) keep(key string, b *Bundle) {
	if b.incomplete {
		return // what could not be read now may be read later
	}
	for id, e := range b.entries {
		if other := c.entries[e.key]; other != nil {
			e = other
			b.setEntry(id, e)
		} else {
			c.entries[e.key] = e
			c.revisions[e.revision] = e.called
			c.bytes += e.bytes
		}
		e.users++
	}
	b.key = key
	c.bytes += bundleBytes(b)
	c.bundles[key] = c.recent.PushFront(b)
	c.evict()
}

// evict drops the bundles used longest ago until the rest fits. The newest stays: it is
// about to be used.
func (c *programCache) evict() {
	for at := c.recent.Back(); at != nil && c.bytes > c.max && at != c.recent.Front(); {
		b, before := at.Value.(*Bundle), at.Prev()
		if b != c.deployed {
			c.recent.Remove(at)
			delete(c.bundles, b.key)
			c.bytes -= bundleBytes(b)
			c.release(b)
		}
		at = before
	}
}

// release drops the entries that no kept bundle has any more.
func (c *programCache) release(b *Bundle) {
	for _, e := range b.entries {
		if e.users--; e.users > 0 {
			continue
		}
		delete(c.entries, e.key)
		c.bytes -= e.bytes
		delete(c.revisions, e.revision) // another entry of it costs a parse, no more
	}
}

// The size of what is kept, in bytes, measured as live heap after a collection: of the
// shipped templates, and of flows that are made of many small expressions or nodes.
const (
	bytesPerSourceByte = 80
	bytesPerExpression = 1200
	bytesPerEntry      = 8 << 10
	bytesPerPin        = 300
)

// entryBytes estimates what a compiled flow takes of memory.
func entryBytes(source, expressions int) int64 {
	return int64(source)*bytesPerSourceByte + int64(expressions)*bytesPerExpression + bytesPerEntry
}

func bundleBytes(b *Bundle) int64 { return int64(len(b.entries)) * bytesPerPin }
