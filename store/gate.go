package store

import (
	"context"
	"sync"
)

// Gate lets at most a number of callers in at once. Others wait in the lanes of their
// contexts (WithLane), which take turns.
type Gate struct {
	share, most int

	mu   sync.Mutex
	free int
	line line
}

// NewGate makes a gate for that many at once, with at most share waiting in one lane and most
// in all; 0 is no limit.
func NewGate(atOnce, share, most int) *Gate {
	return &Gate{free: max(atOnce, 1), share: share, most: most}
}

// Enter waits its turn; whoever got in must Leave. Errors: ErrBusy, too many wait already;
// the context's.
func (g *Gate) Enter(ctx context.Context) error {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return nil
	}
	w := g.line.join(LaneOf(ctx), g.share, g.most)
	g.mu.Unlock()
	if w == nil {
		return ErrBusy
	}
	select {
	case err := <-w.answer:
		return err
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.line.leave(w) {
		return context.Cause(ctx)
	}
	return <-w.answer // it was called, or pushed out, in the same moment
}

// Leave lets the next one in.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.line.callNext() {
		g.free++
	}
}
