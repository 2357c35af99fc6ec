package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/server"
)

// bodyRoutes are all routes that read a body, with one that each takes.
var bodyRoutes = []struct {
	method, path, kind string
	limit              int
	managed            bool
}{
	{"POST", executions, "application/json", 64 << 10, false},
	{"POST", "/v1/executions/" + execID, "application/json", 64 << 10, false},
	{"POST", "/v1/flows/sign-on/deploy", "application/json", 64 << 10, true},
	{"POST", "/v1/flows/sign-on/validate", "application/yaml", 1 << 20, true},
	{"PUT", "/v1/flows/sign-on", "application/yaml", 1 << 20, true},
}

// readCount is a body that says how much of it was read before there was an answer.
type readCount struct {
	io.Reader
	answer *httptest.ResponseRecorder
	n      int64
}

func (r *readCount) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if r.answer.Body.Len() == 0 {
		r.n += int64(n)
	}
	return n, err
}

// serveBody answers one request without a network, with a body that is announced or not.
func serveBody(s http.Handler, method, path, kind string, body []byte, announced bool, headers ...string) (rec *httptest.ResponseRecorder, read int64) {
	rec = httptest.NewRecorder()
	count := &readCount{Reader: bytes.NewReader(body), answer: rec}
	r := httptest.NewRequestWithContext(context.Background(), method, path, count)
	r.ContentLength = -1
	if announced {
		r.ContentLength = int64(len(body))
	}
	r.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	s.ServeHTTP(rec, r)
	return rec, count.n
}

// padBody makes a body of exactly n bytes that its kind accepts as a document.
func padBody(kind string, n int) []byte {
	if kind == "application/json" {
		return []byte(`{"x":"` + strings.Repeat("x", n-8) + `"}`)
	}
	return []byte("#" + strings.Repeat("x", n-1))
}

// Every route that takes a body refuses one byte too much, announced or not, and takes no
// more of it than the limit; the management token is looked at before the first byte.
func TestEveryBodyEndsAtItsLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tested := map[string]bool{}
	for _, c := range bodyRoutes {
		tested[c.method+" "+c.path] = true
		for _, announced := range []bool{true, false} {
			name := fmt.Sprintf("%s %s, announced %v", c.method, c.path, announced)
			auth := []string{"Authorization", "Bearer " + token}
			rec, read := serveBody(w.server, c.method, c.path, c.kind, padBody(c.kind, c.limit+1), announced, auth...)
			if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), fmt.Sprint(c.limit)) {
				t.Errorf("%s: one byte too much: status %d %s, want 413 with the limit", name, rec.Code, rec.Body)
			}
			if announced && read != 0 || read > int64(c.limit)+1 {
				t.Errorf("%s: %d bytes of a body too large were read, limit %d", name, read, c.limit)
			}
			if rec, _ := serveBody(w.server, c.method, c.path, c.kind, padBody(c.kind, c.limit), announced, auth...); rec.Code == http.StatusRequestEntityTooLarge {
				t.Errorf("%s: a body of just the limit is refused: %s", name, rec.Body)
			}
			rec, read = serveBody(w.server, c.method, c.path, c.kind, padBody(c.kind, c.limit), announced)
			if c.managed && (rec.Code != http.StatusUnauthorized || read != 0) {
				t.Errorf("%s: without the token status %d after %d bytes, want 401 after none", name, rec.Code, read)
			}
		}
	}
	for _, r := range w.server.Routes() {
		method, path, _ := strings.Cut(r, " ")
		path = strings.NewReplacer(":flow", "sign-on", ":execution", execID).Replace(path)
		if (method == "POST" || method == "PUT" || method == "PATCH") && !tested[method+" "+path] {
			t.Errorf("%s takes a body and is not in bodyRoutes", r)
		}
	}
}

