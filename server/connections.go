package server

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
)

// limitConnections lets an address have its share of the connections of l, and all of
// them together no more than the limit. Trusted proxies have no share: they speak for
// many.
func (s *Server) limitConnections(l net.Listener) net.Listener {
	return &fairListener{Listener: l, limit: s.limits.Connections, share: s.limits.ConnectionsPerAddress,
		isProxy: s.trusted, byAddr: map[netip.Prefix][]*countedConn{}}
}

// fairListener accepts connections within the limits and closes the others at once:
// waiting for room would keep everybody waiting.
type fairListener struct {
	net.Listener
	limit, share int
	isProxy      func(netip.Addr) bool

	mu     sync.Mutex
	open   int
	byAddr map[netip.Prefix][]*countedConn // oldest first; without those of proxies
}

// countedConn is an open connection.
type countedConn struct {
	net.Conn
	listener *fairListener
	addr     netip.Prefix
	proxy    bool
	busy     bool // a request is under way
	closed   bool
}

func (l *fairListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		counted, instead := l.admit(c)
		if instead != nil {
			instead.Conn.Close() // its server sees an error and lets go
		}
		if counted != nil {
			return counted, nil
		}
		c.Close()
	}
}

// admit counts a new connection, nil if it may not stay. When all places are taken, the
// address that has most of them gives one to an address that has less.
func (l *fairListener) admit(raw net.Conn) (c, instead *countedConn) {
	var ip netip.Addr
	if peer, err := netip.ParseAddrPort(raw.RemoteAddr().String()); err == nil {
		ip = peer.Addr().Unmap().WithZone("")
	}
	c = &countedConn{Conn: raw, listener: l, addr: clientBlock(ip), proxy: l.isProxy(ip)}
	l.mu.Lock()
	defer l.mu.Unlock()
	mine := len(l.byAddr[c.addr])
	if !c.proxy && l.share > 0 && mine >= l.share {
		return nil, nil
	}
	if l.limit > 0 && l.open >= l.limit {
		if instead = l.spare(mine); instead == nil {
			return nil, nil
		}
		l.remove(instead)
	}
	l.open++
	if !c.proxy {
		l.byAddr[c.addr] = append(l.byAddr[c.addr], c)
	}
	return c, instead
}

// spare is a connection of the address that has most, if that is more than mine: the
// oldest that waits for a request, else the oldest.
func (l *fairListener) spare(mine int) *countedConn {
	var most []*countedConn
	for _, list := range l.byAddr {
		if len(list) > max(mine, len(most)) {
			most = list
		}
	}
	if i := slices.IndexFunc(most, func(c *countedConn) bool { return !c.busy }); i >= 0 {
		return most[i]
	}
	if len(most) > 0 {
		return most[0]
	}
	return nil
}

// remove counts a connection no longer. The caller holds the lock.
func (l *fairListener) remove(c *countedConn) {
	if c.closed {
		return
	}
	c.closed = true
	l.open--
	if c.proxy {
		return
	}
	l.byAddr[c.addr] = slices.DeleteFunc(l.byAddr[c.addr], func(x *countedConn) bool { return x == c })
	if len(l.byAddr[c.addr]) == 0 {
		delete(l.byAddr, c.addr)
	}
}

// Close gives the connection's place back.
func (c *countedConn) Close() error {
	c.listener.mu.Lock()
	c.listener.remove(c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}

// noteConnState is the http.Server's ConnState: between requests a connection can be
// spared.
func noteConnState(c net.Conn, state http.ConnState) {
	if counted, ok := c.(*countedConn); ok {
		counted.listener.mu.Lock()
		defer counted.listener.mu.Unlock()
		counted.busy = state == http.StateActive
	}
}
