package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/mfaflow/mfaflow/engine"
)

// route is one row of the API. Authorisation is part of the row, so that no spelling of
// a path can reach a handler without it.
type route struct {
	method, path string
	managed      bool     // needs the management token
	query        []string // the parameters it knows; others are refused, a misspelled one must not be ignored
	handle       echo.HandlerFunc
}

// routes is the whole API. openapi.json describes the same rows.
func (s *Server) routes() []route {
	rows := []route{
		{method: http.MethodGet, path: "/v1/flows", managed: true, handle: s.listFlows},
		{method: http.MethodPut, path: "/v1/flows/:flow", managed: true, query: []string{"deploy"}, handle: s.putFlow},
		{method: http.MethodGet, path: "/v1/flows/:flow", managed: true, query: []string{"revision"}, handle: s.getFlow},
		{method: http.MethodGet, path: "/v1/flows/:flow/revisions", managed: true, handle: s.listRevisions},
		{method: http.MethodPost, path: "/v1/flows/:flow/deploy", managed: true, handle: s.deployFlow},
		{method: http.MethodPost, path: "/v1/flows/:flow/validate", managed: true, handle: s.validateFlow},
		{method: http.MethodGet, path: "/v1/flows/:flow/graph", managed: true, handle: s.graphJSON},
		{method: http.MethodGet, path: "/v1/flows/:flow/graph.mmd", managed: true, handle: s.graphMermaid},
		{method: http.MethodPost, path: "/v1/flows/:flow/executions", handle: s.startExecution},
		{method: http.MethodPost, path: "/v1/executions/:execution", handle: s.resumeExecution},
		{method: http.MethodGet, path: "/v1/executions/:execution", handle: s.getExecution},
		{method: http.MethodDelete, path: "/v1/executions/:execution", handle: s.cancelExecution},
		{method: http.MethodGet, path: "/v1/executions/:execution/trace", managed: true, handle: s.traceExecution},
		{method: http.MethodGet, path: "/v1/environments", managed: true, handle: s.listEnvironments},
		{method: http.MethodGet, path: "/healthz", handle: s.showHealth},
		{method: http.MethodGet, path: "/readyz", handle: s.showReadiness},
		{method: http.MethodGet, path: "/metrics", handle: s.showMetrics},
		{method: http.MethodGet, path: "/openapi.json", handle: s.showOpenAPI},
	}
	if s.opt.FlowSchema != nil {
		rows = append(rows, route{method: http.MethodGet, path: "/schemas/flow.schema.json", handle: s.showFlowSchema})
	}
	if s.opt.Dev {
		rows = append(rows, route{method: http.MethodGet, path: "/dev/inbox", query: []string{"to", "channel"}, handle: s.showInbox})
	}
	return rows
}

// guard puts before a row's handler what its columns say.
func (s *Server) guard(r route) echo.HandlerFunc {
	return func(c echo.Context) error {
		noteRoute(c.Request().Context(), r.path)
		manager, err := s.isManager(c.Request())
		if err != nil {
			return err
		}
		if r.managed && !manager {
			return refuse(unauthorized, "the management token is needed")
		}
		if strings.HasPrefix(r.path, "/v1/") {
			if err := knownQuery(c, r.query); err != nil {
				return err
			}
		}
		c.Set(managerKey, manager)
		return r.handle(c)
	}
}

const managerKey = "manager"

// byManager says whether the request showed the management token.
func byManager(c echo.Context) bool { return c.Get(managerKey) == true }

func knownQuery(c echo.Context, known []string) error {
	for name, values := range c.QueryParams() {
		if !slices.Contains(known, name) {
			return refuse(engine.BadRequest, "unknown query parameter %.64q", name)
		}
		if len(values) > 1 {
			return refuse(engine.BadRequest, "query parameter %q is given %d times", name, len(values))
		}
	}
	return nil
}