// A client that sends all of its body before it reads, as most do, is told why it is
// refused; one that waits to be asked for the body need not send it.
func TestRefusalsReachClientsThatSendFirst(t *testing.T) {
	t.Parallel()
	v := serve(t, server.DefaultLimits())
	for _, c := range []struct {
		head string
		want string
	}{
		{"POST " + executions + " HTTP/1.1\r\nContent-Type: application/json", "413"},
		{"PUT /v1/flows/sign-on HTTP/1.1\r\nContent-Type: application/yaml", "401"},
		{"POST " + executions + " HTTP/1.1\r\nContent-Type: text/plain", "413"},
		{"POST /nowhere HTTP/1.1\r\nContent-Type: application/json", "404"},
	} {
		conn, err := net.Dial("tcp", v.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		body := strings.Repeat("x", 1<<20)
		if _, err := fmt.Fprintf(conn, "%s\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", c.head, len(body), body); err != nil {
			t.Errorf("%s: the connection broke while sending: %v", c.head, err)
			continue
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+c.want) {
			t.Errorf("%s: got %q, %v, want %s", c.head, line, err, c.want)
		}
	}
	conn, err := net.Dial("tcp", v.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 1048576\r\n\r\n", executions)
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 413") {
		t.Errorf("a client that waits: %q, %v, want 413 at once", line, err)
	}
}

// One value too many is refused on every route that takes JSON, whatever the values are.
func TestEveryJSONBodyEndsAtItsValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked int
	w.spy.start = func(engine.StartRequest) (*engine.Execution, error) { asked++; return nil, errors.New("not expected") }
	for _, c := range bodyRoutes {
		if c.kind != "application/json" {
			continue
		}
		for _, value := range []string{`[]`, `{}`, `""`, `0`, `null`, `{"a":0}`} {
			n := 1 + strings.Count(value, ":") // values in it
			list := strings.TrimSuffix(strings.Repeat(value+",", (4998/n)+1), ",")
			body := []byte(`{"x":[` + list + `]}`)
			rec, _ := serveBody(w.server, c.method, c.path, c.kind, body, true, "Authorization", "Bearer "+token)
			if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), "5000 JSON values") {
				t.Errorf("%s %s with values %s: status %d %s, want 413", c.method, c.path, value, rec.Code, rec.Body)
			}
			body = []byte(`{"x":[` + strings.TrimSuffix(strings.Repeat(value+",", 4998/n), ",") + `]}`)
			if rec, _ := serveBody(w.server, c.method, c.path, c.kind, body, true, "Authorization", "Bearer "+token); rec.Code == http.StatusRequestEntityTooLarge {
				t.Errorf("%s %s with 5000 values %s is refused: %s", c.method, c.path, value, rec.Body)
			}
		}
	}
	if asked != 0 {
		t.Errorf("the engine was asked %d times", asked)
	}
}

// measureAllocation returns how many bytes f allocates, at most what one of three tries took. Not for
// parallel tests.
func measureAllocation(f func()) (least uint64) {
	var before, after runtime.MemStats
	for i := range 3 {
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; i == 0 || n < least {
			least = n
		}
	}
	return least
}

// What a stranger's body costs: little when it is refused, and a bounded lot when it is
// not.
func TestBodiesCostBoundedMemory(t *testing.T) { // not parallel: it counts allocations
	w := newWorld(t)
	send := func(body string, announced bool, want int) func() {
		text := []byte(body)
		return func() {
			rec, _ := serveBody(w.server, "POST", executions, "application/json", text, announced)
			if rec.Code != want {
				t.Fatalf("status %d %s, want %d", rec.Code, rec.Body, want)
			}
		}
	}
	list := strings.Repeat("[],", 21_000)
	full := `{"inputs":{` + manyMembers(4997) + `}}`
	for name, c := range map[string]struct {
		limit uint64
		run   func()
	}{
		"announced 1 MiB":          {32 << 10, send(string(padBody("application/json", 1<<20)), true, 413)},
		"announced one byte":       {32 << 10, send(string(padBody("application/json", 64<<10+1)), true, 413)},
		"chunked 1 MiB":            {512 << 10, send(string(padBody("application/json", 1<<20)), false, 413)},
		"too many values":          {512 << 10, send(`{"inputs":{"a":[`+list+`0]}}`, true, 413)},
		"too deep":                 {512 << 10, send(strings.Repeat("[", 65_000), true, 400)},
		"all that may be there":    {8 << 20, send(full, true, 422)},
		"all that may be, in \"\"": {8 << 20, send(`{"inputs":{"label":["`+strings.TrimSuffix(strings.Repeat(`","`, 4996), `,"`)+`]}}`, true, 422)},
	} {
		if got := measureAllocation(c.run); got > c.limit {
			t.Errorf("%s: %d bytes were allocated, want %d at most", name, got, c.limit)
		} else {
			t.Logf("%s: %d bytes", name, got)
		}
	}
}

