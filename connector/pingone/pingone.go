package pingone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// API carries one request to a PingOne environment and brings back its answer.
//
// Any HTTP status is an answer. A Go error means that there is none: no connection,
// a deadline, a store that refused. Implementations are safe for concurrent use.
type API interface {
	Do(ctx context.Context, req Request) (Response, error)
}

// Host says which of PingOne's two hosts a path belongs to.
type Host int

// The hosts. On API the path stands below /v1/environments/{envID}, on Auth below
// /{envID} (reference pingone-mfa-api 1.2).
const (
	HostAPI Host = iota
	HostAuth
)

// Request is one call below an environment.
type Request struct {
	Host      Host
	Method    string
	Path      Path
	Query     url.Values
	MediaType string      // of the body; "" is application/json. PingOne dispatches on it
	Header    http.Header // User-Agent, Cookie; may be nil
	Body      any         // marshalled to JSON; nil sends no body
}

// Response is PingOne's answer, its body untouched.
type Response struct {
	Status int
	Header http.Header
	Body   json.RawMessage // empty for 204
}

// CredentialEpoch is a response header of the embedded service that PingOne does not have.
// Its value changes whenever the user's credentials do: a password set or taken away, the
// account locked or disabled, MFA switched off, a device removed. What completes a check
// (password.check, a COMPLETED deviceAuthentication or authenticationCode) carries the value
// that the check was made under; a user, and whatever changes the credentials of one, the
// value of now. A proof whose value is no longer the user's counts no more.
const CredentialEpoch = "Credential-Epoch"

// FirstCredentialEpoch is the value for a user whose credentials never changed. A proof
// without a value, which earlier versions made, was made under it.
func FirstCredentialEpoch(userID string) string { return userID + ".0" }

// Path is a list of unescaped segments. It cannot be concatenated, so an id cannot
// leave its segment.
type Path []string

// Escape joins the segments, each percent-encoded, with a leading slash. It refuses
// the segments "", "." and "..", which would change where the path points.
func (p Path) Escape() (string, error) {
	var b strings.Builder
	for _, s := range p {
		if s == "" || s == "." || s == ".." {
			return "", fmt.Errorf("path segment %q is not an id: %w", s, ErrBadPath)
		}
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String(), nil
}

// ErrBadPath marks a Request whose Path has an empty or dotted segment.
var ErrBadPath = errors.New("bad path")

// MediaType spells a vendor media type: MediaType("otp.check") is
// "application/vnd.pingidentity.otp.check+json".
func MediaType(operation string) string {
	return "application/vnd.pingidentity." + operation + "+json"
}

// Error is PingOne's error envelope (reference pingone-mfa-api 10.1).
type Error struct {
	Status  int      `json:"-"`
	ID      string   `json:"id"`
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Details []Detail `json:"details,omitempty"`
}

// Detail is one entry of an Error.
type Detail struct {
	Code       string         `json:"code"`
	Target     string         `json:"target,omitempty"`
	Message    string         `json:"message"`
	InnerError map[string]any `json:"innerError,omitempty"`
}

// ErrorOf returns the error that a response carries, or nil for a status below 400.
// A body that is no envelope gives an Error with a code made from the status.
func ErrorOf(r Response) *Error {
	if r.Status < http.StatusBadRequest {
		return nil
	}
	e := &Error{}
	if json.Unmarshal(r.Body, e) != nil || e.Code == "" {
		e = &Error{Code: codeOfStatus(r.Status), Message: http.StatusText(r.Status)}
	}
	e.Status = r.Status
	return e
}

func codeOfStatus(status int) string {
	switch {
	case status == http.StatusNotFound:
		return "NOT_FOUND"
	case status == http.StatusTooManyRequests:
		return "REQUEST_LIMITED"
	case status >= http.StatusInternalServerError:
		return "UNAVAILABLE"
	}
	return "REQUEST_FAILED"
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.FirstCode(), e.Message) }

// FirstCode is what a flow's catch matches: the first detail's code, else the top code.
func (e *Error) FirstCode() string {
	if len(e.Details) > 0 && e.Details[0].Code != "" {
		return e.Details[0].Code
	}
	return e.Code
}
