package server

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/mfaflow/mfaflow/engine"
)

//go:embed openapi.json
var openAPI []byte

// OpenAPI is the OpenAPI 3.1 document of the whole API, as GET /openapi.json serves it.
// The slice is the caller's.
func OpenAPI() []byte { return append([]byte(nil), openAPI...) }

func (s *Server) showOpenAPI(c echo.Context) error {
	return c.Blob(http.StatusOK, typeJSON, openAPI)
}

func (s *Server) showFlowSchema(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/schema+json", s.opt.FlowSchema())
}

// showHealth says that the process answers, nothing more.
func (s *Server) showHealth(c echo.Context) error {
	return writeJSON(c, http.StatusOK, map[string]any{"status": "ok"})
}

// showReadiness says whether requests can be served: 503 while stopping, after the store
// has stopped, and when Options.Ready names a failure.
func (s *Server) showReadiness(c echo.Context) error {
	ready := Readiness{}
	if s.opt.Ready != nil {
		ready = s.opt.Ready(c.Request().Context())
	}
	if s.draining.Load() {
		ready.Failed = append(ready.Failed, "the server is stopping")
	}
	select {
	case <-s.opt.StoreFailed:
		ready.Failed = append(ready.Failed, "the store has stopped")
	default:
	}
	if len(ready.Failed) > 0 {
		return refuse(engine.Unavailable, "%s", strings.Join(ready.Failed, "; "))
	}
	return writeJSON(c, http.StatusOK, map[string]any{"status": "ready", "notes": notNil(ready.Notes)})
}

type link struct {
	Href string `json:"href"`
}

type links struct {
	Self link `json:"self"`
}

type environment struct {
	Links links  `json:"_links"`
	ID    string `json:"id"`
	Name  string `json:"name"`
	Type  string `json:"type"`
}

// listEnvironments is GET /v1/environments, in PingOne's shape.
func (s *Server) listEnvironments(c echo.Context) error {
	const path = "/v1/environments"
	base := strings.TrimSuffix(s.opt.BaseURL, "/")
	list := make([]environment, len(s.opt.Environments))
	for i, e := range s.opt.Environments {
		list[i] = environment{links{link{base + path + "/" + e.ID}}, e.ID, e.Name, "SANDBOX"}
	}
	return writeJSON(c, http.StatusOK, map[string]any{
		"_links":    links{link{base + path}},
		"_embedded": map[string]any{"environments": list},
		"count":     len(list),
		"size":      len(list),
	})
}

// writeJSON encodes before anything is written, so that a failure is still a clean 500.
func writeJSON(c echo.Context, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.Blob(status, typeJSON, body)
}

// notNil makes a nil list an empty one: clients get [], never null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
