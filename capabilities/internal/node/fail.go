package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// Codes that capabilities answer without asking the service. They are PingOne's.
const (
	codeRequiredValue = "REQUIRED_VALUE"
	codeInvalidValue  = "INVALID_VALUE"
	codeNotFound      = "NOT_FOUND"
)

var errNull = errors.New("the body is null")

func orNull(err error) error {
	if err == nil {
		return errNull
	}
	return err
}

func lower(s string) string { return strings.ToLower(s) }

// Missing is the refusal of an input that is empty although this use needs it.
func Missing(target string) connector.Fail { return refusal(codeRequiredValue, target, "is empty") }

// Invalid is the refusal of an input that the schema lets pass.
func Invalid(target, text string) connector.Fail { return refusal(codeInvalidValue, target, text) }

// NotFound is the refusal of a search without a hit.
func NotFound(message string) connector.Fail {
	return connector.Fail{Code: codeNotFound, Message: message}
}

func refusal(code, target, text string) connector.Fail {
	return connector.Fail{Code: code, Message: target + ": " + text, Details: map[string]any{"target": target}}
}

// noAnswer is the outcome when the service gave none. An error that carries a code of
// ours keeps it; the engine finds the store's own errors through Err.
func noAnswer(ctx context.Context, err error) *connector.Fail {
	f := &connector.Fail{Code: connector.CodeUnavailable, Message: "the service gave no answer", Err: fmt.Errorf("no answer: %w", err)}
	var coded *connector.Error
	switch {
	case errors.Is(err, pingone.ErrBadPath):
		f.Code, f.Message = codeInvalidValue, "an id cannot be part of a path"
	case errors.As(err, &coded):
		f.Code = coded.Code
	case errors.Is(err, context.DeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		f.Code, f.Message = connector.CodeTimeout, "the service did not answer in time"
	}
	return f
}

// refused turns an error response into a Fail: first detail code, else top code.
func refused(r pingone.Response) *connector.Fail {
	e := pingone.ErrorOf(r)
	if e == nil { // a status that no PingOne operation answers, such as a redirect
		return &connector.Fail{Code: connector.CodeUnavailable, Message: "unexpected status " + strconv.Itoa(r.Status),
			Details: map[string]any{"status": float64(r.Status)}}
	}
	return &connector.Fail{Code: e.FirstCode(), Message: messageOf(e), Details: detailsOf(e, r), Err: e}
}

// messageOf joins target and message of the first detail, as the connector does
// (reference pingone-mfa-api 10.3).
func messageOf(e *pingone.Error) string {
	if len(e.Details) == 0 || e.Details[0].Message == "" {
		return e.Message
	}
	if d := e.Details[0]; d.Target != "" {
		return d.Target + ": " + d.Message
	}
	return e.Details[0].Message
}

// detailsOf keeps what an error says beside code and message: other top-level members
// (unavailableDevices, …), the details, the first one's target and innerError, whose
// members (attemptsRemaining, …) also stand at the top, and the status. 429 adds
// retryAfter in seconds. innerError is there even if empty: it is what messages to the
// end user may take their values from.
func detailsOf(e *pingone.Error, r pingone.Response) map[string]any {
	m := map[string]any{}
	body := map[string]any{}
	if json.Unmarshal(r.Body, &body) == nil {
		for k, v := range body {
			if k != "id" && k != "code" && k != "message" {
				m[k] = v
			}
		}
	}
	inner := map[string]any{}
	if len(e.Details) > 0 {
		maps.Copy(inner, e.Details[0].InnerError)
		maps.Copy(m, inner)
		if t := e.Details[0].Target; t != "" {
			m["target"] = t
		}
	}
	m["innerError"] = inner
	if s, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && r.Status == http.StatusTooManyRequests {
		m["retryAfter"] = float64(s)
	}
	m["status"] = float64(r.Status)
	return m
}
