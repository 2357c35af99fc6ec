package store

import (
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"
)

// idSource makes UUIDv7s that rise strictly: within a millisecond, and while the clock
// stands or goes back, a counter in the 12 bits after the version rises instead
// (RFC 9562, section 6.2, method 1). Inserts by such keys touch few pages.
type idSource struct {
	now  func() time.Time
	rand io.Reader

	mu   sync.Mutex
	last int64 // milliseconds << 12 | counter
}

func (s *idSource) next() string {
	var b [16]byte
	mustRead(s.rand, b[8:])

	s.mu.Lock()
	s.last = max(s.now().UnixMilli()<<12, s.last+1)
	at := s.last
	s.mu.Unlock()

	for i := range 6 {
		b[i] = byte(at >> (12 + 8*(5-i)))
	}
	b[6] = 0x70 | byte(at>>8)&0x0f
	b[7] = byte(at)
	b[8] = 0x80 | b[8]&0x3f
	return formatUUID(b)
}

func formatUUID(b [16]byte) string {
	var s [36]byte
	hex.Encode(s[:8], b[:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:], b[10:])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// mustRead fills p. Without randomness there is no safe way to go on; crypto/rand
// itself ends the process then.
func mustRead(r io.Reader, p []byte) {
	if _, err := io.ReadFull(r, p); err != nil {
		panic(fmt.Sprintf("store: reading randomness: %v", err))
	}
}
