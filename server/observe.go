package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// seen is what the log and the metrics need to know of one request. The path is not
// among it: whoever guesses paths could write into the log (security A-77).
type seen struct {
	id     string
	route  string // as in the table of routes; "" if none matched
	status int    // 0: nothing written yet
	bytes  int64
}

type seenKey struct{}

// seenIn finds the request's record; outside of a request it is one that nobody reads.
func seenIn(ctx context.Context) *seen {
	if sn, ok := ctx.Value(seenKey{}).(*seen); ok {
		return sn
	}
	return &seen{}
}

// noteRoute remembers which route answers.
func noteRoute(ctx context.Context, route string) { seenIn(ctx).route = route }

// recorder notes what is written through it.
type recorder struct {
	http.ResponseWriter
	seen *seen
}

func (r *recorder) WriteHeader(status int) {
	if r.seen.status == 0 && status >= http.StatusOK {
		r.seen.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.seen.status == 0 {
		r.seen.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.seen.bytes += int64(n)
	return n, err
}

// Unwrap serves http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// observed gives each request an id, which the answer carries, and at its end a line in
// the log and a count. Neither holds query, headers, bodies or path.
func (s *Server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sn := &seen{id: s.opt.NewID()}
		began := s.opt.Now()
		w.Header().Set("X-Request-Id", sn.id)
		s.metrics.begin()
		defer func() {
			took := s.opt.Now().Sub(began)
			s.metrics.end(requestKey{method: knownMethod(r.Method), route: sn.route, status: sn.status}, took)
			s.logRequest(r, sn, took)
		}()
		next.ServeHTTP(&recorder{w, sn}, r.WithContext(context.WithValue(r.Context(), seenKey{}, sn)))
	})
}

func (s *Server) logRequest(r *http.Request, sn *seen, took time.Duration) {
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("id", sn.id),
		slog.String("method", knownMethod(r.Method)),
		slog.String("route", sn.route),
		slog.Int("status", sn.status),
		slog.Int64("bytes", sn.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("ip", s.clientIP(r).String()))
}

// knownMethod keeps the client's inventions out of log and labels.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}
