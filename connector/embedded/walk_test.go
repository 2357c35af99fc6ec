package embedded_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// walk sends raw requests to the handler of one world and judges each answer.
type walk struct {
	*world
	ids      map[string]string // of the resources that stand for a path's parameters
	failures int
}

func newWalk(t *testing.T) *walk {
	t.Helper()
	w := &walk{world: newWorld(t, withPush(p0Push), func(o *embedded.Options) {
		o.Channels = []string{"EMAIL", "SMS", "VOICE", "WHATSAPP", "PUSH"}
		o.Policy = []byte(strings.Replace(string(o.Policy), `"totp":`, `"fido2":{"enabled":true},"whatsApp":`+method+`,"rememberMe":{"web":{"enabled":true}},"totp":`, 1))
	})}
	w.seed()
	return w
}

// seed makes a user with a device, a deviceAuthentication and one resource of each kind
// that a path can name, so that a walk also meets what is there.
func (w *walk) seed() {
	w.t.Helper()
	user := w.user("ann-" + w.db.NewID()[20:])
	device := w.email(user, "ann@example.com")
	w.ids = map[string]string{":userID": user, ":deviceID": device, ":deviceAuthenticationID": w.begin(user).text("id")}
}

// path fills a pattern of the table, with ids of what exists or with one of nothing.
func (w *walk) path(r rest.Route, known bool) string {
	root := apiRoot
	if r.Host == pingone.HostAuth {
		root = authRoot
	}
	out := root
	for i, s := range strings.Split(r.Path, "/") {
		if strings.HasPrefix(s, ":") {
			id := "00000000-0000-0000-0000-000000000000"
			if known {
				id = w.idOf(r.Host, s, strings.Join(strings.Split(r.Path, "/")[:i], "/"), out)
			}
			s = id
		}
		if s != "" {
			out += "/" + s
		}
	}
	return out
}

// idOf is the id of a member of a collection: one made before, one that is listed, or one
// that is made now.
func (w *walk) idOf(host pingone.Host, parameter, pattern, collection string) string {
	if id := w.ids[parameter]; id != "" {
		return id
	}
	var id string
	list := w.send(http.MethodGet, collection, nil)
	var members struct {
		Embedded map[string][]rest.Ref `json:"_embedded"`
	}
	if list.Code == http.StatusOK && json.Unmarshal(list.Body.Bytes(), &members) == nil {
		for _, all := range members.Embedded {
			if len(all) > 0 {
				id = all[0].ID
			}
		}
	}
	if bodies, ok := walkBodies["POST "+pattern]; ok && id == "" {
		made := w.send(http.MethodPost, collection, []byte(w.fill(bodies[0])), "Content-Type", "application/json")
		var one rest.Ref
		if err := json.Unmarshal(made.Body.Bytes(), &one); err != nil || one.ID == "" {
			w.t.Fatalf("make one of %s: %d %s", pattern, made.Code, made.Body)
		}
		id = one.ID
	}
	if id == "" {
		id = w.db.NewID()
	}
	return id
}

func (w *walk) fill(body string) string {
	return strings.NewReplacer("$USER", w.ids[":userID"], "$DEVICE", w.ids[":deviceID"], "$APP", embedded.NativeApplication(envID),
		"$POLICY", rest.FixedID(envID, "deviceAuthenticationPolicy"), "$POPULATION", rest.FixedID(envID, "population"),
		"$NAME", "n"+w.db.NewID()[20:]).Replace(body)
}

// send asks the handler, with a worker token. Header pairs follow the body; a name given
// twice is sent twice.
func (w *walk) send(method, path string, body []byte, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://pingone.test"+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	rec := w.answer(r)
	if err := ctx.Err(); err != nil {
		w.t.Errorf("%s %s %v: %v", method, path, header, err)
	}
	return rec
}

func (w *walk) answer(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.svc.ServeHTTP(rec, r)
	return rec
}

