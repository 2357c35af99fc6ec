package risk

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// item is one opinion on an evaluation.
type item struct {
	RiskEvaluation *rest.Ref `json:"riskEvaluation"`
	Category       string    `json:"feedbackCategory"`
	Reason         string    `json:"reason"`
}

// maxItems is how many evaluations one feedback may speak of.
const maxItems = 50

// word is the form of categories and reasons. PingOne's lists are not public as a whole;
// FRIENDLY_BOT, FALSE_HIGH_RISK and COMPANY_VPN are among them.
var word = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// feedback answers POST riskFeedback: what is said last of an evaluation stays with it.
func (s *Risk) feedback(c *rest.Call) (rest.Reply, error) {
	var b struct {
		Items []item `json:"evaluationFeedbackItems"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	const at = "evaluationFeedbackItems"
	switch {
	case len(b.Items) == 0:
		return rest.Reply{}, rest.Required(at)
	case len(b.Items) > maxItems:
		return rest.Reply{}, rest.Refuse(rest.InvalidData, rest.SizeLimitExceeded, at, fmt.Sprintf("must have at most %d members", maxItems))
	}
	for i, it := range b.Items {
		if err := it.validate(fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return rest.Reply{}, err
		}
	}
	// Always in the same order, so that two feedbacks do not wait for each other.
	slices.SortStableFunc(b.Items, func(x, y item) int { return strings.Compare(x.RiskEvaluation.ID, y.RiskEvaluation.ID) })
	for _, it := range b.Items {
		if err := s.keep(c, it); err != nil {
			return rest.Reply{}, err
		}
	}
	now := rest.At(c.Tx.Now())
	return rest.Reply{Status: http.StatusCreated, Body: map[string]any{
		"_links": rest.LinkSet{"environment": c.Links.API()}, "id": c.Tx.NewID(), "environment": rest.Ref{ID: c.Env},
		"createdAt": now, "updatedAt": now,
	}}, nil
}

func (it item) validate(at string) error {
	switch {
	case it.RiskEvaluation == nil || it.RiskEvaluation.ID == "":
		return rest.Required(at + ".riskEvaluation.id")
	case !rest.IsID(it.RiskEvaluation.ID):
		return rest.Invalid(at+".riskEvaluation.id", "is not a risk evaluation")
	case it.Category == "":
		return rest.Required(at + ".feedbackCategory")
	case !word.MatchString(it.Category):
		return rest.Invalid(at+".feedbackCategory", "must be capitals, digits and _, 64 at most")
	case it.Reason != "" && !word.MatchString(it.Reason):
		return rest.Invalid(at+".reason", "must be capitals, digits and _, 64 at most")
	}
	return nil
}

// keep writes one opinion to its evaluation.
func (s *Risk) keep(c *rest.Call, it item) error {
	e, err := s.latched(c, it.RiskEvaluation.ID)
	if _, missing := rest.ProblemOf(err); missing {
		return rest.Invalid("evaluationFeedbackItems.riskEvaluation.id", "is not a risk evaluation")
	}
	if err != nil {
		return err
	}
	f := feedback{Category: it.Category, Reason: it.Reason}
	if e.Feedback != nil && *e.Feedback == f {
		return nil
	}
	e.Feedback = &f
	if err := e.save(c); err != nil {
		return err
	}
	return audited(c, "RISK_EVALUATION.UPDATED", e, rest.Success)
}
