package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/server"
)

// crowd is a server under Serve, whose clients come from any address.
type crowd struct {
	t    *testing.T
	from *namedListener
}

// namedListener gives each connection the address that the test says.
type namedListener struct {
	net.Listener
	mu   sync.Mutex
	name string
}

type namedConn struct {
	net.Conn
	addr net.Addr
}

func (c namedConn) RemoteAddr() net.Addr { return c.addr }

func (l *namedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return namedConn{c, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(l.name), 40000))}, nil
}

func newCrowd(t *testing.T, change func(*server.Options)) *crowd {
	t.Helper()
	run := newEngine(t, time.Now)
	o := server.Options{Runner: run, Catalog: run.Catalog(), ManagementToken: token}
	change(&o)
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{t: t, from: &namedListener{Listener: l}}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, c.from) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return c
}

// member is one client of a crowd.
type member struct {
	net.Conn
	r *bufio.Reader
}

// dial connects from an address and asks once, so that the server has taken the
// connection or closed it. It returns nil when it was closed.
func (c *crowd) dial(addr string) *member {
	c.t.Helper()
	c.from.mu.Lock()
	c.from.name = addr
	c.from.mu.Unlock()
	conn, err := net.Dial("tcp", c.from.Addr().String())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	m := &member{conn, bufio.NewReader(conn)}
	if !m.ask() {
		return nil
	}
	return m
}

// ask reports whether a request on the connection is answered.
func (m *member) ask() bool {
	if _, err := io.WriteString(m, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return false
	}
	resp, err := http.ReadResponse(m.r, nil)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close()) == nil && resp.StatusCode == http.StatusOK
}

// dialMany dials n times and returns those who stayed.
func (c *crowd) dialMany(addr func(i int) string, n int) (stayed []*member) {
	c.t.Helper()
	for i := range n {
		if m := c.dial(addr(i)); m != nil {
			stayed = append(stayed, m)
		}
	}
	return stayed
}

func countAnswered(all []*member) (n int) {
	for _, m := range all {
		if m.ask() {
			n++
		}
	}
	return n
}

// An address has 256 connections, idle or not, and whatever it does others are served.
func TestConnectionsOfAnAddress(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		addr func(i int) string
		want int
	}{
		"IPv4":          {func(int) string { return "203.0.113.1" }, 256},
		"mapped IPv4":   {func(i int) string { return []string{"203.0.113.1", "::ffff:203.0.113.1"}[i%2] }, 256},
		"one /64":       {func(i int) string { return fmt.Sprintf("2001:db8::%x:1", i) }, 256},
		"two /64":       {func(i int) string { return fmt.Sprintf("2001:db8:0:%d::%x", i%2, i) }, 300},
		"trusted proxy": {func(int) string { return "10.0.0.1" }, 300},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrowd(t, func(o *server.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
			stayed := c.dialMany(tc.addr, 300)
			if got := countAnswered(stayed); len(stayed) != tc.want || got != tc.want {
				t.Errorf("of 300 connections %d were taken and %d live, want %d", len(stayed), got, tc.want)
			}
			if c.dial("198.51.100.7") == nil {
				t.Error("another address is not served")
			}
			if tc.want == 256 {
				stayed[0].Close()
				for c.dial(tc.addr(0)) == nil { // the server sees the close soon
				}
			}
		})
	}
}

// When all places are taken, an address that has fewer than another gets one of its.
func TestConnectionsOfAll(t *testing.T) {
	t.Parallel()
	limits := server.DefaultLimits()
	limits.Connections, limits.ConnectionsPerAddress = 12, 8
	c := newCrowd(t, func(o *server.Options) { o.Limits = &limits })
	most := c.dialMany(func(int) string { return "203.0.113.1" }, 8)
	some := c.dialMany(func(int) string { return "203.0.113.2" }, 4)
	if len(most) != 8 || len(some) != 4 {
		t.Fatalf("%d and %d connections were taken, want 8 and 4", len(most), len(some))
	}
	newcomers := c.dialMany(func(i int) string { return fmt.Sprintf("198.51.100.%d", i) }, 4)
	if len(newcomers) != 4 {
		t.Errorf("%d of 4 newcomers were served, want all", len(newcomers))
	}
	if got := countAnswered(most); got != 4 || most[0].ask() || !most[7].ask() {
		t.Errorf("the address with most has %d connections left, want its newest 4", got)
	}
	if c.dial("203.0.113.1") != nil {
		t.Error("the address with most got one more")
	}
	if got := countAnswered(some) + countAnswered(newcomers); got != 8 {
		t.Errorf("of the 8 others %d are served, want all", got)
	}
}

// A connection with a request under way is spared while another one waits idle.
func TestBusyConnectionsAreSpared(t *testing.T) {
	t.Parallel()
	limits := server.DefaultLimits()
	limits.Connections = 3
	c := newCrowd(t, func(o *server.Options) { o.Limits = &limits })
	mine := c.dialMany(func(int) string { return "203.0.113.1" }, 3)
	if _, err := io.WriteString(mine[0], "POST "+executions+" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := mine[0].r.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q %v", line, err)
	}
	if c.dial("198.51.100.1") == nil || mine[1].ask() || !mine[2].ask() {
		t.Error("not the oldest idle connection was closed for the newcomer")
	}
	if _, err := io.WriteString(mine[0], "{}"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the empty line after 100, then the answer
		line, err := mine[0].r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line != "\r\n" && line != "HTTP/1.1 201 Created\r\n" {
			t.Errorf("the busy connection got %q", line)
		}
	}
}
