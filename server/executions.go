package server

import (
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
	if err := readStart(c, &q); err != nil {
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
	q := engine.ResumeRequest{Access: access(c), Request: s.facts(c.Request())}
	if err := readResume(c, &q); err != nil {
		return err
	}
	x, err := s.opt.Runner.Resume(c.Request().Context(), id, q)
	if err != nil {
		return err
	}
	return s.writeExecution(c, http.StatusOK, x)
}

// getExecution is GET /v1/executions/{execution}. It changes nothing.
func (s *Server) getExecution(c echo.Context) error {
	id, err := executionParam(c)
	if err != nil {
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
