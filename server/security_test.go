package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/server"
)

func TestManagementToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, auth := range []string{
		"", "Bearer", "Bearer ", "Bearer x", "Bearer " + token + "x", "Bearer " + token[1:], "Bearer " + strings.ToUpper(token),
		"Basic " + token, token, "Bearer\u00a0" + token,
	} {
		a := w.do("GET", "/v1/flows", nil, "Authorization: "+auth).problem(401, "UNAUTHORIZED", "")
		if a.Header.Get("WWW-Authenticate") == "" {
			t.Error("no WWW-Authenticate")
		}
	}
	w.do("GET", "/v1/flows", nil).problem(401, "UNAUTHORIZED", "")
	w.do("GET", "/v1/flows", nil, "Authorization: Bearer "+token, "Authorization: Bearer "+token).problem(401, "UNAUTHORIZED", "")
	w.do("GET", "/v1/flows", nil, "Authorization: bearer "+token).want(200)
}

// no changed token opens anything.
func TestMutatedToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range len(token) {
		w.do("GET", "/v1/flows", nil, "Authorization: Bearer "+token[:i]+token[i+1:]).want(401)
		w.do("GET", "/v1/flows", nil, "Authorization: Bearer "+token[:i]+string(token[i]^1)+token[i+1:]).want(401)
	}
}

// A wrong token is refused also where none is needed, rather than taken for a visitor.
func TestWrongTokenOnOpenRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.spy.start = func(q engine.StartRequest) (*engine.Execution, error) {
		if q.Manager {
			t.Error("a visitor became the manager")
		}
		return w.engine.Start(t.Context(), q)
	}
	w.do("POST", executions, `{}`, "Authorization: Bearer nope").problem(401, "UNAUTHORIZED", "")
	for _, malformed := range []string{"", "Bearer", "Bearer\t" + token, "Bearer " + token + " x"} {
		w.do("POST", executions, `{}`, "Authorization: "+malformed).problem(401, "UNAUTHORIZED", "")
	}
	w.do("POST", executions, `{}`, "Authorization: Bearer "+token, "Authorization: Bearer "+token).problem(401, "UNAUTHORIZED", "")
	w.do("POST", executions, `{}`, "Authorization: Basic eDp5").want(201)
	w.do("GET", "/metrics", nil, "Authorization: Bearer nope").want(200) // not looked at
}

// what clients write about themselves moves them into no other bucket.
func TestA12ForgedForwardedHeaders(t *testing.T) {
	t.Parallel()
	limits := server.DefaultLimits()
	limits.StartsPerMinute = 1
	w := newWorld(t, func(o *server.Options) { o.Limits = &limits })
	var ip string
	w.spy.start = func(q engine.StartRequest) (*engine.Execution, error) {
		ip = q.Request.IP
		return w.engine.Start(t.Context(), q)
	}
	w.do("POST", executions, `{}`, "X-Forwarded-For: 6.6.6.6", "X-Real-IP: 6.6.6.6", "Forwarded: for=6.6.6.6").want(201)
	if ip != "127.0.0.1" {
		t.Errorf("the flow sees %s", ip)
	}
	for _, h := range []string{
		"X-Forwarded-For: 6.6.6.7", "X-Forwarded-For: a", "X-Real-IP: 6.6.6.8", "Forwarded: for=6.6.6.9",
		"True-Client-IP: 6.6.6.9", "CF-Connecting-IP: 6.6.6.9", "X-Forwarded-For: 127.0.0.1, 6.6.6.6", "User-Agent: other",
	} {
		w.do("POST", executions, `{}`, h).problem(429, "RATE_LIMITED", "")
	}
}

