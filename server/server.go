package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/labstack/echo/v4"
)

// Server answers HTTP requests. It is an http.Handler; Serve adds the connection
// limits and the graceful stop. It is safe for concurrent use.
type Server struct {
	opt     Options
	limits  Limits
	origin  *url.URL // of BaseURL; nil: none
	token   [sha256.Size]byte
	echo    *echo.Echo
	handler http.Handler // the outer layers around dispatch
	starts  *rateLimiter[netip.Prefix]
	answers *rateLimiter[netip.Prefix]
	holders *rateLimiter[holder]
	pairs   *rateLimiter[netip.Prefix]
	tokens  *rateLimiter[netip.Prefix]
	bodies  bytePool
	metrics *metrics
	log     *slog.Logger

	draining atomic.Bool
}

// New checks the options and puts a server together.
func New(o Options) (*Server, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	origin, err := o.origin()
	if err != nil {
		return nil, err
	}
	s := &Server{
		opt: o, limits: *o.Limits, origin: origin,
		token:   sha256.Sum256([]byte(o.ManagementToken)),
		starts:  newRateLimiter[netip.Prefix](o.Limits.StartsPerMinute, o.Limits.TrackedAddresses, o.Now),
		answers: newRateLimiter[netip.Prefix](o.Limits.AnswersPerMinute, o.Limits.TrackedAddresses, o.Now),
		holders: newRateLimiter[holder](o.Limits.ExecutionAnswersPerMinute, o.Limits.TrackedAddresses, o.Now),
		bodies:  bytePool{limit: o.Limits.Bodies, share: o.Limits.BodiesPerAddress, usedBy: map[netip.Prefix]int64{}},
		pairs:   newRateLimiter[netip.Prefix](o.Limits.PairingsPerMinute, o.Limits.TrackedAddresses, o.Now),
		tokens:  newRateLimiter[netip.Prefix](o.Limits.TokensPerMinute, o.Limits.TrackedAddresses, o.Now),
		metrics: newMetrics(),
		log:     o.Logger,
	}
	s.echo = s.newEcho()
	if s.handler, err = s.layers(); err != nil {
		return nil, err
	}
	return s, nil
}

// newEcho builds the router from the table of routes.
func (s *Server) newEcho() *echo.Echo {
	e := echo.New()
	e.Logger.SetOutput(io.Discard) // everything worth logging goes through slog
	e.IPExtractor = func(r *http.Request) string { return s.clientIP(r).String() }
	e.SchemeExtractor = func(*http.Request) string {
		if s.origin != nil {
			return s.origin.Scheme
		}
		return "http"
	}
	e.HTTPErrorHandler = s.answerError
	e.Use(allowHead)
	for _, r := range s.routes() {
		e.Add(r.method, r.path, s.guard(r))
	}
	return e
}

// allowHead adds HEAD to the methods of a path that has GET: it is answered as GET is, by
// dispatch, and echo does not know.
func allowHead(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Before(func() {
			if h := c.Response().Header(); strings.Contains(h.Get(echo.HeaderAllow), http.MethodGet) {
				h.Set(echo.HeaderAllow, h.Get(echo.HeaderAllow)+", "+http.MethodHead)
			}
		})
		return next(c)
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Serve accepts connections until ctx is done, then stops gracefully: no new
// connections, running requests finish within Limits.DrainTimeout. It returns nil after
// a complete stop, and an error when the listener failed or requests had to be cut.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if s.limits.Connections > 0 || s.limits.ConnectionsPerAddress > 0 {
		l = s.limitConnections(l)
	}
	hs := &http.Server{
		ConnState:                    noteConnState,
		Handler:                      s,
		MaxHeaderBytes:               headerBytes(s.limits.Header),
		ReadHeaderTimeout:            s.limits.ReadHeaderTimeout,
		ReadTimeout:                  s.limits.ReadTimeout,
		WriteTimeout:                 s.limits.WriteTimeout,
		IdleTimeout:                  s.limits.IdleTimeout,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- hs.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("server: accept: %w", err)
	case <-ctx.Done():
	}
	return s.stop(hs)
}

func (s *Server) stop(hs *http.Server) error {
	s.draining.Store(true)
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if d := s.limits.DrainTimeout; d > 0 {
		ctx, cancel = context.WithTimeout(ctx, d)
	}
	defer cancel()
	if err := hs.Shutdown(ctx); err != nil {
		return fmt.Errorf("server: stop: %w", errors.Join(err, hs.Close()))
	}
	return nil
}

// headerBytes gives net/http's MaxHeaderBytes for a limit: it adds 4 KiB of its own.
func headerBytes(limit int) int {
	const slop = 4 << 10
	return max(limit-slop, min(limit, 1))
}
