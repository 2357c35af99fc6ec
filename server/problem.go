package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// Codes that only HTTP knows, beside the engine's.
const (
	unauthorized         engine.Code = "UNAUTHORIZED"
	methodNotAllowed     engine.Code = "METHOD_NOT_ALLOWED"
	tooLarge             engine.Code = "TOO_LARGE"
	unsupportedMediaType engine.Code = "UNSUPPORTED_MEDIA_TYPE"
)

// statusOf is the one map from code to HTTP status (contract 2). retryAfter is given in
// seconds where trying again makes sense.
func statusOf(code engine.Code) (status, retryAfter int) {
	switch code {
	case engine.BadRequest:
		return http.StatusBadRequest, 0
	case unauthorized:
		return http.StatusUnauthorized, 0
	case engine.Forbidden:
		return http.StatusForbidden, 0
	case engine.NotFound:
		return http.StatusNotFound, 0
	case methodNotAllowed:
		return http.StatusMethodNotAllowed, 0
	case engine.StaleToken, engine.InvalidAction, engine.NotWaiting:
		return http.StatusConflict, 0
	case tooLarge:
		return http.StatusRequestEntityTooLarge, 0
	case unsupportedMediaType:
		return http.StatusUnsupportedMediaType, 0
	case engine.FlowInvalid, engine.FormInvalid, engine.InputInvalid, engine.IdempotencyMismatch:
		return http.StatusUnprocessableEntity, 0
	case engine.RateLimited:
		return http.StatusTooManyRequests, 1
	case engine.Contended:
		return http.StatusServiceUnavailable, 1
	case engine.Unavailable:
		return http.StatusServiceUnavailable, 5
	}
	return http.StatusInternalServerError, 0
}

// problem is an RFC 9457 problem document. What tells problems apart is code; type
// stays about:blank and title the phrase of the status, as section 4.2.1 has it.
type problem struct {
	Type   string      `json:"type"`
	Title  string      `json:"title"`
	Status int         `json:"status"`
	Detail string      `json:"detail"`
	Code   engine.Code `json:"code"`

	Execution  *engine.Execution   `json:"execution,omitzero"`
	Errors     []engine.FieldError `json:"errors,omitzero"`   // with every 422
	Problems   []flows.Problem     `json:"problems,omitzero"` // with FLOW_INVALID
	RetryAfter int                 `json:"retryAfter,omitzero"`
}

// refuse makes the error of a request that the server itself turns down.
func refuse(code engine.Code, format string, args ...any) error {
	return &engine.Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// tooSoon is an error that says when to try again.
type tooSoon struct {
	error
	wait time.Duration
}

func (e tooSoon) Unwrap() error { return e.error }

// problemOf describes err to the client. Whatever is not an error made for clients is
// INTERNAL, and hidden.
func (s *Server) problemOf(err error) problem {
	var (
		known   *engine.Error
		soon    tooSoon
		routing *echo.HTTPError
	)
	switch {
	case errors.As(err, &known):
		p := newProblem(known)
		if errors.As(err, &soon) {
			p.RetryAfter = int(math.Ceil(soon.wait.Seconds()))
		}
		return p
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return newProblem(&engine.Error{Code: engine.Unavailable, Text: "the request was given up"})
	case errors.As(err, &routing) && routing.Code == http.StatusMethodNotAllowed:
		return newProblem(&engine.Error{Code: methodNotAllowed, Text: "the resource does not have this method"})
	case errors.As(err, &routing) && routing.Code == http.StatusNotFound:
		return newProblem(&engine.Error{Code: engine.NotFound, Text: "there is no such resource"})
	}
	return newProblem(&engine.Error{Code: engine.Internal})
}

func newProblem(e *engine.Error) problem {
	status, retry := statusOf(e.Code)
	p := problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: e.Text, Code: e.Code,
		Execution: e.Execution, Errors: e.Fields, Problems: e.Problems, RetryAfter: retry,
	}
	switch status {
	case http.StatusUnprocessableEntity:
		p.Errors = notNil(p.Errors)
		if len(p.Problems) > 0 {
			p.Detail = flowInvalidText(len(p.Problems))
		}
	case http.StatusInternalServerError:
		p = problem{Type: p.Type, Title: p.Title, Status: status, Code: engine.Internal}
	}
	return p
}

// FlowInvalid is the body of the 422 that refuses a flow with these problems, of which
// there is at least one.
func FlowInvalid(problems []flows.Problem) []byte {
	body, err := json.Marshal(newProblem(&engine.Error{Code: engine.FlowInvalid, Problems: problems}))
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return body
}

func flowInvalidText(n int) string {
	if n == 1 {
		return "the flow has 1 problem"
	}
	return fmt.Sprintf("the flow has %d problems", n)
}

// answerError is echo's HTTPErrorHandler.
func (s *Server) answerError(err error, c echo.Context) {
	if !c.Response().Committed {
		s.writeProblem(c.Response(), c.Request(), err)
	}
}

// writeProblem answers with err as problem+json and logs what is the server's fault.
func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		s.logFailure(r, p.Code, err)
		if p.Detail == "" {
			p.Detail = "something went wrong; the log has it under " + seenIn(r.Context()).id
		}
	}
	h := w.Header()
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="mfaflow"`)
	}
	if s.isPingOne(r.URL.EscapedPath()) {
		s.writePingOneError(w, r, p)
		return
	}
	body, err := json.Marshal(p)
	if err != nil { // an execution that does not marshal; the rest always does
		p.Execution = nil
		body, _ = json.Marshal(p)
	}
	h.Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client has gone; nothing to do
}

func (s *Server) logFailure(r *http.Request, code engine.Code, err error) {
	level := slog.LevelError
	if code != engine.Internal {
		level = slog.LevelWarn
	}
	s.log.LogAttrs(r.Context(), level, "request failed",
		slog.String("id", seenIn(r.Context()).id), slog.String("code", string(code)), slog.Any("error", err))
}
