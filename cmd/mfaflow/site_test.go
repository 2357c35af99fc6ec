package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/server"
	"github.com/mfaflow/mfaflow/server/servertest"
)

// site is a whole mfaflow in this process, on bolt, behind real HTTP, with a clock that
// only the test moves. Every request and answer is held to the OpenAPI document.
type site struct {
	t      *testing.T
	clock  *virtual
	config config
	app    *app
	http   *httptest.Server
	client *http.Client
	log    *slog.Logger
}

type virtual struct {
	mu  sync.Mutex
	now time.Time
}

func (v *virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

const (
	siteToken = "test-9f2c71e0-token"
	siteEnv   = "11111111-2222-4333-8444-555555555555"
	siteKey   = "+64EGwLEHtD9ik77A5vHgN1q9KHwxCD0JWGucF3aQ/4="
)

// cheap is a password hash that tests can afford by the hundred.
var cheap = embedded.HashCost{MemoryKiB: 64, Passes: 1, Lanes: 1}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{
		t: t, clock: &virtual{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, client: servertest.Client(t),
	}
	s.config = config{
		listen: "127.0.0.1:0", data: privateDir(t), dev: true, token: siteToken, environment: siteEnv, key: siteKey,
		now: s.clock.Now, hashCost: cheap,
	}
	s.open()
	t.Cleanup(s.close)
	return s
}

// open starts the site on its data, as a new process would.
func (s *site) open() {
	s.t.Helper()
	s.http = httptest.NewUnstartedServer(nil)
	s.config.url = "http://" + s.http.Listener.Addr().String()
	c := s.config
	var err error
	if s.app, err = openApp(s.t.Context(), &c, cmp.Or(s.log, slog.New(slog.DiscardHandler))); err != nil {
		s.t.Fatal(err)
	}
	s.http.Config.Handler = s.app.server
	s.http.Start()
}

func (s *site) close() {
	s.http.Close()
	if err := s.app.close(); err != nil {
		s.t.Error(err)
	}
}

// restart ends the process and begins another on the same data.
func (s *site) restart() {
	s.t.Helper()
	s.close()
	s.open()
}

// move moves the clock and fires what is due.
func (s *site) move(d time.Duration) {
	s.t.Helper()
	s.clock.mu.Lock()
	s.clock.now = s.clock.now.Add(d)
	s.clock.mu.Unlock()
	if _, err := s.app.runner.Tick(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// call makes a request and returns status and body; header pairs follow the body.
func (s *site) call(method, path string, body any, header ...string) (int, []byte) {
	s.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.config.url+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, b
}

// manage makes a request with the management token, demands its status, and decodes.
func (s *site) manage(method, path string, body any, status int, into any, header ...string) {
	s.t.Helper()
	got, b := s.call(method, path, body, append([]string{"Authorization", "Bearer " + siteToken}, header...)...)
	if got != status {
		s.t.Fatalf("%s %s: %d, want %d: %s", method, path, got, status, b)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			s.t.Fatalf("%s %s: %v: %s", method, path, err, b)
		}
	}
}

// user makes a user with a password, MFA on, and an ACTIVE e-mail device for each
// address.
func (s *site) user(name, password string, emails ...string) (id string) {
	s.t.Helper()
	api := "/v1/environments/" + siteEnv + "/users"
	var user struct{ ID string }
	s.manage("POST", api, map[string]any{
		"username": name, "email": name + "@example.com", "password": map[string]any{"value": password}, "mfaEnabled": true,
	}, http.StatusCreated, &user, "Content-Type", "application/vnd.pingidentity.user.import+json")
	for _, e := range emails {
		s.manage("POST", api+"/"+user.ID+"/devices",
			map[string]any{"type": "EMAIL", "email": e, "status": "ACTIVE"}, http.StatusCreated, nil)
	}
	return user.ID
}

// policyP0 sets the policy of the scenarios: three tries, then two minutes.
func (s *site) policyP0() {
	s.t.Helper()
	s.policy(func(p map[string]any) {
		email := p["email"].(map[string]any)
		email["otp"].(map[string]any)["failure"] = map[string]any{"count": 3, "coolDown": map[string]any{"duration": 2, "timeUnit": "MINUTES"}}
	})
}

// totpWindow sets how many time steps an authenticator app may be off.
func (s *site) totpWindow(steps int) {
	s.t.Helper()
	s.policy(func(p map[string]any) { p["totp"].(map[string]any)["passcodeGracePeriod"] = steps })
}

// policy changes the default device authentication policy.
func (s *site) policy(change func(p map[string]any)) {
	s.t.Helper()
	path := "/v1/environments/" + siteEnv + "/deviceAuthenticationPolicies"
	var list struct {
		Embedded struct {
			Policies []map[string]any `json:"deviceAuthenticationPolicies"`
		} `json:"_embedded"`
	}
	s.manage("GET", path, nil, http.StatusOK, &list)
	p := list.Embedded.Policies[0]
	change(p)
	s.manage("PUT", path+"/"+p["id"].(string), p, http.StatusOK, nil)
}

// inbox delivers what waits and returns the messages to an address, newest first.
func (s *site) inbox(to string) []server.InboxMessage {
	s.t.Helper()
	if _, err := s.app.outbox.Drain(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	status, b := s.call("GET", "/dev/inbox?to="+to, nil)
	var list []server.InboxMessage
	if err := json.Unmarshal(b, &list); err != nil || status != http.StatusOK {
		s.t.Fatalf("inbox: %d %v %s", status, err, b)
	}
	return list
}

// login is one execution as its client holds it.
type login struct {
	s      *site
	id     string
	handle string
	e      engine.Execution
	raw    []byte
}

func (s *site) start(flow string, inputs map[string]any) *login {
	s.t.Helper()
	if inputs == nil {
		inputs = map[string]any{}
	}
	return s.begin(flow, map[string]any{"inputs": inputs})
}

// begin starts an execution with all that a client can say of itself.
func (s *site) begin(flow string, body map[string]any, header ...string) *login {
	s.t.Helper()
	status, b := s.call("POST", "/v1/flows/"+flow+"/executions", body, header...)
	if status != http.StatusCreated {
		s.t.Fatalf("start: %d %s", status, b)
	}
	l := &login{s: s, raw: b}
	l.take(b)
	l.id, l.handle = l.e.ID, l.e.Handle
	return l
}

func (l *login) take(b []byte) {
	l.s.t.Helper()
	l.raw, l.e = b, engine.Execution{}
	if err := json.Unmarshal(b, &l.e); err != nil {
		l.s.t.Fatalf("%v: %s", err, b)
	}
	if l.e.Handle != "" {
		l.handle = l.e.Handle
	}
}

// post answers with any token and returns status and body.
func (l *login) post(token, action string, form map[string]any) (int, []byte) {
	l.s.t.Helper()
	body := map[string]any{"token": token, "action": action}
	if form != nil {
		body["form"] = form
	}
	return l.s.call("POST", "/v1/executions/"+l.id, body, "Execution-Handle", l.handle)
}

// act answers the current step.
func (l *login) act(action string, form map[string]any) *login {
	l.s.t.Helper()
	status, b := l.post(l.e.Step.Token, action, form)
	if status != http.StatusOK {
		l.s.t.Fatalf("act %s: %d %s", action, status, b)
	}
	l.take(b)
	return l
}

func (l *login) get() *login {
	l.s.t.Helper()
	status, b := l.s.call("GET", "/v1/executions/"+l.id, nil, "Execution-Handle", l.handle)
	if status != http.StatusOK {
		l.s.t.Fatalf("get: %d %s", status, b)
	}
	l.take(b)
	return l
}

// see demands a screen and its message, "" for none.
func (l *login) see(screen, message string) *login {
	l.s.t.Helper()
	if l.e.Step == nil || l.e.Step.Screen != screen {
		l.s.t.Fatalf("want to see %s, got %s", screen, l.raw)
	}
	got := ""
	if l.e.Step.Message != nil {
		got = l.e.Step.Message.Key
	}
	if got != message {
		l.s.t.Fatalf("message %q, want %q: %s", got, message, l.raw)
	}
	return l
}

// end demands how it ended.
func (l *login) end(status engine.Status, code string) *login {
	l.s.t.Helper()
	got := ""
	if l.e.Error != nil {
		got = l.e.Error.Code
	}
	if l.e.Status != status || got != code {
		l.s.t.Fatalf("want %s %q, got %s", status, code, l.raw)
	}
	return l
}

func code(digits string) map[string]any { return map[string]any{"otp": digits} }

func credentials(user, password string) map[string]any {
	return map[string]any{"username": user, "password": password}
}

// wrong is a code of the same length that is not it.
func wrong(right string) string {
	if right[0] == '0' {
		return "1" + right[1:]
	}
	return "0" + right[1:]
}

// privateDir is a folder that others cannot write, whatever the umask: a server takes no
// other for its data.
func privateDir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
