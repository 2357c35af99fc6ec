package embedded

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
)

// line is the connection of one sending. The library leaves it open when it fails.
type line struct {
	mode string
	tls  *tls.Config

	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.conn = conn
	closed := l.closed
	l.mu.Unlock()
	if closed {
		conn.Close() //nolint:errcheck // given up already
		return nil, context.Cause(ctx)
	}
	if l.mode != tlsImplicit {
		return conn, nil
	}
	secure := tls.Client(conn, l.tls)
	return secure, secure.HandshakeContext(ctx)
}

func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.conn != nil {
		l.conn.Close() //nolint:errcheck // a second time, mostly
	}
}
