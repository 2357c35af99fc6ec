package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/server"
	"github.com/mfaflow/mfaflow/server/servertest"
)

const (
	token  = "the-management-token"
	envID  = "0190f2d4-7c1a-7e0b-9a53-5f3b1f7c2d11"
	execID = "0190f2d4-7c1a-7e0b-9a53-5f3b1f7c2d22" // of no execution

	executions = "/v1/flows/sign-on/executions"
)

// world is a server behind real HTTP with the real engine behind it, on a memory store
// and a clock that stands still. Its client validates everything against the OpenAPI
// document.
type world struct {
	t      *testing.T
	engine *engine.Runner
	spy    *spied
	clock  *clock
	url    string
	client *http.Client
	server *server.Server
	log    *buffer
}

func newWorld(t *testing.T, change ...func(*server.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{t: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}, log: &buffer{}}
	w.engine = newEngine(t, w.clock.Now)
	w.spy = &spied{Runner: w.engine}
	o := server.Options{
		Runner: w.spy, Catalog: w.engine.Catalog(), ManagementToken: token, Now: w.clock.Now,
		Logger: slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&o)
	}
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(s)
	t.Cleanup(ts.Close)
	w.server, w.url, w.client = s, ts.URL, servertest.Client(t)
	return w
}

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// answer is a response that was read.
type answer struct {
	*http.Response
	t    *testing.T
	body []byte
}

// do sends a request; headers are "Name: value". A body gets JSON's media type unless a
// header says otherwise.
func (w *world) do(method, path string, body any, headers ...string) answer {
	w.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case io.Reader:
		r = b
	default:
		src, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		r = bytes.NewReader(src)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, r)
	if err != nil {
		w.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header[http.CanonicalHeaderKey(name)] = append(without(req.Header, name), value)
	}
	return w.send(req)
}

// without gives a header's values, none for the one that do set itself.
func without(h http.Header, name string) []string {
	if name == "Content-Type" {
		return nil
	}
	return h[http.CanonicalHeaderKey(name)]
}

func (w *world) send(req *http.Request) answer {
	w.t.Helper()
	resp, err := w.client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{resp, w.t, got}
}

// manage is do with the management token.
func (w *world) manage(method, path string, body any, headers ...string) answer {
	w.t.Helper()
	return w.do(method, path, body, append(headers, "Authorization: Bearer "+token)...)
}

const yaml = "Content-Type: application/yaml"

// want fails unless the status is this one.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Fatalf("%s %s: status %d, want %d: %s", a.Request.Method, a.Request.URL, a.StatusCode, status, a.body)
	}
	return a
}

// problem fails unless the answer is a problem with this status and code, whose detail
// holds text.
func (a answer) problem(status int, code, text string) answer {
	a.t.Helper()
	a.want(status)
	var p struct{ Type, Title, Detail, Code string }
	a.decode(&p)
	if p.Code != code || p.Title != http.StatusText(status) || p.Type != "about:blank" || !strings.Contains(p.Detail, text) {
		a.t.Errorf("%s %s: problem %s, want code %s and a detail with %q", a.Request.Method, a.Request.URL, a.body, code, text)
	}
	return a
}

func (a answer) decode(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
}

// started is an execution at its first step, as a client holds it.
type started struct {
	w    *world
	path string
	x    engine.Execution
}

// start starts sign-on without a token.
func (w *world) start() *started {
	w.t.Helper()
	e := &started{w: w}
	w.do("POST", executions, `{}`).want(http.StatusCreated).decode(&e.x)
	e.path = "/v1/executions/" + e.x.ID
	return e
}

// do sends a request to the execution with its handle.
func (e *started) do(method string, body any) answer {
	e.w.t.Helper()
	return e.w.do(method, e.path, body, "Execution-Handle: "+e.x.Handle)
}

// act answers the step it holds with username and password.
func (e *started) act(action, username, password string) answer {
	e.w.t.Helper()
	return e.do("POST", map[string]any{
		"token": e.x.Step.Token, "action": action, "form": map[string]any{"username": username, "password": password},
	})
}

// buffer is a log that may be written and read at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// inbox is a fixed list.
type inbox []server.InboxMessage

func (l inbox) Messages(_ context.Context, to, channel string) ([]server.InboxMessage, error) {
	var found []server.InboxMessage
	for _, m := range l {
		if (to == "" || m.To == to) && (channel == "" || m.Channel == channel) {
			found = append(found, m)
		}
	}
	return found, nil
}