// judge fails unless an answer is what a client of PingOne can read: a status below 500,
// JSON or nothing, and PingOne's error envelope from 400 on.
func judge(method string, rec *httptest.ResponseRecorder) error {
	code, body := rec.Code, rec.Body.Bytes()
	switch {
	case code < 200 || code >= 500:
		return fmt.Errorf("status %d: %s", code, body)
	case method == http.MethodHead || code == http.StatusNoContent:
		if len(body) > 0 {
			return fmt.Errorf("%d with a body: %s", code, body)
		}
		return nil
	case rec.Header().Get("Content-Type") != "application/json":
		return fmt.Errorf("%d of type %q", code, rec.Header().Get("Content-Type"))
	case code < 400:
		var o map[string]any
		if err := json.Unmarshal(body, &o); err != nil {
			return fmt.Errorf("%d %s: %w", code, body, err)
		}
		return nil
	}
	var e pingone.Error
	if err := json.Unmarshal(body, &e); err != nil || e.ID == "" || e.Code == "" || e.Message == "" {
		return fmt.Errorf("%d without PingOne's envelope: %s", code, body)
	}
	for _, d := range e.Details {
		if d.Code == "" || d.Message == "" {
			return fmt.Errorf("%d with a detail that says nothing: %s", code, body)
		}
	}
	if code == http.StatusMethodNotAllowed && rec.Header().Get("Allow") == "" {
		return fmt.Errorf("405 without Allow")
	}
	return nil
}

// try sends a request, judges the answer, and makes anew what a success may have removed.
func (w *walk) try(method, path string, body []byte, header ...string) {
	w.t.Helper()
	rec := w.send(method, path, body, header...)
	if err := judge(method, rec); err != nil {
		if w.failures++; w.failures > 10 {
			w.t.FailNow()
		}
		w.t.Errorf("%s %s %v %.200q: %v", method, path, header, body, err)
	}
	if rec.Code < 300 && method == http.MethodDelete {
		w.seed()
	}
}

// walkMethods are the methods of a walk, those that HTTP does not know included.
var walkMethods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "X-ODD"}

// walkTypes are the Content-Type headers of a walk, as header pairs: none, those that the
// table knows, and what no client should send.
func (w *walk) walkTypes() [][]string {
	const name = "Content-Type"
	out := [][]string{nil}
	seen := map[string]bool{}
	for _, r := range w.svc.Routes() {
		if r.Media != "" && !seen[r.Media] {
			seen[r.Media] = true
			out = append(out, []string{name, pingone.MediaType(r.Media)})
		}
	}
	for _, s := range []string{"application/json", "Application/JSON; charset=UTF-8; x=\"a;b\"", vendor + "device.fly+json", "application/json, " + vendor + "otp.check+json",
		"", ";", "text/plain", "*/*", "\x7f", strings.Repeat("a/", 2000)} {
		out = append(out, []string{name, s})
	}
	return append(out, []string{name, "application/json", name, vendor + "otp.check+json"},
		[]string{name, vendor + "devices.order.remove+json", name, vendor + "devices.order.remove+json"})
}

// walkShapes are bodies that are not what any route asks for.
func walkShapes() [][]byte {
	out := [][]byte{nil, []byte(strings.Repeat("[", 20_000)), []byte(strings.Repeat(`{"a":`, 20_000)),
		[]byte(strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)), []byte("{\"a\":\"\xff\"}"), []byte("{\"\xff\":1}"), []byte("\xff\xfe{\x00}\x00")}
	for _, s := range []string{" ", "null", "[]", `"x"`, "1", "true", "{}", "{", "{}{}", "{} x", "nul", `{"a":1,"a":2}`, `{"type":"EMAIL","type":"SMS"}`, `{"a":{"b":1,"b":1}}`,
		`{"a":"\ud800"}`, `{"a":1e999}`, `[{"op":"add"}]`, "a=b", "--x\r\n\r\n"} {
		out = append(out, []byte(s))
	}
	return out
}

// distinctPaths are the table's patterns, each once, and one that it has not.
func distinctPaths(all []rest.Route) []rest.Route {
	var out []rest.Route
	for _, r := range append(all, rest.Route{Path: "users/:userID/shoes"}, rest.Route{Host: pingone.HostAuth, Path: "as/authorize"}) {
		if !slices.ContainsFunc(out, func(o rest.Route) bool { return o.Host == r.Host && o.Path == r.Path }) {
			out = append(out, r)
		}
	}
	return out
}

// TestEveryPathAnswersEveryMethodAndMediaType walks each path of the table with every
// method and media type, over ids that exist and ids that do not.
func TestEveryPathAnswersEveryMethodAndMediaType(t *testing.T) {
	t.Parallel()
	for _, r := range distinctPaths(newWorld(t).svc.Routes()) {
		t.Run(fmt.Sprint(r.Host, r.Path), func(t *testing.T) {
			t.Parallel()
			w := newWalk(t)
			for _, method := range walkMethods {
				for _, header := range w.walkTypes() {
					for _, body := range []string{"", "{}"} {
						w.try(method, w.path(r, true), []byte(body), header...)
						w.try(method, w.path(r, false), []byte(body), header...)
					}
				}
			}
		})
	}
}

