package server

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
)

// listFlows is GET /v1/flows.
func (s *Server) listFlows(c echo.Context) error {
	list, err := s.opt.Catalog.List(c.Request().Context())
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, map[string]any{"flows": notNil(list)})
}

// putFlow is PUT /v1/flows/{flow}: 201 when it made a revision, 200 when the content was
// known.
func (s *Server) putFlow(c echo.Context) error {
	id, src, err := readFlow(c)
	if err != nil {
		return err
	}
	deploy := true
	switch v := c.QueryParam("deploy"); v {
	case "", "true":
	case "false":
		deploy = false
	default:
		return refuse(engine.BadRequest, "deploy must be true or false")
	}
	up, err := s.opt.Catalog.Put(c.Request().Context(), id, src, deploy)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if up.Created {
		status = http.StatusCreated
	}
	return writeUploaded(c, status, up)
}

// validateFlow is POST /v1/flows/{flow}/validate.
func (s *Server) validateFlow(c echo.Context) error {
	id, src, err := readFlow(c)
	if err != nil {
		return err
	}
	up, err := s.opt.Catalog.Validate(c.Request().Context(), id, src)
	if err != nil {
		return err
	}
	return writeUploaded(c, http.StatusOK, up)
}

func readFlow(c echo.Context) (id string, src []byte, err error) {
	if id, err = flowParam(c); err != nil {
		return "", nil, err
	}
	src, err = readBody(c, typeYAML)
	return id, src, err
}

// deployFlow is POST /v1/flows/{flow}/deploy.
func (s *Server) deployFlow(c echo.Context) error {
	id, err := flowParam(c)
	if err != nil {
		return err
	}
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	if err := body.only("the body", "revision"); err != nil {
		return err
	}
	revision, err := body.required("revision", maxRevision)
	if err != nil {
		return err
	}
	up, err := s.opt.Catalog.Deploy(c.Request().Context(), id, revision)
	if err != nil {
		return err
	}
	return writeUploaded(c, http.StatusOK, up)
}

// maxRevision bounds a revision's name, "sha256:" and 64 hex digits, in bytes.
const maxRevision = 100

func writeUploaded(c echo.Context, status int, up engine.Uploaded) error {
	up.Warnings = notNil(up.Warnings)
	return writeJSON(c, status, up)
}

// getFlow is GET /v1/flows/{flow}: the YAML, with the revision as its ETag.
func (s *Server) getFlow(c echo.Context) error {
	id, err := flowParam(c)
	if err != nil {
		return err
	}
	src, revision, err := s.opt.Catalog.Source(c.Request().Context(), id, c.QueryParam("revision"))
	if err != nil {
		return err
	}
	tag := fmt.Sprintf("%q", revision)
	c.Response().Header().Set("ETag", tag)
	if matches(c.Request().Header.Values("If-None-Match"), tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, typeYAML, src)
}

// matches is If-None-Match of RFC 9110, 13.1.2. Revisions hold no comma.
func matches(header []string, tag string) bool {
	for candidate := range strings.SplitSeq(strings.Join(header, ","), ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
			return true
		}
	}
	return false
}

// listRevisions is GET /v1/flows/{flow}/revisions.
func (s *Server) listRevisions(c echo.Context) error {
	id, err := flowParam(c)
	if err != nil {
		return err
	}
	list, err := s.opt.Catalog.Revisions(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, map[string]any{"revisions": notNil(list)})
}

// graphJSON is GET /v1/flows/{flow}/graph.
func (s *Server) graphJSON(c echo.Context) error {
	f, err := s.deployed(c)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, flows.GraphOf(f))
}

// graphMermaid is GET /v1/flows/{flow}/graph.mmd.
func (s *Server) graphMermaid(c echo.Context) error {
	f, err := s.deployed(c)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "text/vnd.mermaid; charset=utf-8", []byte(flows.Mermaid(f)))
}

func (s *Server) deployed(c echo.Context) (*flows.Flow, error) {
	id, err := flowParam(c)
	if err != nil {
		return nil, err
	}
	return s.opt.Catalog.Flow(c.Request().Context(), id)
}
