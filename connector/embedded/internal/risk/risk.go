package risk

import (
	"net/http"
	"sync"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Risk serves risk evaluations, their feedback and the policy set.
type Risk struct {
	Key  []byte        // HMAC key of users, addresses and browsers
	Life time.Duration // of an evaluation; then it is 404; 0 is for ever

	// Remembered says whether a device cookie has the form of a remember-me value, and if
	// so whether it is the live one of a browser of the user.
	Remembered func(c *rest.Call, user, cookie, agent string) (value, held bool, err error)

	mu       sync.Mutex
	compiled *compiled // of the policy set read last
}

// Routes are the routes of risk.
func (s *Risk) Routes() []rest.Route {
	const one, set = "riskEvaluations/:riskEvaluationID", "riskPolicySets/:riskPolicySetID"
	return []rest.Route{
		{Method: http.MethodPost, Path: "riskEvaluations", Run: s.evaluate},
		{Method: http.MethodGet, Path: one, Run: s.read},
		{Method: http.MethodPut, Path: one + "/event", Run: s.complete},
		{Method: http.MethodPost, Path: "riskFeedback", Run: s.feedback},
		{Method: http.MethodGet, Path: "riskPolicySets", Run: s.listPolicies},
		{Method: http.MethodGet, Path: set, Run: s.readPolicy},
		{Method: http.MethodPut, Path: set, Run: s.writePolicy},
	}
}

func audited(c *rest.Call, event string, e *evaluation, result string) error {
	a := rest.Event{Type: event, ResourceType: "RISK_EVALUATION", ResourceID: e.ID, Result: result}
	if e.Event.User.Type == PingOne && rest.IsID(e.Event.User.ID) {
		a.User = e.Event.User.ID
	}
	return c.Audit(a)
}
