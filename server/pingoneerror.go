package server

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

// tokenPath ends the path at which workers get their tokens.
const tokenPath = "/as/token"

// writePingOneError says in the PingOne API's own words what the server refuses there: its
// clients know no problem documents. What asks for a token knows OAuth's errors
// (RFC 6749 section 5.2) only.
func (s *Server) writePingOneError(w http.ResponseWriter, r *http.Request, p problem) {
	text := "The request could not be completed: " + p.Detail + "."
	var v any = pingone.Error{ID: seenIn(r.Context()).id, Code: pingOneCode(p.Status), Message: text}
	if strings.HasSuffix(r.URL.EscapedPath(), tokenPath) {
		v = map[string]string{"error": oauthCode(p.Status), "error_description": text}
	}
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings always marshal
	}
	w.Header().Set("Content-Type", typeJSON)
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client has gone; nothing to do
}

func pingOneCode(status int) string {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "ACCESS_FAILED"
	case status == http.StatusNotFound:
		return "NOT_FOUND"
	case status == http.StatusTooManyRequests:
		return "REQUEST_LIMITED"
	case status >= http.StatusInternalServerError:
		return "UNEXPECTED_ERROR"
	}
	return "INVALID_REQUEST"
}

func oauthCode(status int) string {
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		return "temporarily_unavailable"
	case status >= http.StatusInternalServerError:
		return "server_error"
	}
	return "invalid_request"
}
