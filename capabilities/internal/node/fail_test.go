package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// answers is a pingone.API of one answer.
type answers struct {
	response pingone.Response
	err      error
}

func (a answers) Do(context.Context, pingone.Request) (pingone.Response, error) {
	return a.response, a.err
}

func ask(ctx context.Context, a answers) *connector.Fail {
	_, fail := Client{Deps{MFA: a}}.Ask(ctx, pingone.Request{Method: http.MethodGet, Path: pingone.Path{"users"}})
	return fail
}

func TestNoAnswerHasACode(t *testing.T) {
	t.Parallel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	refused := errors.New("connection refused")
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		code string
	}{
		"refused":          {t.Context(), refused, connector.CodeUnavailable},
		"deadline":         {t.Context(), fmt.Errorf("call: %w", context.DeadlineExceeded), connector.CodeTimeout},
		"deadline outside": {late, refused, connector.CodeTimeout},
		"canceled":         {t.Context(), context.Canceled, connector.CodeUnavailable},
		"bad path":         {t.Context(), fmt.Errorf("call: %w", pingone.ErrBadPath), "INVALID_VALUE"},
		"coded":            {t.Context(), fmt.Errorf("call: %w", &connector.Error{Code: "OUTCOME_UNKNOWN"}), connector.CodeOutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fail := ask(c.ctx, answers{err: c.err})
			if fail == nil || fail.Code != c.code {
				t.Fatalf("%+v, want code %s", fail, c.code)
			}
			if !errors.Is(fail.Err, c.err) {
				t.Errorf("the cause is lost: %v", fail.Err)
			}
		})
	}
}

func TestBodiesThatAreNoObject(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"null", "[]", `"x"`, "7", "{", "<html>"} {
		fail := ask(t.Context(), answers{response: pingone.Response{Status: http.StatusOK, Body: []byte(body)}})
		if fail == nil || fail.Code != connector.CodeOutputInvalid || fail.Err == nil {
			t.Errorf("body %s: %+v, want OUTPUT_INVALID with a cause", body, fail)
		}
	}
	if fail := ask(t.Context(), answers{response: pingone.Response{Status: http.StatusNoContent}}); fail != nil {
		t.Errorf("no body: %+v, want none", fail)
	}
}

// A message of the service goes to the author, and only from the first detail.
func TestMessageNamesTheTarget(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"code": "A", "message": "top"}`:                                                                "top",
		`{"code": "A", "message": "top", "details": [{"code": "B", "message": "low"}]}`:                  "low",
		`{"code": "A", "message": "top", "details": [{"code": "B", "target": "otp", "message": "low"}]}`: "otp: low",
		`{"code": "A", "message": "top", "details": [{"code": "B"}]}`:                                    "top",
	} {
		fail := ask(t.Context(), answers{response: pingone.Response{Status: http.StatusBadRequest, Body: []byte(body)}})
		if fail == nil || fail.Message != want {
			t.Errorf("%s: %+v, want message %q", body, fail, want)
		}
	}
}