func TestTrustedProxies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	})
	var ip string
	w.spy.start = func(q engine.StartRequest) (*engine.Execution, error) {
		ip = q.Request.IP
		return w.engine.Start(t.Context(), q)
	}
	for forwarded, want := range map[string]string{
		"":                              "127.0.0.1",
		"203.0.113.5":                   "203.0.113.5",
		"6.6.6.6, 203.0.113.5":          "203.0.113.5", // the client wrote the first
		"203.0.113.5, 10.1.1.1":         "203.0.113.5",
		"6.6.6.6, a, 10.1.1.1":          "10.1.1.1",
		"a":                             "127.0.0.1",
		"::ffff:203.0.113.5":            "203.0.113.5",
		"2001:db8::1":                   "2001:db8::1",
		strings.Repeat("10.0.0.1,", 99): "127.0.0.1",
	} {
		w.do("POST", executions, `{}`, "X-Forwarded-For: "+forwarded, "X-Real-IP: 6.6.6.6", "Forwarded: for=6.6.6.6").want(201)
		if ip != want {
			t.Errorf("X-Forwarded-For %q: the flow sees %s, want %s", forwarded, ip, want)
		}
	}
}

// links hold the configured URL whatever the request says.
func TestForgedHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) {
		o.BaseURL = "https://id.example.com"
		o.Environments = []server.Environment{{ID: envID, Name: "Default"}}
	})
	forged := []string{"Host: evil.example", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher", "Forwarded: host=evil.example"}
	a := w.manage("GET", "/v1/environments", nil, forged...).want(200)
	if !strings.Contains(string(a.body), `"https://id.example.com/v1/environments/`+envID+`"`) || strings.Contains(string(a.body), "evil") {
		t.Errorf("got %s", a.body)
	}
	a = w.do("POST", executions, `{}`, forged...).want(201)
	if got := a.Header.Get("Location"); !strings.HasPrefix(got, "/v1/executions/") {
		t.Errorf("Location is %s", got)
	}
}

// another spelling of a managed path never gets in without the token.
func TestPathTricks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	execID := w.start().x.ID
	for _, path := range []string{
		"/v1/flows", "/v1/flows/", "//v1/flows", "/v1//flows", "/V1/flows", "/v1/FLOWS", "/v1/flows;x=1", "/v1;/flows", "/v1/flows%3B",
		"/v1/%66lows", "/%76%31/flows", "/v1%2Fflows", "/v1%5Cflows", "/v1/./flows", "/v1/../v1/flows", "/v1/%2e%2e/v1/flows", "/healthz/../v1/flows",
		"/healthz/..%2fv1/flows", "/healthz%2f..%2f..%2fv1/flows", "/v1/flows/sign-on/..", "/v1/flows/..%2f..", "/v1/flows/sign-on", "/v1/flows/sign%2Don",
		"/v1/flows/sign-on/graph", "/v1/flows/sign-on/graph.mmd", "/v1/flows/sign-on/%67raph", "/v1/flows/sign-on%2fgraph", "/v1/flows%00",
		"/v1/executions/" + execID + "/trace", "/v1/executions/" + execID + "/trace/", "/v1/executions/" + execID + "/%74race", "/v1/executions/x/../" + execID + "/trace",
		"/v1/environments", "/v1/environments/", "/v1/environments/..", "/schemas/../v1/flows", "/schemas/%2e%2e/v1/flows",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
			a := w.do(method, path, nil, "X-Original-URL: /healthz", "X-Rewrite-URL: /healthz", "X-HTTP-Method-Override: GET")
			if a.StatusCode != 401 && a.StatusCode != 404 && a.StatusCode != 405 {
				t.Errorf("%s %s: status %d", method, path, a.StatusCode)
			}
		}
	}
}

// A page of another origin cannot make a browser post here; a client without a browser
// can.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) { o.BaseURL = "https://id.example.com" })
	post := func(headers ...string) answer { return w.do("POST", executions, `{}`, headers...) }
	post("Origin: https://evil.example").problem(403, "FORBIDDEN", "another origin")
	post("Origin: null").problem(403, "FORBIDDEN", "another origin")
	post("Sec-Fetch-Site: cross-site").problem(403, "FORBIDDEN", "another origin")
	post("Sec-Fetch-Site: same-site").problem(403, "FORBIDDEN", "another origin")
	post("Sec-Fetch-Site: same-origin").want(201)
	post("Origin: https://id.example.com").want(201)
	post("Origin: " + w.url).want(201)
	post().want(201)
	w.do("OPTIONS", executions, nil, "Origin: https://evil.example", "Access-Control-Request-Method: POST").want(204)
}

