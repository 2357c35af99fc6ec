package app

import "github.com/mfaflow/mfaflow/connector/embedded/internal/rest"

// What a person may decide about a question.
const (
	Approve = "APPROVE"
	Deny    = "DENY"
)

// CheckDecision refuses what is no decision.
func CheckDecision(s string) error {
	if s == "" {
		return rest.Required("decision")
	}
	return rest.OneOf("decision", s, Approve, Deny)
}
