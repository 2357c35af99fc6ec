package engine

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mfaflow/mfaflow/flows"
)

// Code is why the engine refused a request (contract 2).
type Code string

// The codes. Their HTTP status is server's business.
const (
	BadRequest          Code = "BAD_REQUEST"
	Forbidden           Code = "FORBIDDEN" // an input the caller may not set
	NotFound            Code = "NOT_FOUND" // also: no right to know that it exists
	StaleToken          Code = "STALE_TOKEN"
	InvalidAction       Code = "INVALID_ACTION"
	NotWaiting          Code = "NOT_WAITING"
	FormInvalid         Code = "FORM_INVALID"
	InputInvalid        Code = "INPUT_INVALID"
	FlowInvalid         Code = "FLOW_INVALID"
	IdempotencyMismatch Code = "IDEMPOTENCY_MISMATCH"
	RateLimited         Code = "RATE_LIMITED" // too many wait for this execution or user
	Contended           Code = "CONTENDED"    // nothing happened; try again
	Unavailable         Code = "UNAVAILABLE"  // the store has stopped
	Internal            Code = "INTERNAL"
)

// Error is a refusal. Nothing has changed when one is returned.
type Error struct {
	Code      Code
	Text      string
	Execution *Execution      // the current state, for 409s and FORM_INVALID
	Fields    []FieldError    // FORM_INVALID, INPUT_INVALID
	Problems  []flows.Problem // FLOW_INVALID
	Err       error           // for the operator
}

// FieldError says what is wrong with one field.
type FieldError struct {
	Field string `json:"field"`
	Key   string `json:"key"` // "required", "maxLength", …: the schema's keyword
	Text  string `json:"text"`
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Text, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Text)
}

func (e *Error) Unwrap() error { return e.Err }

// Is matches Errors by code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// What a refusal says of fields: enough for any form that a person fills in, and no more
// of what a stranger sent than a name cut short.
const (
	maxFieldErrors = 20
	maxFieldName   = 64  // bytes
	maxFieldText   = 200 // bytes
)

// refuseFields is the refusal for these fields, of a form or of inputs.
func refuseFields(code Code, what string, bad []FieldError) *Error {
	e := &Error{Code: code, Text: "the " + what + " errors", Fields: bad}
	if len(bad) > maxFieldErrors {
		e.Text = fmt.Sprintf("the %s %d errors, of which %d are listed", what, len(bad), maxFieldErrors)
		e.Fields = bad[:maxFieldErrors:maxFieldErrors]
	}
	for i, f := range e.Fields {
		e.Fields[i] = FieldError{Field: cutText(f.Field, maxFieldName), Key: f.Key, Text: cutText(f.Text, maxFieldText)}
	}
	return e
}

// fieldText says in one line what is wrong with the fields.
func (e *Error) fieldText() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + " " + f.Text
	}
	return strings.Join(parts, "; ")
}

// cutText cuts a text that is longer than n bytes, between two characters.
func cutText(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}
