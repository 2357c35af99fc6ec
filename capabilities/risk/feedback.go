package risk

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

type feedbackInput struct {
	EvaluationID     string `json:"riskEvaluationId" need:"text"`
	CompletionStatus string `json:"completionStatus" need:"text"`
	Category         string `json:"feedbackCategory"`
	Reason           string `json:"feedbackReason"`
}

// feedback says how what was evaluated ended, and what somebody thinks of the evaluation,
// if a category is given. Both set an absolute state: said twice, they are said once.
//
// API: PUT /riskEvaluations/{riskEvaluationId}/event, then POST /riskFeedback
func feedback() node.Spec {
	return node.DefineRun("risk/feedback",
		func(ctx context.Context, c node.Client, in feedbackInput) connector.Outcome {
			done, fail := c.Ask(ctx, pingone.Request{
				Method: http.MethodPut, Path: pingone.Path{"riskEvaluations", in.EvaluationID, "event"},
				Body: node.Object{"completionStatus": in.CompletionStatus},
			})
			if fail != nil {
				return *fail
			}
			if in.Category != "" {
				item := node.Object{"feedbackCategory": in.Category}.PutRef("riskEvaluation", in.EvaluationID).Put("reason", in.Reason)
				_, fail = c.Ask(ctx, pingone.Request{
					Method: http.MethodPost, Path: pingone.Path{"riskFeedback"},
					Body: node.Object{"evaluationFeedbackItems": []any{item}},
				})
				if fail != nil {
					return *fail
				}
			}
			return done.Complete(node.Set("completionStatus", in.CompletionStatus))
		})
}