// nothing that a client sends reaches the log, whatever becomes of the request.
func TestCanariesStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	const canary = "CANARY\u2028\x1b[31m"
	w := newWorld(t)
	w.spy.resume = func(engine.ResumeRequest) (*engine.Execution, error) {
		return nil, &engine.Error{Code: engine.Contended, Text: "again"}
	}
	esc := "CANARY%E2%80%A8%1B%0D%0A"
	headers := []string{"Execution-Handle: " + canary[:6], "Idempotency-Key: " + strings.Repeat(canary[:6], 3), "User-Agent: " + canary[:9], "X-Request-Id: CANARY", "Cookie: a=CANARY"}
	body := map[string]any{"inputs": map[string]any{"label": canary}}
	w.do("POST", executions, body, headers...).want(201)
	w.do("POST", executions+"?"+esc+"="+esc, body, headers...).want(400)
	w.do("POST", executions, map[string]any{canary: canary}, headers...).want(400)
	w.do("POST", "/v1/executions/"+execID, map[string]any{"token": canary, "action": canary, "form": body}, headers...).want(503)
	w.do("GET", "/v1/executions/"+esc, nil, headers...).want(404)
	w.do("GET", "/"+esc, nil, headers...).want(404)
	w.do("CANARY", "/healthz", nil, headers...).want(405)
	w.do("PUT", "/v1/flows/"+esc, "CANARY", yaml, "Authorization: Bearer CANARY").want(401)
	w.manage("PUT", flow, "CANARY", yaml).want(422)
	log := w.log.String()
	for _, secret := range []string{"CANARY", token, "\x1b", "\u2028"} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log:\n%s", secret, log)
		}
	}
	if n := strings.Count(log, `"msg":"request"`); n != 9 {
		t.Errorf("%d lines for 9 requests", n)
	}
	if metrics := string(w.do("GET", "/metrics", nil).body); strings.Contains(metrics, "CANARY") {
		t.Errorf("in the metrics:\n%s", metrics)
	}
}

// With a public https URL browsers are told to stay with https.
func TestStrictTransport(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{"": "", "http://localhost:8080": "", "https://id.example.com": "max-age=31536000"} {
		w := newWorld(t, func(o *server.Options) { o.BaseURL = base })
		if got := w.do("GET", "/healthz", nil).Header.Get("Strict-Transport-Security"); got != want {
			t.Errorf("%q: Strict-Transport-Security is %q", base, got)
		}
	}
}

// at 64 clients no answer holds what belongs to another.
func TestAnswersAreNotMixed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			mine := fmt.Sprintf("client-%d.", i)
			c := &browser{w: w, name: mine}
			if err := errors.Join(c.start(), c.guess(), c.guess()); err != nil {
				t.Errorf("%s: %v", mine, err)
			}
		})
	}
	all.Wait()
}

// browser is a client whose name is in all that it sends and should be in what it gets.
// It fails by errors, for it runs beside the test's goroutine.
type browser struct {
	w    *world
	name string
	x    engine.Execution
}

func (b *browser) start() error {
	return b.post(executions, map[string]any{"inputs": map[string]any{"label": b.name}})
}

func (b *browser) guess() error {
	if b.x.Step == nil {
		return errors.New("no step")
	}
	return b.post("/v1/executions/"+b.x.ID, map[string]any{
		"token": b.x.Step.Token, "action": "submit", "form": map[string]any{"username": b.name, "password": "wrong"},
	})
}

func (b *browser) post(path string, body any) error {
	src, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(b.w.t.Context(), "POST", b.w.url+path, bytes.NewReader(src))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Execution-Handle", b.x.Handle)
	resp, err := b.w.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	handle := b.x.Handle
	if err := json.Unmarshal(got, &b.x); err != nil {
		return err
	}
	if b.x.Handle == "" {
		b.x.Handle = handle
	}
	if n := strings.Count(string(got), b.name); n == 0 || n != strings.Count(string(got), "client-") {
		return fmt.Errorf("got %s", got)
	}
	return nil
}
