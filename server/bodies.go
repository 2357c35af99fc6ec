package server

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
)

// errCrowd says that the bodies of all requests together are too many, and errShare that
// those of one address are. The PingOne API knows them by the store's errors.
var (
	errCrowd = fmt.Errorf("the bodies of all requests are over the limit: %w", store.ErrContended)
	errShare = fmt.Errorf("the bodies of this address are over the limit: %w", store.ErrBusy)
)

// bytePool counts bytes that are in use, in all and an address, against two limits. At the
// limit of all together the addresses that use most are refused.
type bytePool struct {
	limit, share int64

	mu     sync.Mutex
	used   int64
	usedBy map[netip.Prefix]int64 // only who uses some
}

// reserve takes n bytes for an address, or says which limit forbids it.
func (p *bytePool) reserve(addr netip.Prefix, n int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.share > 0 && p.usedBy[addr]+n > p.share:
		return errShare
	case p.limit > 0 && p.used+n > p.limit && p.usedBy[addr]+n > p.fairShare(addr):
		return errCrowd
	}
	p.used += n
	p.usedBy[addr] += n
	return nil
}

// fairShare is what an address may use though the limit is reached, or a few that send
// slowly would keep everybody else out: an equal part. With n addresses all together use at
// most 1 + 1/2 + … + 1/n times the limit, for each came when there were fewer.
func (p *bytePool) fairShare(addr netip.Prefix) int64 {
	n := len(p.usedBy)
	if p.usedBy[addr] == 0 {
		n++
	}
	return p.limit / int64(n)
}

func (p *bytePool) release(addr netip.Prefix, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used -= n
	if p.usedBy[addr] -= n; p.usedBy[addr] <= 0 {
		delete(p.usedBy, addr)
	}
}

// meteredBody counts what is read of a body. A body that is announced counts only as far
// as it has come: who dribbles one takes no room with what never comes.
type meteredBody struct {
	io.ReadCloser
	pool *bytePool
	addr netip.Prefix
	read int64
}

func (b *meteredBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		if err := b.pool.reserve(b.addr, int64(n)); err != nil {
			return 0, err
		}
		b.read += int64(n)
	}
	return n, err
}

// meterBodies counts the body of a request from when it is read until it is answered: what
// it was decoded to lives as long.
func (s *Server) meterBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noted := seenIn(r.Context())
		b := &meteredBody{ReadCloser: r.Body, pool: &s.bodies, addr: clientBlock(s.clientIP(r))}
		defer func() { b.pool.release(b.addr, b.read) }()
		body := r.Body
		r.Body = b
		next.ServeHTTP(w, r)
		if noted.status >= http.StatusBadRequest && r.Header.Get("Expect") == "" {
			_, _ = io.CopyN(io.Discard, body, drainBytes) // an error ends the connection
		}
	})
}

// drainBytes is how much of a refused body is read and thrown away after the answer. Most
// clients send all of it before they read, and would see a broken connection instead of why.
const drainBytes = 2 << 20

// refuseEncoded refuses encoded bodies: nothing here unpacks them.
func (s *Server) refuseEncoded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
			s.writeProblem(w, r, refuse(unsupportedMediaType, "encoded bodies are not accepted"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// limitBody cuts the body at limit, announced or chunked. One that is announced longer is
// refused unread.
func limitBody(w http.ResponseWriter, r *http.Request, limit int64) error {
	if limit <= 0 {
		return nil
	}
	if r.ContentLength > limit {
		return bodyTooLarge(limit)
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return nil
}

func bodyTooLarge(limit int64) error {
	return refuse(tooLarge, "the body is over %d bytes", limit)
}

// bodyError tells the client why its body could not be read.
func bodyError(err error) error {
	switch cut, ok := err.(*http.MaxBytesError); {
	case ok:
		return bodyTooLarge(cut.Limit)
	case err == errShare:
		return refuse(engine.RateLimited, "this address sends too much at once")
	case err == errCrowd:
		return refuse(engine.Contended, "too much is sent at once; try again")
	}
	return refuse(engine.BadRequest, "the body could not be read")
}