// TestEveryOperationRefusesBodiesOfAnyShape sends to each operation that takes a body what
// is no object, no JSON, or no one JSON.
func TestEveryOperationRefusesBodiesOfAnyShape(t *testing.T) {
	t.Parallel()
	for _, r := range newWorld(t).svc.Routes() {
		t.Run(fmt.Sprint(r.Method, r.Path, r.Media), func(t *testing.T) {
			t.Parallel()
			w := newWalk(t)
			for _, body := range walkShapes() {
				w.try(r.Method, w.path(r, true), body, "Content-Type", mediaOf(r))
				w.try(r.Method, w.path(r, false), body, "Content-Type", mediaOf(r))
				w.try(r.Method, w.path(r, true), body)
			}
		})
	}
}

func mediaOf(r rest.Route) string {
	if r.Media == "" {
		return "application/json"
	}
	return pingone.MediaType(r.Media)
}

// wrongValues are put in the place of each member of a body.
var wrongValues = []string{"null", "true", "1", "-1", "1e300", "1.5", "99999999999999999999", `""`, `"x"`, `"\u0000"`, `" "`, `"2026-02-30T99:99:99Z"`,
	`"` + strings.Repeat("ä", 5000) + `"`, "[]", "[null]", `["x"]`, "[1]", "[[]]", "[{}]", "{}", `{"id":1}`, `{"id":null}`, `{"a":{}}`, strings.Repeat("[", 500) + strings.Repeat("]", 500)}

// TestEveryDocumentedMemberMayBeWrong sends the documented body of each operation with one
// member after the other replaced by what it must not be, left out, or doubled.
func TestEveryDocumentedMemberMayBeWrong(t *testing.T) {
	t.Parallel()
	for _, r := range newWorld(t).svc.Routes() {
		if r.Method == http.MethodGet || r.Method == http.MethodDelete {
			continue
		}
		t.Run(fmt.Sprint(r.Method, r.Path, r.Media), func(t *testing.T) {
			t.Parallel()
			w := newWalk(t)
			if !w.succeeds(r) {
				t.Errorf("no documented body is taken: the mutants reach nothing")
			}
			for _, body := range w.listBodies(r) {
				for _, m := range mutants(t, body) {
					w.try(r.Method, w.path(r, true), []byte(w.fill(m)), "Content-Type", mediaOf(r))
				}
			}
		})
	}
}

// succeeds reports whether one of the documented bodies is taken, where that can be.
func (w *walk) succeeds(r rest.Route) bool {
	if slices.Contains(walkSecrets, strings.TrimSpace(r.Method+" "+r.Path+" "+r.Media)) || strings.HasPrefix(r.Path, "app/") {
		return true
	}
	return slices.ContainsFunc(w.listBodies(r), func(body string) bool {
		return w.send(r.Method, w.path(r, true), []byte(w.fill(body)), "Content-Type", mediaOf(r)).Code < 300
	})
}

// listBodies lists whole bodies of an operation: those of the table, or what the resource says
// of itself where that can be put back.
func (w *walk) listBodies(r rest.Route) []string {
	w.t.Helper()
	key := strings.TrimSpace(r.Method + " " + r.Path + " " + r.Media)
	if bodies, ok := walkBodies[key]; ok {
		return bodies
	}
	if r.Method != http.MethodPut && r.Method != http.MethodPatch {
		w.t.Fatalf("%s: say its body in walkBodies", key)
	}
	rec := w.send(http.MethodGet, w.path(r, true), nil)
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%s cannot be read (%d): say its body in walkBodies", key, rec.Code)
	}
	return []string{rec.Body.String()}
}

