package rest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Outside is INVALID_DATA with an OUT_OF_RANGE of target.
func Outside(target string, least, most int) *Problem {
	return Refuse(InvalidData, OutOfRange, target, fmt.Sprintf("must be between %d and %d", least, most)).
		With("rangeMinimumValue", least).With("rangeMaximumValue", most)
}

// TooLong is INVALID_DATA with a SIZE_LIMIT_EXCEEDED of target.
func TooLong(target string, most int) *Problem {
	return Refuse(InvalidData, SizeLimitExceeded, target, fmt.Sprintf("must have at most %d characters", most))
}

// OneOf refuses a value that is not among those allowed.
func OneOf(target, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return Invalid(target, "must be one of "+strings.Join(allowed, ", ")).With("allowedValues", allowed)
}

// Full is REQUEST_FAILED with a LIMIT_EXCEEDED: no more of a thing can be made.
func Full(what string, most int) *Problem {
	return Refuse(RequestFailed, LimitExceeded, "", "Maximum allowed "+what+" has been reached").With("maximumAllowed", most)
}

// AtMost refuses a text that is too long.
func AtMost(target, text string, most int) error {
	if utf8.RuneCountInString(text) <= most {
		return nil
	}
	return TooLong(target, most)
}
