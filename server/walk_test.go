package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mfaflow/mfaflow/server"
)

// walkHeaders are what a client may say of a body, as header pairs.
var walkHeaders = [][]string{
	nil, {"Content-Type", "application/json"}, {"Content-Type", "application/yaml"}, {"Content-Type", "application/json; charset=UTF-8"}, {"Content-Type", ""}, {"Content-Type", ";"},
	{"Content-Type", "application/vnd.pingidentity.otp.check+json"}, {"Content-Type", "application/json", "Content-Type", "application/yaml"}, {"Content-Type", "text/plain"},
	{"Content-Type", "application/json; charset=utf-16"}, {"Content-Encoding", "gzip"}, {"Accept", "\x7f"}, {"Origin", "null"}, {"Execution-Handle", "x"},
	{"Idempotency-Key", "aaaaaaaaaaaaaaaa"}, {"Range", "bytes=0-1"}, {"If-None-Match", "*"}, {"X-HTTP-Method-Override", "DELETE"},
}

// walkBodies are bodies of any shape.
var walkBodies = []string{
	"", " ", "null", "[]", `"x"`, "1", "{}", "{", "{}{}", `{"token":"a","token":"b"}`, `{"inputs":null}`, `{"inputs":[]}`, `{"inputs":{"a":1e999}}`, `{"client":1}`, `{"client":{"webauthn":[]}}`,
	`{"token":1,"action":{},"form":[]}`, `{"token":"x","action":"submit","form":{"a":"\ud800"}}`, "{\"a\":\"\xff\"}", `{"revision":1}`, `{"revision":"sha256:zz"}`, "\xff\xfe", "a: &a [*a]",
	"schema: flow/v1\nid: sign-on\n", "- 1\n- 2", "? [a]\n: b", "!!binary x", "\x00", strings.Repeat("[", 5000), strings.Repeat(`{"a":`, 5000), strings.Repeat("a:\n ", 3000),
}

// TestEveryRouteAnswersInItsEnvelope walks each route of the server with every method, kind
// of body and shape of it, by a stranger and by the manager: never a 5xx, an error is a problem
// document, HEAD has no body, and OPTIONS names what is served.
func TestEveryRouteAnswersInItsEnvelope(t *testing.T) {
	t.Parallel()
	routes := newWorld(t, walkable).server.Routes()
	seen := map[string]bool{}
	for _, r := range append(routes, "GET /v1/shoes", "GET /", "GET //", "GET *", "GET /v1/flows/", "GET /v1/flows/%00", "GET /assets/../metrics", "GET /run/sign-on") {
		_, pattern, _ := strings.Cut(r, " ")
		if seen[pattern] {
			continue
		}
		seen[pattern] = true
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, walkable)
			for _, ids := range [][2]string{{"sign-on", w.start().x.ID}, {"no-such", execID}, {"..", "%2e%2e"}, {"%00", "x"}} {
				path := strings.NewReplacer(":flow", ids[0], ":execution", ids[1]).Replace(pattern)
				w.walkPath(t, path)
			}
		})
	}
}

func walkable(o *server.Options) {
	o.Dev, o.Inbox, o.FlowSchema = true, inbox{}, func() []byte { return []byte("{}") }
	limits := server.DefaultLimits().WithoutAddresses()
	limits.ExecutionAnswersPerMinute = 0
	o.Limits = &limits
}

func (w *world) walkPath(t *testing.T, path string) {
	allow := w.serveOne(t, "OPTIONS", path, "").Header().Get("Allow")
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"} {
		served := slices.Contains(strings.Split(allow, ", "), method)
		if got := w.serveOne(t, method, path, "").Code; allow != "" && served == (got == http.StatusMethodNotAllowed) {
			t.Errorf("%s %s: got %d, but Allow is %q", method, path, got, allow)
		}
		bodies := walkBodies
		if !served || method != http.MethodPost && method != http.MethodPut {
			bodies = []string{"", "{}"} // nothing reads them
		}
		for _, header := range walkHeaders {
			for _, query := range []string{"", "?", "?deploy=false;", "?%zz", "?a=1&a=2", "?revision=x", "?to=%00&channel=%ff"} {
				w.serveOne(t, method, path+query, "{}", header...)
			}
			for _, body := range bodies {
				w.serveOne(t, method, path, body, header...)
				w.serveOne(t, method, path, body, append(header, "Authorization", "Bearer "+token)...)
			}
		}
	}
}

