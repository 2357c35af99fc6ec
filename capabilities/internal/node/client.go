package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// Client sends a capability's requests.
type Client struct{ Deps }

// Answer is a response below status 300 with its body decoded.
type Answer struct {
	Status  int
	Headers map[string]any
	Body    map[string]any // the REST body unchanged; {} for none

	epoch      string   // of the credentials of the user that it is about; "" where the service tells none
	setCookies []string // secrets: for Cookies only
}

// Do sends req and completes with the framed answer and what shapes add to it.
func (c Client) Do(ctx context.Context, req pingone.Request, shapes ...Shape) connector.Outcome {
	a, fail := c.Ask(ctx, req)
	if fail != nil {
		return *fail
	}
	return a.Complete(shapes...)
}

// Ask sends req. Everything but a 2xx with a JSON object (or no body) is a Fail.
func (c Client) Ask(ctx context.Context, req pingone.Request) (Answer, *connector.Fail) {
	r, err := c.MFA.Do(ctx, req)
	if err != nil {
		return Answer{}, noAnswer(ctx, err)
	}
	if r.Status < http.StatusOK || r.Status >= http.StatusMultipleChoices {
		return Answer{}, refused(r)
	}
	a := Answer{Status: r.Status, Headers: headersOf(r.Header), Body: map[string]any{},
		epoch: r.Header.Get(pingone.CredentialEpoch), setCookies: r.Header.Values("Set-Cookie")}
	if len(r.Body) == 0 {
		return a, nil
	}
	if err := json.Unmarshal(r.Body, &a.Body); err != nil || a.Body == nil {
		return Answer{}, &connector.Fail{Code: connector.CodeOutputInvalid, Message: "the answer is not a JSON object",
			Err: fmt.Errorf("decode answer of %s: %w", req.Method, orNull(err))}
	}
	return a, nil
}

// Complete frames the answer as every capability's output.
func (a Answer) Complete(shapes ...Shape) connector.Outcome {
	done := connector.Complete{Output: map[string]any{
		"rawResponse": a.Body, "headers": a.Headers, "statusCode": float64(a.Status),
	}}
	for _, shape := range shapes {
		shape(a, &done)
	}
	return done
}

// shownHeaders are the response headers that an output carries. Cookies, tokens and
// whatever else a proxy adds stay out of executions and traces.
var shownHeaders = [...]string{"Content-Type", "Correlation-Id", "X-Ping-External-Transaction-Id"}

func headersOf(h http.Header) map[string]any {
	shown := map[string]any{}
	for _, name := range shownHeaders {
		if v := h.Get(name); v != "" {
			shown[lower(name)] = v
		}
	}
	return shown
}

// DeleteAgain repeats a DELETE whose answer was lost. What is gone now was deleted.
func (c Client) DeleteAgain(ctx context.Context, req pingone.Request) connector.Outcome {
	a, fail := c.Ask(ctx, req)
	switch {
	case fail == nil:
		return a.Complete()
	case fail.Details["status"] == float64(http.StatusNotFound):
		return Answer{Status: http.StatusNoContent, Headers: map[string]any{}, Body: map[string]any{}}.Complete()
	}
	return *fail
}
