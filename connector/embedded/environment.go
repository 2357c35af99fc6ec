package embedded

import (
	"net/http"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// environmentRoutes show the one environment of the service.
func environmentRoutes() []rest.Route {
	return []rest.Route{{Method: http.MethodGet, Run: readEnvironment}}
}

func environment(env string, links rest.Links) map[string]any {
	return map[string]any{
		"_links": rest.LinkSet{"self": links.API()},
		"id":     env, "name": "mfaflow", "type": "SANDBOX", "region": "NA",
	}
}

func readEnvironment(c *rest.Call) (rest.Reply, error) { return rest.OK(environment(c.Env, c.Links)) }

// serveEnvironments answers GET /v1/environments, which is above every environment.
func (s *Service) serveEnvironments(w http.ResponseWriter, q call) {
	const allow = "GET, HEAD, OPTIONS"
	switch q.Method {
	case http.MethodGet:
		writeJSON(w, http.StatusOK, map[string]any{
			"_links":    rest.LinkSet{"self": {Href: s.links.Root() + "/v1/environments"}},
			"_embedded": map[string]any{"environments": []any{environment(s.opts.Environment, s.links)}},
			"count":     1, "size": 1,
		})
	case http.MethodOptions:
		s.serveMethods(w, q, allow)
	default:
		s.refuse(w, q, rest.NotAllowed(allow))
	}
}

// NativeApplication is the id of the native app with which an environment begins.
func NativeApplication(env string) string { return rest.FixedID(env, "nativeApplication") }