// mutants are a body with one member wrong at a time, at any depth.
func mutants(t *testing.T, body string) []string {
	t.Helper()
	if body == "" {
		return []string{"", "{}"}
	}
	out := []string{body, body[:len(body)-1] + `,"_unknown":{"a":[1]}}`}
	var descend func(v any, before, after string)
	descend = func(v any, before, after string) {
		for _, wrong := range wrongValues {
			out = append(out, before+wrong+after)
		}
		switch x := v.(type) {
		case map[string]any:
			for name := range x {
				rest := ""
				for other, value := range x {
					if other != name {
						rest += "," + encode(t, other) + ":" + encode(t, value)
					}
				}
				if rest != "" {
					out = append(out, before+"{"+rest[1:]+"}"+after) // without it
				}
				out = append(out, before+"{"+encode(t, name)+":"+encode(t, x[name])+"}"+after) // alone
				descend(x[name], before+"{"+encode(t, name)+":", rest+"}"+after)
			}
		case []any:
			if len(x) > 0 {
				descend(x[0], before+"[", "]"+after)
			}
		}
	}
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	descend(v, "", "")
	return out
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// walkQueries are queries that no route documents.
var walkQueries = []string{"?", "?limit=x", "?limit=-1", "?limit=99999999999999999999", "?limit=1&limit=2", "?cursor=", "?cursor=x", "?cursor=%00", "?cursor=%ff", "?filter=", "?filter=%00",
	"?filter=%ff", "?filter=username%20eq%20%22%5Cud800%22", "?filter=" + strings.Repeat("(", 3000), "?filter=" + strings.Repeat("not%20", 3000), "?filter=username%20eq%201",
	"?filter=username%20eq%20%22a%22%20or", "?filter=id%20eq%20%22%2F..%2F%22", "?filter=" + strings.Repeat("a", 9000), "?expand=x&expand=", "?order=", "?%", "?a;b", "?=",
	"?filter=recordedAt%20gt%20%22x%22", "?filter=recordedAt%20gt%20%222026-13-45T00%3A00%3A00Z%22", "?filter=type%20sw%20%22%22", "?filter=status%20eq%20null",
	"?limit=1&filter=email%20eq%20%22%00%22", "?filter=memberOfGroups%5Bid%20eq%20%22x%22%5D"}

// walkIDs stand for an id in a path.
var walkIDs = []string{"%00", "%ff", "..", "%2e%2e", "%2F", "%", "%zz", "a%2Fb", "%C3%28", "ABCDEF", strings.Repeat("a", 5000), "00000000-0000-0000-0000-00000000000g",
	"00000000-0000-0000-0000-000000000000%0a", "------------------------------------", "%20", "", "*", ":userID"}

// TestEveryPathTakesAnyQueryAndAnyID asks each path with queries and ids that are none.
func TestEveryPathTakesAnyQueryAndAnyID(t *testing.T) {
	t.Parallel()
	for _, r := range newWorld(t).svc.Routes() {
		t.Run(fmt.Sprint(r.Method, r.Path, r.Media), func(t *testing.T) {
			t.Parallel()
			w := newWalk(t)
			for _, q := range walkQueries {
				w.try(r.Method, w.path(r, true)+q, []byte("{}"), "Content-Type", mediaOf(r))
			}
			parts := strings.Split(w.path(r, true), "/")
			for i := range parts[1:] {
				for _, id := range walkIDs {
					odd := slices.Clone(parts)
					odd[i+1] = id
					if _, err := http.NewRequest(r.Method, "http://x"+strings.Join(odd, "/"), nil); err == nil {
						w.try(r.Method, strings.Join(odd, "/"), []byte("{}"), "Content-Type", mediaOf(r))
					}
				}
			}
		})
	}
}

// TestEveryMemberOfAnAppsCallMayBeWrong is the same for calls that a paired phone signs.
func TestEveryMemberOfAnAppsCallMayBeWrong(t *testing.T) {
	t.Parallel()
	for _, r := range newWorld(t).svc.Routes() {
		below, ok := strings.CutPrefix(r.Path, "app/devices/:deviceID")
		if !ok || r.Method == http.MethodGet || r.Method == http.MethodDelete {
			continue
		}
		t.Run(r.Method+below, func(t *testing.T) {
			t.Parallel()
			w := newWalk(t)
			_, p := w.dan()
			below = regexp.MustCompile(":[A-Za-z]+").ReplaceAllString(strings.TrimPrefix(below, "/"), w.db.NewID())
			for _, body := range w.listBodies(r) {
				for _, m := range mutants(t, body) {
					err := p.Do(t.Context(), r.Method, below, json.RawMessage(w.fill(m)), nil)
					var refusal *pingone.Error
					if errors.As(err, &refusal) && (refusal.Status >= 500 || refusal.ID == "" || refusal.Message == "") || refusal == nil && err != nil {
						t.Fatalf("%s: %v", m, err)
					}
				}
			}
		})
	}
}
