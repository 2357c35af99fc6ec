package scim

import (
	"errors"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Refusal is PingOne's INVALID_FILTER for an error of Parse.
func Refusal(err error) error {
	p := rest.Refuse(rest.InvalidData, rest.InvalidFilter, "filter", err.Error())
	var e *Error
	if !errors.As(err, &e) {
		return p
	}
	if e.Attributes != nil {
		p.With("supportedAttributes", e.Attributes)
	}
	if e.Operators != nil {
		p.With("supportedOperators", e.Operators)
	}
	return p
}
