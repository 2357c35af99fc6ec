package store

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Watch gives a channel that receives after this DB has committed a value (not a
// deletion) to a key that begins with prefix, so that a loop over those records need not
// poll. Commits that happen before the loop gets round to receiving are one signal. Call
// stop when done. Other processes on the same store are not seen.
func (db *DB) Watch(prefix Key) (signal <-chan struct{}, stop func()) {
	w := &watch{prefix: string(prefix), signal: make(chan struct{}, 1)}
	db.watches.add(w)
	return w.signal, func() { db.watches.remove(w) }
}

type watch struct {
	prefix string
	signal chan struct{}
}

func (w *watch) meant(wr Write) bool {
	return wr.Value != nil && strings.HasPrefix(string(wr.Key), w.prefix)
}

// watches is read at every commit and changed hardly ever: copy on write.
type watches struct {
	mu   sync.Mutex
	list atomic.Pointer[[]*watch]
}

func (ws *watches) all() []*watch {
	if list := ws.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (ws *watches) add(w *watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	list := append(slices.Clone(ws.all()), w)
	ws.list.Store(&list)
}

func (ws *watches) remove(w *watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(ws.all()), func(o *watch) bool { return o == w })
	ws.list.Store(&list)
}

func (ws *watches) wake(writes []Write) {
	for _, w := range ws.all() {
		if slices.ContainsFunc(writes, w.meant) {
			select {
			case w.signal <- struct{}{}:
			default: // one is waiting already
			}
		}
	}
}
