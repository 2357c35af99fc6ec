package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/engine"
)

// A whole execution, and what each wrong turn is answered with.
func TestSignOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start()
	if e.x.Handle == "" || e.x.Step.Screen != "username-password" {
		t.Fatalf("started with %+v", e.x)
	}
	first := e.x.Step.Token

	var p struct {
		Execution engine.Execution
		Errors    []engine.FieldError
	}
	e.act("submit", username, "").problem(422, "FORM_INVALID", "").decode(&p)
	if len(p.Errors) != 1 || p.Errors[0].Field != "password" || p.Execution.Step.Token != first {
		t.Errorf("FORM_INVALID with %+v", p)
	}
	e.act("dance", username, password).problem(409, "INVALID_ACTION", "dance")

	e.act("submit", username, "wrong").want(200).decode(&e.x)
	if e.x.Step.Message == nil || e.x.Step.Message.Text != "That was not right." || e.x.Step.Values["username"] != username {
		t.Errorf("after a wrong password: %+v", e.x.Step)
	}
	again := e.do("POST", map[string]any{"token": first, "action": "submit", "form": map[string]any{"username": username, "password": "wrong"}}).want(200)
	if !strings.Contains(string(again.body), `"repeated":true`) {
		t.Errorf("the repeat is %s", again.body)
	}
	e.do("POST", map[string]any{"token": first, "action": "submit", "form": map[string]any{"username": username, "password": password}}).
		problem(409, "STALE_TOKEN", "").decode(&p)
	if p.Execution.Step.Token != e.x.Step.Token {
		t.Errorf("STALE_TOKEN carries %+v", p.Execution)
	}

	var end engine.Execution
	e.act("submit", username, password).want(200).decode(&end)
	if end.Status != engine.Completed || end.Result.UserID != "u1" || end.Handle == "" || end.Handle == e.x.Handle {
		t.Errorf("ended with %+v", end)
	}
	e.do("GET", nil).problem(404, "NOT_FOUND", "") // the handle before the rotation
	e.x.Handle = end.Handle
	e.do("GET", nil).want(200)
	e.act("submit", username, "other").problem(409, "NOT_WAITING", "")
	e.do("DELETE", nil).problem(409, "NOT_WAITING", "")
}

func TestCancel(t *testing.T) {
	t.Parallel()
	e := newWorld(t).start()
	var x engine.Execution
	e.do("DELETE", nil).want(200).decode(&x)
	if x.Status != engine.Canceled {
		t.Errorf("status %s", x.Status)
	}
}

// What the engine is told of a start, and what the answer adds.
func TestStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var seen engine.StartRequest
	w.spy.start = func(q engine.StartRequest) (*engine.Execution, error) {
		seen = q
		return w.engine.Start(t.Context(), q)
	}
	a := w.do("POST", executions, map[string]any{
		"inputs": map[string]any{"label": "Name", "number": 1.5},
		"client": map[string]any{"webauthn": "FULL", "locale": "de", "deviceSession": "ds"},
	}, "Idempotency-Key: the key of a start", "User-Agent: test/1", "Origin: "+w.url).want(http.StatusCreated)
	var x engine.Execution
	a.decode(&x)
	if got := a.Header.Get("Location"); got != "/v1/executions/"+x.ID {
		t.Errorf("Location is %q", got)
	}
	want := engine.StartRequest{
		Flow: "sign-on", Inputs: map[string]any{"label": "Name", "number": 1.5}, IdempotencyKey: "the key of a start",
		Client:  engine.ClientFacts{WebAuthn: "FULL", Locale: "de", DeviceSession: "ds"},
		Request: engine.RequestFacts{IP: "127.0.0.1", UserAgent: "test/1", Origin: w.url},
	}
	if d := cmp.Diff(want, seen); d != "" {
		t.Errorf("what the engine got (-want +got):\n%s", d)
	}
	w.do("POST", executions, nil).want(http.StatusCreated) // no body: no inputs
}

func TestStartRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", executions, `{"inputs":{"internal":"x"}}`).problem(403, "FORBIDDEN", "internal")
	w.manage("POST", executions, `{"inputs":{"internal":"x"}}`).want(201)
	w.do("POST", executions, `{"inputs":{"number":"x","more":1}}`).problem(422, "INPUT_INVALID", "")
	w.do("POST", "/v1/flows/slow/executions", `{}`).problem(404, "NOT_FOUND", "") // not public
	w.do("POST", "/v1/flows/nowhere/executions", `{}`).problem(404, "NOT_FOUND", "")
}

// What the engine is told of an answer.
func TestResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start()
	var seen engine.ResumeRequest
	w.spy.resume = func(q engine.ResumeRequest) (*engine.Execution, error) {
		seen = q
		return &e.x, nil
	}
	w.do("POST", e.path, map[string]any{
		"token": "t1", "action": "submit", "form": map[string]any{"otp": "123456"}, "client": map[string]any{},
	}, "Execution-Handle: h1", "User-Agent: "+strings.Repeat("u", 600)).want(http.StatusOK)
	want := engine.ResumeRequest{
		Token: "t1", Action: "submit", Form: map[string]any{"otp": "123456"}, Client: &engine.ClientFacts{},
		Access:  engine.Access{Handle: "h1"},
		Request: engine.RequestFacts{IP: "127.0.0.1", UserAgent: strings.Repeat("u", 512)},
	}
	if d := cmp.Diff(want, seen); d != "" {
		t.Errorf("what the engine got (-want +got):\n%s", d)
	}
	for body, detail := range map[string]string{
		`{}`: "token is missing", `{"token":"t"}`: "action is missing", `{"token":"","action":"a"}`: "token is missing",
		`{"token":1,"action":"a"}`: "token must be a string", `{"token":"t","action":"a","form":[]}`: "form must be an object",
		`{"token":"t","action":"a","inputs":{}}`: `unknown member "inputs"`,
	} {
		e.do("POST", body).problem(400, "BAD_REQUEST", detail)
	}
}

// An outside call that takes longer than the request is 202 wherever it is seen.
func TestRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, err := w.engine.Start(t.Context(), engine.StartRequest{Flow: "slow", Manager: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.engine.Resume(t.Context(), x.ID, engine.ResumeRequest{
		Token: x.Step.Token, Action: "continue", Access: engine.Access{Handle: x.Handle},
	})
	if err != nil {
		t.Fatal(err)
	}
	path, handle := "/v1/executions/"+x.ID, "Execution-Handle: "+x.Handle
	var got engine.Execution
	w.do("GET", path, nil, handle).want(http.StatusAccepted).decode(&got)
	if got.Status != engine.Running || got.PollAfterMs == 0 {
		t.Errorf("got %+v", got)
	}
	w.do("HEAD", path, nil, handle).want(http.StatusAccepted)
	w.spy.start = func(engine.StartRequest) (*engine.Execution, error) { return &got, nil }
	w.spy.resume = func(engine.ResumeRequest) (*engine.Execution, error) { return &got, nil }
	w.manage("POST", "/v1/flows/slow/executions", `{}`).want(http.StatusAccepted)
	w.do("POST", path, `{"token":"t","action":"a"}`, handle).want(http.StatusAccepted)
}

// The id alone opens nothing, neither does a handle that is changed, doubled or of
// another execution.
func TestAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e, other := w.start(), w.start()
	w.do("GET", e.path, nil).problem(404, "NOT_FOUND", "")
	for _, handle := range []string{"wrong", other.x.Handle, e.x.Handle + "x", e.x.Handle[1:], strings.Repeat("x", 600), ""} {
		for _, method := range []string{"GET", "DELETE"} {
			w.do(method, e.path, nil, "Execution-Handle: "+handle).problem(404, "NOT_FOUND", "")
		}
		w.do("POST", e.path, map[string]any{"token": e.x.Step.Token, "action": "cancel"}, "Execution-Handle: "+handle).problem(404, "NOT_FOUND", "")
	}
	w.do("GET", e.path, nil, "Execution-Handle: "+e.x.Handle, "Execution-Handle: "+e.x.Handle).problem(404, "NOT_FOUND", "")
	w.do("GET", e.path, nil, "Execution-Handle: "+e.x.Handle, "Authorization: Bearer other").problem(401, "UNAUTHORIZED", "")
	w.do("GET", e.path+"/trace", nil, "Execution-Handle: "+e.x.Handle).problem(401, "UNAUTHORIZED", "")
	e.do("GET", nil).want(200)
	w.manage("GET", e.path, nil).want(200)
	w.manage("GET", e.path+"/trace", nil).want(200)
}

func TestExecutionIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.start().x.ID
	w.manage("GET", "/v1/executions/"+execID, nil).problem(404, "NOT_FOUND", "")
	w.spy.get = func(id string) { t.Errorf("the engine was asked for %q", id) }
	for _, spelling := range []string{
		"x", "..", "%2e%2e", strings.ToUpper(id), "%7B" + id + "%7D", "urn:uuid:" + id,
		strings.ReplaceAll(id, "-", ""), id + "%00", id + "%2Ftrace",
	} {
		w.manage("GET", "/v1/executions/"+spelling, nil).problem(404, "NOT_FOUND", "")
	}
}

// A repeated start is answered as the first was until the execution has moved; after that
// the key opens nothing, not to the one who holds the handle either.
func TestIdempotencyKeyOpensTheFirstStepOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const key = "Idempotency-Key: 7c1e3f0a-5c55-4c1e"
	start := func(body string, headers ...string) answer {
		return w.do("POST", executions, body, append(headers, key)...)
	}
	e := &started{w: w}
	first := start(`{"inputs":{"label":"a"}}`).want(201)
	first.decode(&e.x)
	e.path = "/v1/executions/" + e.x.ID
	var again engine.Execution
	start(`{"inputs":{"label":"a"}}`).want(200).decode(&again)
	if !again.Repeated {
		t.Errorf("the repeat does not say so: %+v", again)
	}
	again.Repeated = false
	if d := cmp.Diff(e.x, again); d != "" {
		t.Errorf("the repeat is not the first answer (-first +repeat):\n%s", d)
	}
	start(`{"inputs":{"label":"b"}}`).problem(422, "IDEMPOTENCY_MISMATCH", "")
	start(`{"inputs":{"label":"a"},"client":{"locale":"de"}}`).problem(422, "IDEMPOTENCY_MISMATCH", "")
	start(`{"inputs":{"label":"a"}}`, "Authorization: Bearer "+token).want(201) // the manager's keys are its own
	e.act("submit", "ben", "wrong").want(200)
	for _, h := range []string{"X-Nothing: 1", "Execution-Handle: " + e.x.Handle} {
		a := start(`{"inputs":{"label":"a"}}`, h).problem(409, "STALE_TOKEN", "first step")
		for name, secret := range map[string]string{"execution": "\"execution\":", "id": e.x.ID, "handle": e.x.Handle, "token": e.x.Step.Token} {
			if strings.Contains(string(a.body), secret) || strings.Contains(fmt.Sprint(a.Header), e.x.ID) {
				t.Errorf("the refusal tells the %s: %v %s", name, a.Header, a.body)
			}
		}
	}
}

func TestIdempotencyKeyHas16To128Characters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, key := range []string{"", "k", strings.Repeat("k", 15), strings.Repeat("k", 129), strings.Repeat("k", 255), strings.Repeat("ü", 16)} {
		w.do("POST", executions, `{}`, "Idempotency-Key: "+key).problem(400, "BAD_REQUEST", "16 to 128")
	}
	one := "Idempotency-Key: " + strings.Repeat("k", 16)
	w.do("POST", executions, `{}`, one, one).problem(400, "BAD_REQUEST", "there once")
	w.do("POST", executions, `{}`, one).want(201)
	w.do("POST", executions, `{}`, "Idempotency-Key: "+strings.Repeat("k", 128)).want(201)
}
