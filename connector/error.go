package connector

import "fmt"

// Codes of errors that capabilities and the engine share (contract 1, Codes). Codes
// of a back end are that back end's own.
const (
	CodeInputInvalid     = "INPUT_INVALID"
	CodeOutputInvalid    = "OUTPUT_INVALID"
	CodeTimeout          = "TIMEOUT"
	CodeUnavailable      = "UNAVAILABLE"
	CodeOutcomeUnknown   = "OUTCOME_UNKNOWN"
	CodeExpressionFailed = "EXPRESSION_FAILED"
	CodeLimitExceeded    = "LIMIT_EXCEEDED"
	CodeFlowExpired      = "FLOW_EXPIRED"
	CodeRevisionGone     = "REVISION_WITHDRAWN"
	CodeFlowFailed       = "FLOW_FAILED"
	CodeInternal         = "INTERNAL"
)

// Codes of a proof that counts no more. Capabilities with Confirm give them; an execution
// that ends with one of them was not completed, whatever its flow catches.
const (
	CodeAccountNotUsable   = "ACCOUNT_NOT_USABLE"  // the user is gone, disabled or locked
	CodeCredentialsChanged = "CREDENTIALS_CHANGED" // a password was set, MFA switched off, a device removed
	CodeNoUsableDevices    = "NO_USABLE_DEVICES"   // the device is gone or blocked, or its method not allowed
)

// Error is an operator's error with a code. Two Errors match under errors.Is when
// their codes are equal.
type Error struct {
	Code string
	Err  error // the cause; may be nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Code
	}
	return fmt.Sprintf("%s: %v", e.Code, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}