// manyMembers are n different members of an object.
func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"a%d":0,`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// A refusal is short whatever it refuses, and shows no value of it.
func TestRefusalsAreShort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const canary = "Secret-Value"
	long := strings.Repeat(canary, 4000)
	e := w.start()
	form := func(members string) []byte {
		return []byte(`{"token":"` + e.x.Step.Token + `","action":"submit","form":{` + members + `}}`)
	}
	inputs := func(members string) []byte { return []byte(`{"inputs":{` + members + `}}`) }
	for name, c := range map[string]struct {
		path string
		body []byte
	}{
		"unknown fields":       {e.path, form(manyMembers(4900))},
		"a long field":         {e.path, form(`"` + long + `":1`)},
		"a long value":         {e.path, form(`"username":"` + long + `","password":"x"`)},
		"values of wrong type": {e.path, form(`"username":["` + canary + `"],"password":{"` + canary + `":1}`)},
		"unknown inputs":       {executions, inputs(manyMembers(4900))},
		"a long input":         {executions, inputs(`"label":"` + long + `"`)},
		"a long name of input": {executions, inputs(`"` + long + `":1`)},
		"an input of lists":    {executions, inputs(`"label":[` + strings.Repeat(`"`+canary+`",`, 2000) + `1]`)},
		"an object as input":   {executions, inputs(`"label":{` + manyMembers(4900) + `}`)},
		"a long member":        {executions, []byte(`{"` + long + `":1}`)},
		"not JSON":             {executions, []byte(`{"inputs":` + long)},
		"a long action":        {e.path, []byte(`{"token":"` + e.x.Step.Token + `","action":"` + long + `"}`)},
		"a short action":       {e.path, []byte(`{"token":"` + e.x.Step.Token + `","action":"` + strings.Repeat("a", 190) + `"}`)},
		"a long token":         {e.path, []byte(`{"token":"` + long + `","action":"submit"}`)},
		"a long locale":        {executions, []byte(`{"client":{"locale":"` + long + `"}}`)},
		"a long webauthn":      {executions, []byte(`{"client":{"webauthn":"` + long + `"}}`)},
	} {
		rec, _ := serveBody(w.server, "POST", c.path, "application/json", c.body, true, "Execution-Handle", e.x.Handle)
		var p struct{ Execution json.RawMessage }
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
			t.Errorf("%s: %v in %.300s", name, err, rec.Body)
		}
		if rec.Code < 400 || rec.Code >= 500 || rec.Body.Len()-len(p.Execution) > 8<<10 {
			t.Errorf("%s: status %d and %d bytes, want a refusal of 8 KiB at most", name, rec.Code, rec.Body.Len())
		}
		if n := strings.Count(rec.Body.String(), canary); n > 9 { // a name is shown cut, a value never
			t.Errorf("%s: the refusal shows what was sent %d times: %.300s", name, n, rec.Body)
		}
	}
}

// heldBody blocks after its first bytes until it is let go.
type heldBody struct {
	first io.Reader
	began chan struct{}
	rest  chan struct{}
	ended bool
}

func (b *heldBody) Read(p []byte) (int, error) {
	n, err := b.first.Read(p)
	if err == nil {
		return n, nil
	}
	if !b.ended {
		b.began <- struct{}{}
		<-b.rest
		b.ended = true
	}
	return 0, io.EOF
}

// The bodies that are in the works are bounded over all requests, and an address has its
// share of that; what is answered makes room. At the bound, an address may have an equal
// part, so that the others keep nobody out.
func TestBodiesOfAllRequestsAreBounded(t *testing.T) {
	t.Parallel()
	limits := server.DefaultLimits()
	limits.Bodies, limits.BodiesPerAddress = 10_000, 4_000
	w := newWorld(t, func(o *server.Options) {
		o.Limits = &limits
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // httptest's peer
	})
	body := func(n int) string { return string(padBody("application/json", n)) }
	send := func(ip string, n int) *httptest.ResponseRecorder {
		rec, _ := serveBody(w.server, "POST", executions, "application/json", []byte(body(n)), false, "X-Forwarded-For", ip)
		return rec
	}
	rest, began, done := make(chan struct{}), make(chan struct{}), make(chan int)
	hold := func(ip string, n int) {
		go func() {
			r := httptest.NewRequestWithContext(context.Background(), "POST", executions, &heldBody{first: strings.NewReader(body(n)), began: began, rest: rest})
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Forwarded-For", ip)
			rec := httptest.NewRecorder()
			w.server.ServeHTTP(rec, r)
			done <- rec.Code
		}()
		<-began
	}
	wantRefusal := func(rec *httptest.ResponseRecorder, status int) {
		t.Helper()
		if rec.Code != status || rec.Header().Get("Retry-After") == "" {
			t.Errorf("status %d %s, want %d with Retry-After", rec.Code, rec.Body, status)
		}
	}
	hold("203.0.113.1", 3_000)
	if rec := send("203.0.113.1", 1_000); rec.Code != http.StatusBadRequest { // read, and its member is unknown
		t.Errorf("within the share: status %d %s", rec.Code, rec.Body)
	}
	wantRefusal(send("203.0.113.1", 1_001), http.StatusTooManyRequests)
	hold("2001:db8::1", 4_000)
	wantRefusal(send("2001:db8::2", 100), http.StatusTooManyRequests) // of the same /64
	if rec := send("203.0.113.3", 3_000); rec.Code != http.StatusBadRequest {
		t.Errorf("within the limit: status %d %s", rec.Code, rec.Body)
	}
	if rec := send("203.0.113.3", 3_333); rec.Code != http.StatusBadRequest {
		t.Errorf("an equal part, over the limit: status %d %s", rec.Code, rec.Body)
	}
	wantRefusal(send("203.0.113.3", 3_334), http.StatusServiceUnavailable)
	close(rest)
	for range 2 {
		if got := <-done; got != http.StatusBadRequest {
			t.Errorf("a held request: status %d", got)
		}
	}
	if rec := send("203.0.113.1", 4_000); rec.Code != http.StatusBadRequest {
		t.Errorf("after the others: status %d %s", rec.Code, rec.Body)
	}
	if n := w.server.BodyBytes(); n != 0 {
		t.Errorf("%d bytes are counted while nothing is read", n)
	}
}

// After a refusal the rest of a body is read, up to 2 MiB, so that a client that sends all of
// it first gets to read why; not of one that waits to be asked, nor after a success.
func TestRestOfARefusedBodyIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		method, path string
		header       []string
		size         int
		status       int
		read         int
	}{
		{"POST", executions, nil, 3 << 20, 413, 2 << 20},
		{"POST", executions, []string{"Expect", "100-continue"}, 3 << 20, 413, 0},
		{"POST", executions + "?x=1", nil, 1000, 400, 1000},
		{"GET", "/healthz", nil, 1000, 200, 0},
	} {
		body := bytes.NewReader(make([]byte, c.size))
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, body)
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, r)
		if got := c.size - body.Len(); rec.Code != c.status || got != c.read {
			t.Errorf("%s %s %v: status %d with %d bytes read, want %d with %d: %s", c.method, c.path, c.header, rec.Code, got, c.status, c.read, rec.Body)
		}
	}
}

// The encoding "identity" is none, however it is spelled.
func TestOnlyEncodedBodiesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for encoding, status := range map[string]int{"": 201, "identity": 201, "Identity": 201, "gzip": 415, "identity, gzip": 415, "x": 415} {
		rec, _ := serveBody(w.server, "POST", executions, "application/json", []byte(`{}`), true, "Content-Encoding", encoding)
		if rec.Code != status {
			t.Errorf("Content-Encoding %q: got status %d %s, want %d", encoding, rec.Code, rec.Body, status)
		}
	}
}

// A limit of 0 is none.
func TestBodiesWithoutALimitAreTaken(t *testing.T) {
	t.Parallel()
	limits := server.DefaultLimits()
	big := append([]byte(`{}`), bytes.Repeat([]byte(" "), int(limits.Body))...)
	limits.Body = 0
	w := newWorld(t, func(o *server.Options) { o.Limits = &limits })
	if rec, _ := serveBody(w.server, "POST", executions, "application/json", big, true); rec.Code != http.StatusCreated {
		t.Errorf("%d bytes without a limit: got status %d %s, want 201", len(big), rec.Code, rec.Body)
	}
}
