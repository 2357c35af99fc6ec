package app

import (
	"errors"
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/pairing"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// Apps serves the native apps.
type Apps struct {
	Keys *pairing.Keys

	// Logs is given the logs that were asked for and have come; it may be nil.
	Logs func(user, device, text string)
}

var errForeign = errors.New("the token is of no app that is paired")

// Routes are the routes of apps.
func (s *Apps) Routes() []rest.Route {
	const all, one = "app/devices", "app/devices/:deviceID"
	routes := []rest.Route{
		{Method: http.MethodPost, Path: all, Run: s.pair},
		{Method: http.MethodGet, Path: one, Run: s.Signed(s.read)},
		{Method: http.MethodPut, Path: one, Run: s.Signed(s.update)},
		{Method: http.MethodDelete, Path: one, Run: s.Signed(s.unpair)},
		{Method: http.MethodPost, Path: one + "/logs", Run: s.Signed(s.deliver)},
	}
	for i := range routes {
		routes[i].Host = pingone.HostAuth
	}
	return routes
}
