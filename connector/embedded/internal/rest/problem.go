package rest

import (
	"errors"
	"net/http"
	"slices"

	"github.com/mfaflow/mfaflow/connector/pingone"
)

// Top codes of PingOne's error envelope (reference pingone-mfa-api 10.2).
const (
	InvalidData     = "INVALID_DATA"
	InvalidRequest  = "INVALID_REQUEST"
	RequestFailed   = "REQUEST_FAILED"
	AccessFailed    = "ACCESS_FAILED"
	RequestLimited  = "REQUEST_LIMITED"
	UnexpectedError = "UNEXPECTED_ERROR"
)

// Detail codes, the ones that flows catch.
const (
	AccountNotUsable    = "ACCOUNT_NOT_USABLE"
	ConstraintViolation = "CONSTRAINT_VIOLATION"
	CredentialsChanged  = "CREDENTIALS_CHANGED" // ours: what was proven is older than the user's credentials
	EmptyValue          = "EMPTY_VALUE"
	InvalidFilter       = "INVALID_FILTER"
	InvalidOTP          = "INVALID_OTP"
	InvalidToken        = "INVALID_TOKEN"
	InvalidValue        = "INVALID_VALUE"
	LimitExceeded       = "LIMIT_EXCEEDED"
	NoPassword          = "NO_PASSWORD"
	NotFound            = "NOT_FOUND"
	OTPSessionExpired   = "OTP_SESSION_EXPIRED"
	OutOfRange          = "OUT_OF_RANGE"
	PasswordLockedOut   = "PASSWORD_LOCKED_OUT"
	QuotaExceeded       = "QUOTA_EXCEEDED"
	RequiredValue       = "REQUIRED_VALUE"
	SizeLimitExceeded   = "SIZE_LIMIT_EXCEEDED"
	TooManyOTPRetries   = "TOO_MANY_OTP_RETRIES"
	UniquenessViolation = "UNIQUENESS_VIOLATION"
)

// messages are PingOne's texts for the top codes.
var messages = map[string]string{
	InvalidData:     "The request could not be completed. One or more validation errors were in the request.",
	InvalidRequest:  "The request could not be completed. The request was invalid.",
	RequestFailed:   "The request could not be completed. There was an issue processing the request.",
	AccessFailed:    "The request could not be completed. You do not have access to this resource.",
	NotFound:        "The request could not be completed. The requested resource was not found.",
	RequestLimited:  "The request could not be completed. Too many requests; try again later.",
	UnexpectedError: "An unexpected error occurred.",
}

// Problem is a business refusal: an answer with a status of 400 or more, never a
// failure of the service. What its handler wrote is dropped, unless Kept.
type Problem struct {
	Body   pingone.Error
	Header http.Header
	kept   bool
}

// Error names the first code.
func (p *Problem) Error() string { return p.Body.Error() }

// HasDetail reports whether an error is a refusal with a detail of that code.
func HasDetail(err error, code string) bool {
	p, refused := ProblemOf(err)
	return refused && slices.ContainsFunc(p.Body.Details, func(d pingone.Detail) bool { return d.Code == code })
}

// Keep marks that the refusal is part of the story: attempts counted and events
// written before it are committed with it.
func (p *Problem) Keep() *Problem { p.kept = true; return p }

// Kept reports whether the handler's writes stay.
func (p *Problem) Kept() bool { return p.kept }

// With adds a member to the first detail's innerError.
func (p *Problem) With(name string, value any) *Problem {
	d := &p.Body.Details[0]
	if d.InnerError == nil {
		d.InnerError = map[string]any{}
	}
	d.InnerError[name] = value
	return p
}

// Refuse builds a 400 with one detail.
func Refuse(top, code, target, message string) *Problem {
	p := Plain(http.StatusBadRequest, top, "")
	p.Body.Details = []pingone.Detail{{Code: code, Target: target, Message: message}}
	return p
}

// Plain builds a problem without details. An empty message takes PingOne's text for
// the code.
func Plain(status int, top, message string) *Problem {
	if message == "" {
		message = messages[top]
	}
	return &Problem{Body: pingone.Error{Status: status, Code: top, Message: message}}
}

// Invalid is INVALID_DATA with an INVALID_VALUE of target.
func Invalid(target, message string) *Problem {
	return Refuse(InvalidData, InvalidValue, target, message)
}

// Required is INVALID_DATA with a REQUIRED_VALUE of target.
func Required(target string) *Problem {
	return Refuse(InvalidData, RequiredValue, target, "must be given")
}

// Empty is INVALID_DATA with an EMPTY_VALUE of target.
func Empty(target string) *Problem {
	return Refuse(InvalidData, EmptyValue, target, "must not be empty")
}

// Missing is the 404 for anything that is not there, or not the caller's: one body.
func Missing() *Problem { return Plain(http.StatusNotFound, NotFound, "") }

// NotAllowed is the 405 for a method that a path has not.
func NotAllowed(allow string) *Problem {
	p := Plain(http.StatusMethodNotAllowed, InvalidRequest, "The request could not be completed. The method is not supported here.")
	p.Header = http.Header{"Allow": {allow}}
	return p
}

// ProblemOf finds the refusal in an error of a handler.
func ProblemOf(err error) (*Problem, bool) {
	var p *Problem
	ok := errors.As(err, &p)
	return p, ok
}
