package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/mfaflow/mfaflow/engine"
)

// auth says who may use a route.
type auth uint8

const (
	anyone  auth = iota // credentials are not looked at
	either              // the manager, or whom the engine lets in: a visitor, the holder of a handle
	manager             // who shows the management token
)

// route is one row of the API. Authorisation is part of the row, so that no spelling of
// a path can reach a handler without it.
type route struct {
	method, path string
	auth         auth
	uploads      bool     // its body is a flow, of Limits.FlowBody
	query        []string // the parameters it knows; others are refused, a misspelled one must not be ignored
	handle       echo.HandlerFunc
}

// routes is the whole API. openapi.json describes the same rows.
func (s *Server) routes() []route {
	rows := []route{
		{method: http.MethodGet, path: "/v1/flows", auth: manager, handle: s.listFlows},
		{method: http.MethodPut, path: "/v1/flows/:flow", auth: manager, uploads: true, query: []string{"deploy"}, handle: s.putFlow},
		{method: http.MethodGet, path: "/v1/flows/:flow", auth: manager, query: []string{"revision"}, handle: s.getFlow},
		{method: http.MethodGet, path: "/v1/flows/:flow/revisions", auth: manager, handle: s.listRevisions},
		{method: http.MethodPost, path: "/v1/flows/:flow/deploy", auth: manager, handle: s.deployFlow},
		{method: http.MethodPost, path: "/v1/flows/:flow/validate", auth: manager, uploads: true, handle: s.validateFlow},
		{method: http.MethodGet, path: "/v1/flows/:flow/graph", auth: manager, handle: s.graphJSON},
		{method: http.MethodGet, path: "/v1/flows/:flow/graph.mmd", auth: manager, handle: s.graphMermaid},
		{method: http.MethodPost, path: "/v1/flows/:flow/executions", auth: either, handle: s.startExecution},
		{method: http.MethodPost, path: "/v1/executions/:execution", auth: either, handle: s.resumeExecution},
		{method: http.MethodGet, path: "/v1/executions/:execution", auth: either, handle: s.getExecution},
		{method: http.MethodDelete, path: "/v1/executions/:execution", auth: either, handle: s.cancelExecution},
		{method: http.MethodGet, path: "/v1/executions/:execution/trace", auth: manager, handle: s.traceExecution},
		{method: http.MethodGet, path: "/v1/environments", auth: manager, handle: s.listEnvironments},
		{method: http.MethodGet, path: "/healthz", handle: s.showHealth},
		{method: http.MethodGet, path: "/readyz", handle: s.showReadiness},
		{method: http.MethodGet, path: "/metrics", handle: s.showMetrics},
		{method: http.MethodGet, path: "/openapi.json", handle: s.showOpenAPI},
		{method: http.MethodGet, path: "/assets/passkey.js", handle: s.showPasskeyScript},
	}
	if s.opt.FlowSchema != nil {
		rows = append(rows, route{method: http.MethodGet, path: "/schemas/flow.schema.json", handle: s.showFlowSchema})
	}
	if s.opt.Dev {
		rows = append(rows, route{method: http.MethodGet, path: "/dev/inbox", query: []string{"to", "channel"}, handle: s.showInbox})
	}
	return rows
}

// guard puts before a row's handler what its columns say. Nothing of a body is read before
// the client is known to be one who may send it.
func (s *Server) guard(r route) echo.HandlerFunc {
	return func(c echo.Context) error {
		noteRoute(c.Request().Context(), r.path)
		if err := s.authorise(c, r.auth); err != nil {
			return err
		}
		if strings.HasPrefix(r.path, "/v1/") {
			if err := knownQuery(c.Request().URL.RawQuery, r.query); err != nil {
				return err
			}
		}
		limit := s.limits.Body
		if r.uploads {
			limit = s.limits.FlowBody
		}
		if err := limitBody(c.Response(), c.Request(), limit); err != nil {
			return err
		}
		return r.handle(c)
	}
}

// authorise notes whether the manager asks, and refuses others where only the manager
// may.
func (s *Server) authorise(c echo.Context, need auth) error {
	if need == anyone {
		return nil
	}
	is, err := s.isManager(c.Request())
	if err != nil {
		return err
	}
	if need == manager && !is {
		return refuse(unauthorized, "the management token is needed")
	}
	c.Set(managerKey, is)
	return nil
}

const managerKey = "manager"

// byManager says whether the request showed the management token.
func byManager(c echo.Context) bool { return c.Get(managerKey) == true }

// knownQuery refuses a query that is malformed, or has parameters that the route does not
// know or that are given twice: "?deploy=false;" must not deploy.
func knownQuery(raw string, known []string) error {
	given, err := url.ParseQuery(raw)
	if err != nil {
		return refuse(engine.BadRequest, "the query is malformed")
	}
	for name, values := range given {
		if !slices.Contains(known, name) {
			return refuse(engine.BadRequest, "unknown query parameter %.64q", name)
		}
		if len(values) > 1 {
			return refuse(engine.BadRequest, "query parameter %q is given %d times", name, len(values))
		}
	}
	return nil
}
