package risk

import (
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type evaluateInput struct {
	UserID           string `json:"userId" need:"text"`
	Username         string `json:"username"`
	UserType         string `json:"userType"`
	IP               string `json:"ip" need:"text"`
	UserAgent        string `json:"userAgent"`
	DeviceSession    string `json:"deviceSession"`
	SessionID        string `json:"sessionId"`
	FlowType         string `json:"flowType"`
	CompletionStatus string `json:"completionStatus"`
	RiskPolicySetID  string `json:"riskPolicySetId"`
	TargetID         string `json:"targetResourceId"`
	TargetName       string `json:"targetResourceName"`
	Signals          string `json:"signals"`
}

// evaluate asks how risky an event of a user is.
//
// API: POST /riskEvaluations
func evaluate() node.Spec {
	return node.Define("risk/evaluate",
		func(in evaluateInput) pingone.Request {
			user := node.Object{"id": in.UserID, "type": node.First(in.UserType, "PING_ONE")}.Put("name", in.Username)
			event := node.Object{"ip": in.IP, "user": user, "origin": "P1_ORCHESTRATION"}.
				Put("flow", node.Object{"type": node.First(in.FlowType, "AUTHENTICATION")}).
				Put("browser", node.Object{}.Put("userAgent", in.UserAgent).Put("cookie", in.DeviceSession)).
				PutRef("session", in.SessionID).
				Put("completionStatus", in.CompletionStatus).
				Put("targetResource", node.Object{}.Put("id", in.TargetID).Put("name", in.TargetName)).
				Put("sdk", node.Object{}.Put("signals", node.Object{}.Put("data", in.Signals)))
			return pingone.Request{
				Method: http.MethodPost, Path: pingone.Path{"riskEvaluations"},
				Body: node.Object{"event": event}.PutRef("riskPolicySet", in.RiskPolicySetID),
			}
		},
		node.Whole("evaluation"), result)
}

// result gives the members of the result names of their own. An evaluation without a level
// is none: the output schema refuses it, and the flow's catch decides.
func result(a node.Answer, done *connector.Complete) {
	r, _ := a.Body["result"].(map[string]any)
	done.Output["level"], done.Output["score"] = r["level"], r["score"]
	action, _ := r["recommendedAction"].(string)
	done.Output["recommendedAction"] = action
}
