package server

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter counts events an address and minute with bounded memory: when more addresses
// come than it tracks, it forgets the one not seen for longest.
type limiter struct {
	perMinute, tracked int
	now                func() time.Time

	mu     sync.Mutex
	recent *list.List // of *bucket, most recent first
	byAddr map[netip.Prefix]*list.Element
}

type bucket struct {
	addr netip.Prefix
	rate *rate.Limiter
}

func newLimiter(perMinute, tracked int, now func() time.Time) *limiter {
	return &limiter{
		perMinute: perMinute, tracked: max(tracked, 1), now: now,
		recent: list.New(), byAddr: map[netip.Prefix]*list.Element{},
	}
}

// take counts one event of addr. It returns 0, or how long to wait when there were too
// many; those are not counted.
func (l *limiter) take(addr netip.Addr) (wait time.Duration) {
	if l.perMinute <= 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	r := l.bucket(client(addr)).rate.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

func (l *limiter) bucket(p netip.Prefix) *bucket {
	if e, ok := l.byAddr[p]; ok {
		l.recent.MoveToFront(e)
		return e.Value.(*bucket)
	}
	if len(l.byAddr) >= l.tracked {
		oldest := l.recent.Remove(l.recent.Back()).(*bucket)
		delete(l.byAddr, oldest.addr)
	}
	b := &bucket{p, rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)}
	l.byAddr[p] = l.recent.PushFront(b)
	return b
}

// client is the network that counts as one client: an IPv4 address, or the /64 that one
// IPv6 customer gets at least.
func client(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address: all of those share one bucket
	}
	return p
}