// serveOne asks the handler and judges what it answers.
func (w *world) serveOne(t *testing.T, method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://127.0.0.1"+path, bytes.NewReader([]byte(body)))
	if err != nil { // "*", which only OPTIONS has
		if r, err = http.NewRequestWithContext(ctx, method, "http://127.0.0.1", bytes.NewReader([]byte(body))); err != nil {
			t.Fatal(err)
		}
		r.URL.Path = path
	}
	r.RemoteAddr = "192.0.2.1:1000"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	if err := judge(ctx, rec); err != nil {
		t.Fatalf("%s %s %v %.100q: %v", method, path, header, body, err)
	}
	return rec
}

func judge(ctx context.Context, rec *httptest.ResponseRecorder) error {
	if ctx.Err() != nil || rec.Code >= 500 || rec.Code < 200 {
		return fmt.Errorf("%d %s after %w", rec.Code, rec.Body, ctx.Err())
	}
	if rec.Code < 400 {
		return nil
	}
	var p struct {
		Title, Detail, Code string
		Status              int
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil || p.Status != rec.Code || p.Detail == "" || p.Code == "" || rec.Header().Get("Content-Type") != "application/problem+json" {
		return fmt.Errorf("%d %s is no problem document", rec.Code, rec.Body)
	}
	if rec.Code == http.StatusMethodNotAllowed && rec.Header().Get("Allow") == "" {
		return fmt.Errorf("405 without Allow")
	}
	return nil
}

// TestHeadIsGetWithoutItsBody over real HTTP, on the server's routes and below PingOne's.
func TestHeadIsGetWithoutItsBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, walkable, func(o *server.Options) {
		o.Environments = []server.Environment{{ID: envID, Name: "x"}}
		o.PingOne = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodHead {
				t.Errorf("the PingOne API sees %s, want HEAD", r.Method)
			}
			rw.WriteHeader(http.StatusOK)
		})
	})
	for _, path := range []string{"/v1/flows", "/v1/flows/sign-on", "/v1/flows/sign-on/graph", "/healthz", "/metrics", "/openapi.json", "/dev/inbox"} {
		get, head := w.manage("GET", path, nil).want(200), w.manage("HEAD", path, nil).want(200)
		if len(head.body) != 0 || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: HEAD has %d bytes and %v, GET %v", path, len(head.body), head.Header, get.Header)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), "HEAD", w.url+"/v1/environments/"+envID+"/users", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("below PingOne: got %d, want 200", resp.StatusCode)
	}
}

