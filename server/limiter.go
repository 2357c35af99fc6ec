package server

import (
	"hash/maphash"
	"maps"
	"net/netip"
	"sync"
	"time"
)

// rateLimiter counts events a key and minute with bounded memory. A key may spend a whole
// minute's allowance at once; it comes back evenly.
//
// What is kept of a key is when its allowance is full again, and a full one is forgotten
// without loss. When more keys than tracked have spent something within the minute, none of
// them is forgotten, or whoever commands many addresses could free one by using the others:
// newcomers share crowdSlots allowances until there is room.
type rateLimiter[K comparable] struct {
	perMinute, tracked int
	now                func() time.Time
	seed               maphash.Seed

	mu     sync.Mutex
	fullAt map[K]int64 // in ns of the Unix time
	crowd  [crowdSlots]int64
	swept  int64 // when full allowances were forgotten last
}

// crowdSlots spread newcomers so that one of them seldom meets an attacker's slot.
const crowdSlots = 1 << 12

// newRateLimiter makes a limiter; 0 a minute is none.
func newRateLimiter[K comparable](perMinute, tracked int, now func() time.Time) *rateLimiter[K] {
	return &rateLimiter[K]{
		perMinute: perMinute, tracked: max(tracked, 1), now: now,
		seed: maphash.MakeSeed(), fullAt: map[K]int64{},
	}
}

// countEvent counts one event of key. It returns 0, or how long to wait when there were too
// many; those are not counted.
func (l *rateLimiter[K]) countEvent(key K) (wait time.Duration) {
	if l.perMinute <= 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now().UnixNano()
	slot := &l.crowd[maphash.Comparable(l.seed, key)%crowdSlots]
	full, known := l.fullAt[key]
	if !known {
		full = *slot
	}
	// A clock that was set back must not lock anybody out for longer than a minute, so what
	// was kept by the old time is kept by the new one, also of who is refused.
	full = min(max(full, now), now+int64(time.Minute))
	next := full + int64(time.Minute)/int64(l.perMinute)
	wait = max(time.Duration(next-now)-time.Minute, 0)
	if wait == 0 {
		full = next
	}
	if known || wait == 0 && l.hasRoom(now) {
		l.fullAt[key] = full
	} else {
		*slot = full
	}
	return wait
}

// hasRoom reports whether one more key can be tracked. It looks through them once a second
// at most, for that takes a millisecond.
func (l *rateLimiter[K]) hasRoom(now int64) bool {
	if len(l.fullAt) < l.tracked {
		return true
	}
	if since := now - l.swept; since < 0 || since >= int64(time.Second) {
		l.swept = now
		// Later than in a minute is by a clock that was set back.
		maps.DeleteFunc(l.fullAt, func(_ K, full int64) bool { return full <= now || full > now+int64(time.Minute) })
	}
	return len(l.fullAt) < l.tracked
}

// clientBlock is the network that counts as one client: an IPv4 address, or the /64 that
// one IPv6 customer gets at least.
func clientBlock(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address: all of those count as one client
	}
	return p
}
