package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/engine"
)

const executions = "/v1/flows/sign-on/executions"

func TestStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var seen engine.StartRequest
	w.runner.start = func(q engine.StartRequest) (*engine.Execution, error) {
		seen = q
		x := waiting()
		x.Handle = "h1"
		return x, nil
	}
	a := w.do("POST", executions, map[string]any{
		"inputs": map[string]any{"policyId": "p", "n": 1.5},
		"client": map[string]any{"webauthn": "FULL", "locale": "de", "deviceSession": "ds"},
	}, "Idempotency-Key: k 1", "User-Agent: test/1", "Origin: "+w.url).want(http.StatusCreated)
	if got := a.Header.Get("Location"); got != "/v1/executions/"+execID {
		t.Errorf("Location is %q", got)
	}
	want := engine.StartRequest{
		Flow: "sign-on", Inputs: map[string]any{"policyId": "p", "n": 1.5}, IdempotencyKey: "k 1",
		Client:  engine.ClientFacts{WebAuthn: "FULL", Locale: "de", DeviceSession: "ds"},
		Request: engine.RequestFacts{IP: "127.0.0.1", UserAgent: "test/1", Origin: w.url},
	}
	if d := cmp.Diff(want, seen); d != "" {
		t.Errorf("what the engine got (-want +got):\n%s", d)
	}
	var x engine.Execution
	a.decode(&x)
	if x.Handle != "h1" || x.Step.Token != "t1" {
		t.Errorf("got %s", a.body)
	}
}

func TestStartWithoutBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runner.start = func(q engine.StartRequest) (*engine.Execution, error) { return waiting(), nil }
	w.do("POST", executions, nil).want(http.StatusCreated)
}

func TestStatusOfAnswers(t *testing.T) {
	t.Parallel()
	repeated := waiting()
	repeated.Repeated = true
	running := &engine.Execution{ID: execID, Flow: "sign-on", Revision: revision, Status: engine.Running, PollAfterMs: 500}
	for _, c := range []struct {
		name         string
		x            *engine.Execution
		start, later int
	}{
		{"waiting", waiting(), 201, 200},
		{"repeated", repeated, 200, 200},
		{"running", running, 202, 202},
		{"completed", ended(engine.Completed), 201, 200},
		{"failed", ended(engine.Failed), 201, 200},
		{"expired", ended(engine.Expired), 201, 200},
		{"canceled", ended(engine.Canceled), 201, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.runner.start = func(engine.StartRequest) (*engine.Execution, error) { return c.x, nil }
			w.runner.resume = func(string, engine.ResumeRequest) (*engine.Execution, error) { return c.x, nil }
			w.runner.get = func(string, engine.Access) (*engine.Execution, error) { return c.x, nil }
			w.runner.cancel = w.runner.get
			w.do("POST", executions, `{}`).want(c.start)
			w.do("POST", "/v1/executions/"+execID, `{"token":"t","action":"submit"}`, "Execution-Handle: h").want(c.later)
			w.do("GET", "/v1/executions/"+execID, nil, "Execution-Handle: h").want(c.later)
			w.do("DELETE", "/v1/executions/"+execID, nil, "Execution-Handle: h").want(c.later)
		})
	}
}

func TestResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var seen engine.ResumeRequest
	w.runner.resume = func(id string, q engine.ResumeRequest) (*engine.Execution, error) {
		seen = q
		return waiting(), nil
	}
	w.do("POST", "/v1/executions/"+execID, map[string]any{
		"token": "t1", "action": "submit", "form": map[string]any{"otp": "123456"},
	}, "Execution-Handle: h1", "User-Agent: u").want(http.StatusOK)
	want := engine.ResumeRequest{
		Token: "t1", Action: "submit", Form: map[string]any{"otp": "123456"},
		Access:  engine.Access{Handle: "h1"},
		Request: engine.RequestFacts{IP: "127.0.0.1", UserAgent: "u"},
	}
	if d := cmp.Diff(want, seen); d != "" {
		t.Errorf("what the engine got (-want +got):\n%s", d)
	}
}

// The id alone opens nothing; what does is handed to the engine as it was sent.
func TestAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runner.get = func(_ string, a engine.Access) (*engine.Execution, error) {
		if a.Manager || a.Handle == "right" {
			return waiting(), nil
		}
		return nil, errNotFound
	}
	path := "/v1/executions/" + execID
	w.do("GET", path, nil).problem(404, "NOT_FOUND", "")
	w.do("GET", path, nil, "Execution-Handle: wrong").problem(404, "NOT_FOUND", "")
	w.do("GET", path, nil, "Execution-Handle: right").want(200)
	w.do("GET", path, nil, "Execution-Handle: right", "Execution-Handle: right").problem(404, "NOT_FOUND", "")
	w.do("GET", path, nil, "Execution-Handle: "+strings.Repeat("x", 600)).problem(404, "NOT_FOUND", "")
	w.manage("GET", path, nil).want(200)
	w.do("GET", path, nil, "Execution-Handle: right", "Authorization: Bearer other").problem(401, "UNAUTHORIZED", "")
	w.do("GET", path+"/trace", nil, "Execution-Handle: right").problem(401, "UNAUTHORIZED", "")
}

func TestExecutionIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runner.get = func(string, engine.Access) (*engine.Execution, error) { return waiting(), nil }
	for _, id := range []string{
		"x", "..", "%2e%2e", strings.ToUpper(execID), "%7B" + execID + "%7D", "urn:uuid:" + execID,
		strings.ReplaceAll(execID, "-", ""), execID + "%00", execID + "%2Ftrace",
	} {
		w.manage("GET", "/v1/executions/"+id, nil).problem(404, "NOT_FOUND", "")
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runner.trace = func(id string) (*engine.Trace, error) { return &engine.Trace{Execution: id}, nil }
	a := w.manage("GET", "/v1/executions/"+execID+"/trace", nil).want(200)
	if !strings.Contains(string(a.body), `"entries":[]`) {
		t.Errorf("got %s", a.body)
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runner.start = func(engine.StartRequest) (*engine.Execution, error) { return waiting(), nil }
	for _, key := range []string{"", "ü", strings.Repeat("k", 256)} {
		w.do("POST", executions, `{}`, "Idempotency-Key: "+key).problem(400, "BAD_REQUEST", "Idempotency-Key")
	}
	w.do("POST", executions, `{}`, "Idempotency-Key: a", "Idempotency-Key: a").problem(400, "BAD_REQUEST", "Idempotency-Key")
	w.do("POST", executions, `{}`, "Idempotency-Key: "+strings.Repeat("k", 255)).want(201)
}