// TestTokenRequestsPerMinute: sixty an address, right or wrong, refused in OAuth's words; what
// the server refuses elsewhere below the PingOne API, it refuses in PingOne's.
func TestTokenRequestsPerMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		o.Environments = []server.Environment{{ID: envID, Name: "x"}}
		o.PingOne = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusUnauthorized) })
	})
	ask := func(method, path, ip string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("grant_type=client_credentials"))
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("X-Forwarded-For", ip)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, r)
		return rec
	}
	path := "/" + envID + "/as/token"
	spellings := []string{path, "/" + envID + "/as/%74oken", "/" + envID + "/%61s/token", "/v1/environments/" + envID + "/as/token"}
	for i := range 60 {
		if got := ask("POST", spellings[i%len(spellings)], "203.0.113.1").Code; got != 401 {
			t.Fatalf("got %d, want what the PingOne API says", got)
		}
	}
	for _, spelling := range spellings {
		if got := ask("POST", spelling, "203.0.113.1").Code; got != 429 {
			t.Errorf("%s: got %d, want 429", spelling, got)
		}
	}
	rec := ask("POST", path, "203.0.113.1")
	var oauth struct{ Error string }
	if err := json.Unmarshal(rec.Body.Bytes(), &oauth); err != nil || rec.Code != 429 || rec.Header().Get("Retry-After") != "1" || oauth.Error != "temporarily_unavailable" {
		t.Errorf("got %d %s after %s s: %v", rec.Code, rec.Body, rec.Header().Get("Retry-After"), err)
	}
	if got := ask("POST", path, "203.0.113.2").Code; got != 401 {
		t.Errorf("another address: got %d, want 401", got)
	}
	w.clock.Add(time.Second)
	if got := ask("POST", path, "203.0.113.1").Code; got != 401 {
		t.Errorf("a second later: got %d, want 401", got)
	}
	for _, refused := range []*httptest.ResponseRecorder{
		ask("POST", "/v1/environments/"+envID+"/users", "203.0.113.1", "Content-Encoding", "gzip"), ask("POST", "/v1/environments/"+envID+"/users", "203.0.113.1", "Sec-Fetch-Site", "cross-site"),
	} {
		var e struct{ ID, Code, Message string }
		if err := json.Unmarshal(refused.Body.Bytes(), &e); err != nil || e.ID == "" || e.Code == "" || e.Message == "" || refused.Header().Get("Content-Type") != "application/json" {
			t.Errorf("got %d %s, want PingOne's envelope", refused.Code, refused.Body)
		}
	}
}

// TestBearerIsReadAsRFC9110HasIt: the scheme in any case, one or more spaces, one header.
func TestBearerIsReadAsRFC9110HasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for header, want := range map[string]int{
		"Bearer " + token: 200, "bearer  " + token: 200, "BEARER     " + token: 200,
		"Bearer\t" + token: 401, "Bearer" + token: 401, "Bearer " + token + " x": 401, "Bearer " + token + "=": 401, "Bearer": 401, "Bearer x": 401, "Basic " + token: 401,
	} {
		w.do("GET", "/v1/flows", nil, "Authorization: "+header).want(want)
	}
	w.do("GET", "/v1/flows", nil, "Authorization: Bearer "+token, "Authorization: Bearer "+token).want(401)
}

// TestStepTokenAndHandleHaveOneSpelling: with any byte changed, added or taken away, neither
// opens anything; with none it does.
func TestStepTokenAndHandleHaveOneSpelling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, walkable)
	e := w.start()
	answer := func(t interface{ Fatal(...any) }, stepToken, handle string) int {
		body, err := json.Marshal(map[string]any{"token": stepToken, "action": "nonsense"})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", e.path, bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header["Execution-Handle"] = []string{handle}
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, r)
		var p struct{ Code string }
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if p.Code == "INVALID_ACTION" { // token and handle were taken
			return http.StatusOK
		}
		return rec.Code
	}
	good, handle := e.x.Step.Token, e.x.Handle
	if got := answer(t, good, handle); got != http.StatusOK {
		t.Fatalf("as given: got %d", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		change := func(s string) string {
			i := rapid.IntRange(0, len(s)).Draw(t, "at")
			b := rapid.SampledFrom([]string{"\n", "\r", "\r\n", " ", "\t", "=", "A", "-", "+", "/", "\x00", "\u2028"}).Draw(t, "add")
			return rapid.SampledFrom([]string{s[:i] + b + s[i:], s[:i] + b + s[min(i+1, len(s)):], s + b, b + s, s[:i], strings.ToLower(s)}).Draw(t, "changed")
		}
		if odd := change(good); odd != good {
			if got := answer(t, odd, handle); got == http.StatusOK || got >= 500 {
				t.Errorf("token %q: got %d, want a refusal", odd, got)
			}
		}
		if odd := change(handle); odd != handle {
			if got := answer(t, good, odd); got != http.StatusNotFound {
				t.Errorf("handle %q: got %d, want 404", odd, got)
			}
		}
	})
}
