package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/server"
	"github.com/mfaflow/mfaflow/server/servertest"
)

// serving is a server under Serve, on a port of its own.
type serving struct {
	spy    *spied
	server *server.Server
	url    string
	addr   string
	stop   context.CancelFunc
	done   chan error
}

func serve(t *testing.T, limits server.Limits) *serving {
	t.Helper()
	run := newEngine(t, time.Now)
	v := &serving{spy: &spied{Runner: run}, done: make(chan error, 1)}
	s, err := server.New(server.Options{Runner: v.spy, Catalog: run.Catalog(), ManagementToken: token, Limits: &limits})
	if err != nil {
		t.Fatal(err)
	}
	v.server = s
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, v.stop = context.WithCancel(t.Context())
	v.addr, v.url = l.Addr().String(), "http://"+l.Addr().String()
	go func() { v.done <- s.Serve(ctx, l) }()
	return v
}

// A running request finishes, a new connection is refused, Serve returns nil.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	v := serve(t, server.DefaultLimits())
	began, finish := make(chan struct{}), make(chan struct{})
	v.spy.start = func(q engine.StartRequest) (*engine.Execution, error) {
		close(began)
		<-finish
		return v.spy.Runner.Start(context.Background(), q)
	}
	client := servertest.Client(t)
	status := make(chan int)
	go func() {
		resp, err := client.Post(v.url+executions, "application/json", strings.NewReader(`{}`))
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}()
	<-began
	v.stop()
	for { // the listener closes soon
		c, err := net.Dial("tcp", v.addr)
		if err != nil {
			break
		}
		c.Close()
	}
	select {
	case err := <-v.done:
		t.Fatalf("Serve returned before the request ended: %v", err)
	default:
	}
	close(finish)
	if got := <-status; got != http.StatusCreated {
		t.Errorf("status %d", got)
	}
	if err := <-v.done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	rec := httptest.NewRecorder()
	v.server.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
	if rec.Code != http.StatusServiceUnavailable {
		t.Errorf("/readyz of a stopping server: status %d", rec.Code)
	}
}

// After the deadline running requests are cut, and Serve says so.
func TestStopDeadline(t *testing.T) {
	t.Parallel()
	limits := server.DefaultLimits()
	limits.DrainTimeout = time.Millisecond
	v := serve(t, limits)
	began, finish := make(chan struct{}), make(chan struct{})
	defer close(finish)
	v.spy.start = func(q engine.StartRequest) (*engine.Execution, error) {
		close(began)
		<-finish
		return v.spy.Runner.Start(context.Background(), q)
	}
	failed := make(chan error)
	go func() {
		resp, err := http.Post(v.url+executions, "application/json", strings.NewReader(`{}`))
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	<-began
	v.stop()
	if err := <-v.done; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Serve: %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
}

func TestServeOnClosedListener(t *testing.T) {
	t.Parallel()
	run := newEngine(t, time.Now)
	s, err := server.New(server.Options{Runner: run, Catalog: run.Catalog(), ManagementToken: token})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := s.Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
}

// a client that does not finish its headers, or its body, is cut off.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	limits := server.DefaultLimits()
	limits.ReadHeaderTimeout, limits.ReadTimeout = 20*time.Millisecond, 40*time.Millisecond
	v := serve(t, limits)
	for name, sent := range map[string]string{
		"headers": "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"body":    "POST " + executions + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
	} {
		c, err := net.Dial("tcp", v.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, sent); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(c) // ends when the server closes
		if err != nil || strings.Contains(string(got), "201 Created") {
			t.Errorf("%s: %v, %s", name, err, got)
		}
	}
}

func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	v := serve(t, server.DefaultLimits())
	for size, want := range map[int]int{15 << 10: 200, 17 << 10: 431} {
		c, err := net.Dial("tcp", v.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: %s\r\n\r\n", strings.Repeat("x", size))
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%d bytes of header: status %d, want %d", size, resp.StatusCode, want)
		}
	}
}

// Requests that two readers could frame differently are refused (ASVS 4.2.1).
func TestRequestSmuggling(t *testing.T) {
	t.Parallel()
	v := serve(t, server.DefaultLimits())
	for _, headers := range []string{
		"Content-Length: 2\r\nContent-Length: 3\r\n",
		"Content-Length: -1\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
		"Transfer-Encoding: xchunked\r\n",
		"Content-Length : 2\r\n",
	} {
		c, err := net.Dial("tcp", v.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s\r\n{}", executions, headers)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode < 400 || resp.StatusCode == http.StatusNotFound {
			t.Errorf("%q: status %d", headers, resp.StatusCode)
		}
	}
}
