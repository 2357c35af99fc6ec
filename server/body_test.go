package server_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
)

// What a body may not be. Each case would be read by some other parser, so each one must
// be refused rather than guessed at (A-67 for the numbers).
func TestBodyRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70)
	for _, c := range []struct{ name, body, detail string }{
		{"empty", ``, "not JSON"},
		{"not JSON", `{"inputs":`, "not JSON"},
		{"byte offset", `{"inputs":x}`, "at byte 11"},
		{"a list", `[]`, "must be a JSON object"},
		{"null", `null`, "must be a JSON object"},
		{"trailing data", `{} {}`, "not JSON"},
		{"unknown member", `{"inputz":{}}`, `unknown member "inputz"`},
		{"unknown client member", `{"client":{"ip":"1.1.1.1"}}`, `unknown member "ip" in client`},
		{"duplicate", `{"inputs":{},"inputs":{"a":1}}`, `"inputs" is there twice`},
		{"duplicate by escape", `{"inputs":{"a":1,"\u0061":2}}`, `"a" is there twice`},
		{"inputs not an object", `{"inputs":[]}`, "inputs must be an object"},
		{"inputs null", `{"inputs":null}`, "inputs must be an object"},
		{"overflow", `{"inputs":{"n":1e400}}`, "out of range"},
		{"A-67 exponent", `{"inputs":{"n":1e1000000}}`, "out of range"},
		{"A-67 tiny", `{"inputs":{"n":1e-1000000}}`, "out of range"},
		{"A-67 digits", `{"inputs":{"n":` + strings.Repeat("1", 100) + `}}`, "out of range"},
		{"depth", `{"inputs":` + deep + `}`, "nested deeper than 64"},
		{"A-67 depth", strings.Repeat("[", 60_000), "nested deeper than 64"},
		{"not UTF-8", "{\"inputs\":{\"a\":\"\xff\"}}", "not UTF-8"},
		{"lone high surrogate", `{"inputs":{"a":"\ud800"}}`, "surrogate"},
		{"lone low surrogate", `{"inputs":{"a":"\udc00x"}}`, "surrogate"},
		{"two high surrogates", `{"inputs":{"a":"\ud83d\ud83d"}}`, "surrogate"},
		{"webauthn", `{"client":{"webauthn":"SOME"}}`, "webauthn"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.spy.start = func(engine.StartRequest) (*engine.Execution, error) {
				t.Error("the engine was called")
				return nil, errors.New("not expected")
			}
			w.do("POST", executions, c.body).problem(http.StatusBadRequest, "BAD_REQUEST", c.detail)
		})
	}
}

func TestBodyAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body string
		want any
	}{
		{`{"inputs":{"a":"\ud83d\ude00"}}`, "😀"},
		{`{"inputs":{"a":"\\ud800"}}`, `\ud800`},
		{`{"inputs":{"a":"\u0061\n"}}`, "a\n"},
		{`{"inputs":{"a":0.0e-5}}`, 0.0},
		{`{"inputs":{"a":1.7976931348623157e308}}`, 1.7976931348623157e308},
		{` {"inputs":{"a":true}} `, true},
		{`{"inputs":{"a":null}}`, nil},
	} {
		w := newWorld(t)
		var got any
		w.spy.start = func(q engine.StartRequest) (*engine.Execution, error) {
			got = q.Inputs["a"]
			return w.engine.Start(t.Context(), engine.StartRequest{Flow: q.Flow})
		}
		w.do("POST", executions, c.body).want(http.StatusCreated)
		if got != c.want {
			t.Errorf("%s: got %#v, want %#v", c.body, got, c.want)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for kind, status := range map[string]int{
		"application/json": 201, "application/json; charset=utf-8": 201, "Application/JSON;charset=UTF-8": 201,
		"text/plain": 415, "application/x-www-form-urlencoded": 415, "application/json; charset=latin1": 415,
		"": 415, "application/yaml": 415, "garbage;;": 415,
	} {
		w.do("POST", executions, `{}`, "Content-Type: "+kind).want(status)
	}
	for kind, status := range map[string]int{"application/yaml": 200, "application/json": 415, "text/yaml": 415, "": 415} {
		w.manage("PUT", flow, signOn, "Content-Type: "+kind).want(status)
	}
	w.do("POST", executions, `{}`, "Content-Encoding: gzip").problem(415, "UNSUPPORTED_MEDIA_TYPE", "encoded")
}

// an endless stream is cut; the server does not read on.
func TestEndlessBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sent := &endless{}
	req, err := http.NewRequestWithContext(t.Context(), "POST", w.url+executions, sent)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(req) // the checking client would read it all
	if err != nil {
		t.Logf("cut while sending: %v", err) // as good: the connection was closed on us
	} else {
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d", resp.StatusCode)
		}
	}
	if n := sent.n.Load(); n > 8<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}

type endless struct{ n atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.n.Add(int64(len(p))) > 64<<20 {
		return 0, io.EOF // far enough to tell
	}
	return copy(p, bytes.Repeat([]byte(" "), len(p))), nil
}

// TestBodyOfTwoTypesIsRefused: a proxy may have read it as the other.
func TestBodyOfTwoTypesIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, types := range [][]string{{"application/json", "text/plain"}, {"application/json", "application/json"}, {"text/plain", "application/json"}, {"application/json", ""}} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", executions, strings.NewReader("{}"))
		r.Header["Content-Type"] = types
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, r)
		if rec.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%q: status %d, want 415", types, rec.Code)
		}
	}
}
