// Package server puts flows and executions on HTTP: routes, authorisation, limits,
// problem+json, the OpenAPI document, health and metrics. It is only a user of the
// engine, and the one package that imports echo.
//
//	connection ─► ServeHTTP: log, headers, recover, cross-origin, body limit
//	                 ├─► the PingOne API, at the literal environment ids
//	                 └─► echo: one table of routes (routes.go)
//	                        └─► Runner, Catalog ─► answer, or *engine.Error ─► problem.go
//
// Who may do what is decided per route and per execution, never by the shape of a path:
// the management token, the handle of one execution, or nothing. The Host header and
// forwarding headers decide nothing; see Options.TrustedProxies.
package server
