package server

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
)

// layers wraps dispatch in what every request passes, the PingOne API included. The
// outermost comes last.
func (s *Server) layers() (http.Handler, error) {
	csrf := http.NewCrossOriginProtection()
	if s.origin != nil {
		if err := csrf.AddTrustedOrigin(s.origin.String()); err != nil {
			return nil, fmt.Errorf("server: BaseURL: %w", err)
		}
	}
	csrf.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.writeProblem(w, r, refuse(engine.Forbidden, "the request comes from a page of another origin"))
	}))
	var h http.Handler = http.HandlerFunc(s.dispatch)
	h = s.addLane(h)
	h = s.meterBodies(h)
	h = s.refuseEncoded(h)
	h = csrf.Handler(h)
	h = s.recovered(h)
	h = s.secured(h)
	return s.observed(h), nil
}

// dispatch sends a request to the PingOne API or to echo. Environment ids are compared
// with the path as it was sent: another spelling of the same path is not found by echo
// rather than let through here (security A-76).
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	if s.isPingOne(r.URL.EscapedPath()) {
		noteRoute(r.Context(), "pingone")
		if err := s.limitStrangers(r); err != nil {
			s.writeProblem(w, r, err)
			return
		}
		if n := s.limits.PingOneBody; n > 0 {
			r.Body = http.MaxBytesReader(w, r.Body, n) // it refuses in its own words
		}
		s.opt.PingOne.ServeHTTP(w, r)
		return
	}
	if r.Method == http.MethodHead {
		// HEAD is GET without the body, which net/http leaves out by the original method.
		get := *r
		get.Method = http.MethodGet
		r = &get
	}
	s.echo.ServeHTTP(w, r)
}

// limitStrangers counts the two requests that strangers may make of the service, an address:
// a try to pair a phone and a request for a worker's token. The service's own bounds on wrong
// codes and wrong secrets hold for everybody together, and no address may use those up.
func (s *Server) limitStrangers(r *http.Request) error {
	limiter, what := s.pairs, "tries to pair a phone"
	switch path := r.URL.Path; { // %74oken is token to the service
	case r.Method != http.MethodPost:
		return nil
	case strings.HasSuffix(path, tokenPath):
		limiter, what = s.tokens, "token requests"
	case !strings.HasSuffix(path, "/app/devices"):
		return nil
	}
	if wait := limiter.countEvent(clientBlock(s.clientIP(r))); wait > 0 {
		return tooSoon{refuse(engine.RateLimited, "too many %s from this address", what), wait}
	}
	return nil
}

// addLane has what waits for this request wait in the lane of its address: nobody's queue
// keeps another address out.
func (s *Server) addLane(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lane := clientBlock(s.clientIP(r)).String()
		next.ServeHTTP(w, r.WithContext(store.WithLane(r.Context(), lane)))
	})
}

func (s *Server) isPingOne(path string) bool {
	if s.opt.PingOne == nil {
		return false
	}
	for _, e := range s.opt.Environments {
		for _, root := range []string{"/v1/environments/" + e.ID, "/" + e.ID} {
			if rest, ok := strings.CutPrefix(path, root); ok && (rest == "" || rest[0] == '/') {
				return true
			}
		}
	}
	return false
}

// secured sets the security headers before anything is written (ASVS V3.4, V14.3.2).
func (s *Server) secured(next http.Handler) http.Handler {
	fixed := [][2]string{
		{"X-Content-Type-Options", "nosniff"},
		{"Cache-Control", "no-store"},
		{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	}
	if s.origin != nil && s.origin.Scheme == "https" {
		fixed = append(fixed, [2]string{"Strict-Transport-Security", "max-age=31536000"})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, f := range fixed {
			h.Set(f[0], f[1])
		}
		next.ServeHTTP(w, r)
	})
}

// recovered turns a panic into a 500 that says nothing, and its log line. An answer
// already begun is cut, so that no client takes half of it for a whole.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			if seenIn(r.Context()).status != 0 {
				s.logFailure(r, engine.Internal, err)
				panic(http.ErrAbortHandler)
			}
			s.writeProblem(w, r, err)
		}()
		next.ServeHTTP(w, r)
	})
}
