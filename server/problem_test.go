package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/server"
)

// Every code of the engine has its status, and nothing else reaches a client.
func TestCodes(t *testing.T) {
	t.Parallel()
	for code, status := range map[engine.Code]int{
		engine.BadRequest: 400, engine.Forbidden: 403, engine.NotFound: 404,
		engine.StaleToken: 409, engine.InvalidAction: 409, engine.NotWaiting: 409,
		engine.FormInvalid: 422, engine.InputInvalid: 422, engine.IdempotencyMismatch: 422,
		engine.RateLimited: 429, engine.Contended: 503, engine.Unavailable: 503,
	} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			e := w.start()
			w.spy.resume = func(engine.ResumeRequest) (*engine.Execution, error) {
				err := &engine.Error{Code: code, Text: "why", Err: errors.New("inside")}
				if status == http.StatusConflict || code == engine.FormInvalid {
					err.Execution = &e.x
				}
				if code == engine.FormInvalid {
					err.Fields = []engine.FieldError{{Field: "otp", Key: "required", Text: "is missing"}}
				}
				return nil, fmt.Errorf("wrapped: %w", err)
			}
			a := w.do("POST", "/v1/executions/"+execID, `{"token":"t","action":"a"}`, "Execution-Handle: h")
			a.problem(status, string(code), "why")
			var p struct {
				Execution  *engine.Execution
				Errors     []engine.FieldError
				RetryAfter int
			}
			a.decode(&p)
			if status == 409 && (p.Execution == nil || p.Execution.Step.Token != e.x.Step.Token) {
				t.Errorf("no execution in %s", a.body)
			}
			if code == engine.FormInvalid && (len(p.Errors) != 1 || p.Errors[0].Field != "otp") {
				t.Errorf("no errors in %s", a.body)
			}
			wantRetry := status == 429 || status == 503
			if (p.RetryAfter > 0) != wantRetry || a.Header.Get("Retry-After") != retryHeader(p.RetryAfter) {
				t.Errorf("retryAfter %d, header %q", p.RetryAfter, a.Header.Get("Retry-After"))
			}
			if strings.Contains(string(a.body), "inside") {
				t.Errorf("the operator's error is in %s", a.body)
			}
		})
	}
}

func retryHeader(seconds int) string {
	if seconds == 0 {
		return ""
	}
	return fmt.Sprint(seconds)
}

// An error that was not made for clients is a 500 which names the line of the log and
// nothing else (ASVS 16.5.1).
func TestInternal(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"foreign error":   func() error { return errors.New("secret cause") },
		"engine internal": func() error { return &engine.Error{Code: engine.Internal, Text: "secret cause"} },
		"unknown code":    func() error { return &engine.Error{Code: "NEW", Text: "secret cause"} },
		"panic":           func() error { panic("secret cause") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.spy.start = func(engine.StartRequest) (*engine.Execution, error) { return nil, fail() }
			a := w.do("POST", executions, `{}`).problem(500, "INTERNAL", "the log has it under ")
			id := a.Header.Get("X-Request-Id")
			if !strings.Contains(string(a.body), id) || strings.Contains(string(a.body), "secret") || strings.Contains(string(a.body), ".go") {
				t.Errorf("body %s, id %q", a.body, id)
			}
			if log := w.log.String(); !strings.Contains(log, "secret cause") || !strings.Contains(log, id) {
				t.Errorf("the log lacks cause or id: %s", log)
			}
		})
	}
}

// A panic below the PingOne mount is a 500 too; after the first byte the connection is
// cut, so that half an answer is not taken for a whole one.
func TestPanicInPingOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) {
		o.Environments = []server.Environment{{ID: envID}}
		o.PingOne = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery == "late" {
				w.Header().Set("Content-Length", "10")
				fmt.Fprint(w, "half")
			}
			panic("secret cause")
		})
	})
	if a := w.do("GET", "/"+envID+"/x", nil).want(500); !strings.Contains(string(a.body), `"code":"UNEXPECTED_ERROR"`) || !strings.Contains(string(a.body), "the log has it") {
		t.Errorf("got %s, want PingOne's envelope", a.body)
	}
	resp, err := http.Get(w.url + "/" + envID + "/x?late")
	if err == nil {
		defer resp.Body.Close()
		if got, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("a whole answer: %s", got)
		}
	}
	if n := strings.Count(w.log.String(), "secret cause"); n != 2 {
		t.Errorf("%d lines about 2 panics", n)
	}
}

// A request whose client went away is not an error of the server's.
func TestClientGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := make(chan struct{})
	w.spy.start = func(engine.StartRequest) (*engine.Execution, error) {
		close(began)
		return nil, context.Canceled
	}
	w.do("POST", executions, `{}`).problem(503, "UNAVAILABLE", "")
	<-began
}

func TestNotFoundAndMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("GET", "/", nil).problem(404, "NOT_FOUND", "")
	w.do("GET", "/v1/flow", nil).problem(404, "NOT_FOUND", "")
	w.do("GET", "/dev/inbox", nil).problem(404, "NOT_FOUND", "") // only with Dev
	for path, want := range map[string]string{
		"/v1/flows":                "GET, HEAD",
		"/v1/executions/" + execID: "DELETE, GET, HEAD, POST",
		"/healthz":                 "GET, HEAD",
	} {
		a := w.do("PATCH", path, nil).problem(405, "METHOD_NOT_ALLOWED", "")
		for m := range strings.SplitSeq(want, ", ") {
			if !strings.Contains(a.Header.Get("Allow"), m) {
				t.Errorf("%s: Allow is %q, want %s", path, a.Header.Get("Allow"), m)
			}
		}
	}
	w.do("TRACE", "/healthz", nil).problem(405, "METHOD_NOT_ALLOWED", "")
}

func TestHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if a := w.do("HEAD", "/healthz", nil).want(200); len(a.body) != 0 || a.ContentLength != 15 {
		t.Errorf("body %q, length %d", a.body, a.ContentLength)
	}
	w.do("HEAD", "/v1/flows", nil).want(401)
}
