package embedded

import (
	"hash/maphash"
	"sync"
	"time"
)

// guesses counts wrong secrets of worker clients, and remembers from where the right one
// came. Strangers choose what is counted, so memory is fixed: clients that share a slot share
// its count, and ids of no client are counted as others are.
type guesses struct {
	most int // wrong ones a client and minute; 0 is no limit
	seed maphash.Seed

	mu    sync.Mutex
	wrong [guessSlots]struct {
		minute int64
		count  int
	}
	right map[origin]time.Time
}

// origin is a client at an address.
type origin struct{ client, address string }

const (
	guessSlots = 1 << 10
	maxOrigins = 1 << 12        // of the right secret; more forget one
	originLife = 24 * time.Hour // as long as a day's jobs are apart
)

func newGuesses(most int) *guesses {
	return &guesses{most: most, seed: maphash.MakeSeed(), right: map[origin]time.Time{}}
}

// mayGuess reports whether a secret of that origin is looked at.
func (g *guesses) mayGuess(from origin, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at, ok := g.right[from]; g.most <= 0 || ok && now.Sub(at) < originLife {
		return true
	}
	slot := &g.wrong[g.slotOf(from.client)]
	return slot.minute != minuteOf(now) || slot.count < g.most
}

// recordGuess keeps how a guess ended.
func (g *guesses) recordGuess(from origin, ok bool, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ok {
		if _, known := g.right[from]; !known && len(g.right) >= maxOrigins {
			for other := range g.right {
				delete(g.right, other)
				break
			}
		}
		g.right[from] = now
		return
	}
	slot := &g.wrong[g.slotOf(from.client)]
	if slot.minute != minuteOf(now) {
		slot.minute, slot.count = minuteOf(now), 0
	}
	slot.count++
}

func (g *guesses) slotOf(client string) uint64 { return maphash.String(g.seed, client) % guessSlots }

func minuteOf(now time.Time) int64 { return now.Unix() / 60 }
