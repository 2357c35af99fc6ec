package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/connector/wire"
	"github.com/mfaflow/mfaflow/store"
)

// What is read of a body. The longest that an SDK or an app sends are attestations of some
// 10 KiB; what a value is decoded to takes more than its bytes, so values are counted too.
const (
	maxBody   = 64 << 10 // bytes
	maxLogs   = 1 << 20  // bytes: an app sends its logs in one text of half of it
	maxValues = 5000     // JSON values
	maxDepth  = 64       // levels of JSON; no resource has a tenth of that
)

// ServeHTTP serves the API below /v1/environments/{env}, the auth host below /{env}, and
// /{env}/as/token. All but the last and what is below /{env}/app, where apps sign their
// calls, need a bearer token. Another environment is 404. HEAD is GET without the body,
// OPTIONS says which methods a path has.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		get := *r
		get.Method = http.MethodGet
		w, r = headWriter{w}, &get
	}
	host, path, ok := s.split(r.URL.EscapedPath())
	if ok && host == pingone.HostAuth && len(path) == 2 && path[0] == "as" && path[1] == "token" {
		s.serveToken(w, r)
		return
	}
	q := call{actor: "worker", target: r.URL.RequestURI(), Request: pingone.Request{Host: host, Method: r.Method, Path: path, Query: r.URL.Query(),
		MediaType: r.Header.Get("Content-Type"), Header: r.Header}}
	signed := ok && host == pingone.HostAuth && len(path) > 0 && path[0] == "app"
	if signed {
		q.actor = "app"
	}
	switch {
	case !signed && !s.authorized(r):
		p := rest.Plain(http.StatusUnauthorized, rest.AccessFailed, "")
		p.Body.Details = []pingone.Detail{{Code: rest.InvalidToken, Message: "The access token is missing or not valid"}}
		p.Header = http.Header{"Www-Authenticate": {"Bearer"}}
		s.refuse(w, q, p)
	case r.URL.Path == "/v1/environments":
		s.serveEnvironments(w, q)
	case !ok:
		s.refuse(w, q, rest.Missing())
	case r.Method == http.MethodOptions:
		s.serveMethods(w, q, s.table.Allow(host, path))
	default:
		s.serveCall(w, r, q)
	}
}

// serveCall answers a call of the table.
func (s *Service) serveCall(w http.ResponseWriter, r *http.Request, q call) {
	limit := int64(maxBody)
	if q.actor == "app" && q.Path[len(q.Path)-1] == "logs" {
		limit = maxLogs
	}
	q.body, q.refusal = readBody(w, r, limit)
	resp, err := s.serve(r.Context(), q)
	if err != nil {
		s.refuse(w, q, unavailable(err))
		return
	}
	write(w, resp)
}

// serveMethods answers OPTIONS: which methods there are, if anything is there.
func (s *Service) serveMethods(w http.ResponseWriter, q call, allow string) {
	if allow == "" {
		s.refuse(w, q, rest.Missing())
		return
	}
	write(w, pingone.Response{Status: http.StatusNoContent, Header: http.Header{"Allow": {allow}}})
}

// headWriter leaves the body out, as the answer to HEAD has none.
type headWriter struct{ http.ResponseWriter }

// Write says how much it has not written.
func (headWriter) Write(b []byte) (int, error) { return len(b), nil }

// readBody reads a body, which must be one JSON value, and must say what it is: a body of
// unknown type, or one that two readers understand differently, is refused.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *rest.Problem) {
	if r.ContentLength > limit {
		return nil, bodyTooLarge("The body is too large.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, unreadable(err)
	}
	if wire.MeasureJSON(body).Values > maxValues {
		return nil, bodyTooLarge(fmt.Sprintf("The body holds more than %d values.", maxValues))
	}
	types := r.Header.Values("Content-Type")
	switch {
	case len(types) > 1:
		return nil, refuseMediaType("There is more than one Content-Type.")
	case len(bytes.TrimSpace(body)) == 0:
		return nil, nil
	case r.Method == http.MethodGet: // whose body means nothing
		return nil, nil
	case len(types) == 0 || types[0] == "":
		return nil, refuseMediaType("The body has no Content-Type.")
	case !isUTF8(types[0]):
		return nil, refuseMediaType("The body must be in UTF-8.")
	}
	if err := wire.CheckJSON(body, maxDepth); err != nil {
		return nil, rest.Plain(http.StatusBadRequest, rest.InvalidRequest, "The request could not be completed. The body cannot be read: "+err.Error()+".")
	}
	return body, nil
}

// isUTF8 reports whether a media type names no charset, or UTF-8: JSON has no other
// (RFC 8259 section 8.1).
func isUTF8(mediaType string) bool {
	_, params, err := mime.ParseMediaType(mediaType)
	return err == nil && (params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8"))
}

func refuseMediaType(why string) *rest.Problem {
	return rest.Plain(http.StatusUnsupportedMediaType, rest.InvalidRequest, "The request could not be completed. "+why)
}

func unreadable(err error) *rest.Problem {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return bodyTooLarge("The body is too large.")
	}
	if errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrContended) {
		return unavailable(err) // the server has no room for it now
	}
	return rest.Plain(http.StatusBadRequest, rest.InvalidRequest, "")
}

func bodyTooLarge(why string) *rest.Problem {
	return rest.Plain(http.StatusRequestEntityTooLarge, rest.InvalidRequest, "The request could not be completed. "+why)
}

// unavailable is the answer when the store gave none.
func unavailable(err error) *rest.Problem {
	p := rest.Plain(http.StatusServiceUnavailable, rest.UnexpectedError, "The service cannot answer now; try again.")
	switch {
	case errors.Is(err, store.ErrBusy):
		p = rest.Plain(http.StatusTooManyRequests, rest.RequestLimited, "")
	case !errors.Is(err, store.ErrContended) && !errors.Is(err, store.ErrStopped) && !errors.Is(err, store.ErrUnknown):
		return rest.Plain(http.StatusInternalServerError, rest.UnexpectedError, "")
	}
	p.Header = http.Header{"Retry-After": {"1"}}
	return p
}

// split finds the host and the segments below the environment.
func (s *Service) split(escaped string) (pingone.Host, pingone.Path, bool) {
	host, rest := pingone.HostAuth, strings.TrimPrefix(escaped, "/")
	if below, ok := strings.CutPrefix(rest, "v1/environments/"); ok {
		host, rest = pingone.HostAPI, below
	}
	segments := strings.Split(rest, "/")
	if segments[0] != s.opts.Environment {
		return host, nil, false
	}
	path := pingone.Path{}
	for _, part := range segments[1:] {
		u, err := url.PathUnescape(part)
		if err != nil {
			return host, nil, false
		}
		path = append(path, u)
	}
	return host, path, true
}

func (s *Service) authorized(r *http.Request) bool {
	scheme, token, ok := wire.ReadCredentials(r.Header)
	if !ok || scheme != "bearer" {
		return false
	}
	return s.opts.Authorize != nil && s.opts.Authorize(token) || s.workers.valid(token)
}

func (s *Service) refuse(w http.ResponseWriter, q call, p *rest.Problem) {
	resp, err := s.answer(q, rest.Reply{}, p)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	write(w, resp)
}

func write(w http.ResponseWriter, r pingone.Response) {
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(r.Status)
	w.Write(r.Body) //nolint:errcheck // the client went away; nothing is left to do
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := encode(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	write(w, pingone.Response{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: body})
}
