package server

import (
	"crypto/sha256"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/mfaflow/mfaflow/engine"
)

// startExecution is POST /v1/flows/{flow}/executions: 201, 200 when the Idempotency-Key
// gave back an execution started before, 202 while an outside call takes its time.
func (s *Server) startExecution(c echo.Context) error {
	if wait := s.starts.countEvent(clientBlock(s.clientIP(c.Request()))); wait > 0 {
		return tooSoon{refuse(engine.RateLimited, "too many starts from this address"), wait}
	}
	id, err := flowParam(c)
	if err != nil {
		return err
	}
	q := engine.StartRequest{Flow: id, Manager: byManager(c), Request: s.facts(c.Request())}
	if q.IdempotencyKey, err = idempotencyKey(c.Request()); err != nil {
		return err
	}
	if err := s.readStart(c, &q); err != nil {
		return err
	}
	x, err := s.opt.Runner.Start(c.Request().Context(), q)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "/v1/executions/"+x.ID)
	if x.Repeated {
		return s.writeExecution(c, http.StatusOK, x)
	}
	return s.writeExecution(c, http.StatusCreated, x)
}

// resumeExecution is POST /v1/executions/{execution}: {token, action, form?, client?}.
func (s *Server) resumeExecution(c echo.Context) error {
	id, err := executionParam(c)
	if err != nil {
		return err
	}
	if err := s.limitAnswers(c, id); err != nil {
		return err
	}
	q := engine.ResumeRequest{Access: access(c), Request: s.facts(c.Request())}
	if err := s.readResume(c, &q); err != nil {
		return err
	}
	x, err := s.opt.Runner.Resume(c.Request().Context(), id, q)
	if err != nil {
		return err
	}
	return s.writeExecution(c, http.StatusOK, x)
}

// limitAddress counts a request about an execution, right or wrong, for its address.
func (s *Server) limitAddress(c echo.Context) error {
	if wait := s.answers.countEvent(clientBlock(s.clientIP(c.Request()))); wait > 0 {
		return tooSoon{refuse(engine.RateLimited, "too many answers from this address"), wait}
	}
	return nil
}

// limitAnswers counts an answer for its address, and for its execution as whom the client
// says that it is: who only knows the id of an execution cannot use up what its holder may
// do.
func (s *Server) limitAnswers(c echo.Context, id string) error {
	if err := s.limitAddress(c); err != nil {
		return err
	}
	if wait := s.holders.countEvent(holderOf(id, access(c))); wait > 0 {
		return tooSoon{refuse(engine.RateLimited, "too many answers to this execution"), wait}
	}
	return nil
}

// holder is an execution and who claims to hold it, as a hash: handles are secrets and as
// long as a client likes.
type holder [sha256.Size]byte

func holderOf(id string, a engine.Access) holder {
	if a.Manager {
		a.Handle = "" // it opens nothing more
	}
	return sha256.Sum256([]byte(id + " " + a.Handle)) // an id has no blank
}

// getExecution is GET /v1/executions/{execution}. It changes nothing.
func (s *Server) getExecution(c echo.Context) error {
	id, err := executionParam(c)
	if err != nil {
		return err
	}
	if err := s.limitAddress(c); err != nil {
		return err
	}
	x, err := s.opt.Runner.Get(c.Request().Context(), id, access(c))
	if err != nil {
		return err
	}
	return writeJSON(c, statusFor(x, http.StatusOK), x)
}

// cancelExecution is DELETE /v1/executions/{execution}.
func (s *Server) cancelExecution(c echo.Context) error {
	id, err := executionParam(c)
	if err != nil {
		return err
	}
	if err := s.limitAnswers(c, id); err != nil {
		return err
	}
	x, err := s.opt.Runner.Cancel(c.Request().Context(), id, access(c))
	if err != nil {
		return err
	}
	return s.writeExecution(c, http.StatusOK, x)
}

// traceExecution is GET /v1/executions/{execution}/trace.
func (s *Server) traceExecution(c echo.Context) error {
	id, err := executionParam(c)
	if err != nil {
		return err
	}
	t, err := s.opt.Runner.Trace(c.Request().Context(), id)
	if err != nil {
		return err
	}
	t.Entries = notNil(t.Entries)
	return writeJSON(c, http.StatusOK, t)
}

// writeExecution answers with an execution that something happened to.
func (s *Server) writeExecution(c echo.Context, status int, x *engine.Execution) error {
	s.metrics.answered(x.Status)
	return writeJSON(c, statusFor(x, status), x)
}

// statusFor is 202 while the execution runs: ask again after pollAfterMs.
func statusFor(x *engine.Execution, settled int) int {
	if x.Status == engine.Running {
		return http.StatusAccepted
	}
	return settled
}
