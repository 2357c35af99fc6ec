package embedded_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
)

// TestNoOperationTakesAnAmbiguousBody sends to each operation a body that it would take,
// with a member twice, with bytes that are no UTF-8, and without a word on what it is.
func TestNoOperationTakesAnAmbiguousBody(t *testing.T) {
	t.Parallel()
	for _, r := range newWorld(t).svc.Routes() {
		if r.Method == http.MethodGet {
			continue
		}
		t.Run(fmt.Sprint(r.Method, r.Path, r.Media), func(t *testing.T) {
			t.Parallel()
			w := newWalk(t)
			body := `{"a":{"b":1}}`
			if r.Method != http.MethodDelete {
				body = strings.TrimSpace(w.fill(w.listBodies(r)[0]))
			}
			inner := body[1 : len(body)-1]
			if inner == "" {
				inner = `"a":1`
			}
			for why, odd := range map[string]string{
				"there twice": "{" + inner + "," + inner + "}", "UTF-8": "{" + inner + ",\"z\":\"\xff\"}", "not JSON": "{" + inner + `,"z":"\ud800"}`, "nested deeper": "{" + inner + `,"z":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + "}",
			} {
				rec := w.send(r.Method, w.path(r, true), []byte(odd), "Content-Type", mediaOf(r))
				if rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), why) {
					t.Errorf("%s: got %d %s, want 400 that says %q", odd, rec.Code, rec.Body, why)
				}
			}
			for _, header := range [][]string{nil, {"Content-Type", ""}, {"Content-Type", mediaOf(r) + "; charset=utf-16"}, {"Content-Type", mediaOf(r), "Content-Type", mediaOf(r)}} {
				rec := w.send(r.Method, w.path(r, true), []byte(body), header...)
				if rec.Code != http.StatusUnsupportedMediaType || !strings.Contains(rec.Body.String(), "content type") && !strings.Contains(rec.Body.String(), "Content-Type") && !strings.Contains(rec.Body.String(), "UTF-8") {
					t.Errorf("%v: got %d %s, want 415", header, rec.Code, rec.Body)
				}
			}
		})
	}
}

// TestAnswerOfAPhoneIsNeverTwoAnswers: an app that says DENY and then APPROVE has said
// nothing, and what it was asked still waits.
func TestAnswerOfAPhoneIsNeverTwoAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushRules))
	user, p := w.dan()
	da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
	push := w.only(p)
	for _, body := range []string{`{"decision":"DENY","decision":"APPROVE"}`, `{"decision":"APPROVE","decision":"APPROVE"}`, `{"decision":"APPROVE","\u0064ecision":"DENY"}`, "{\"decision\":\"APPROVE\",\"x\":\"\xff\"}"} {
		w.refusedAs(p.Do(t.Context(), "POST", "pushes/"+push.ID, json.RawMessage(body), nil), 400, "INVALID_REQUEST")
	}
	for body, code := range map[string]string{`{}`: "REQUIRED_VALUE", `{"decision":""}`: "REQUIRED_VALUE", `{"decision":"approve"}`: "INVALID_VALUE"} {
		w.refused(p.Do(t.Context(), "POST", "pushes/"+push.ID, json.RawMessage(body), nil), 400, code)
	}
	w.read(da).in("PUSH_CONFIRMATION_REQUIRED")
	w.must(p.Do(t.Context(), "POST", "pushes/"+push.ID, json.RawMessage(`{"decision":"APPROVE"}`), nil))
	w.read(da).in("COMPLETED")
}

// TestAllowTellsTheTruth: OPTIONS names the methods of a path; each of them is served, and no
// other is. HEAD is GET without the body.
func TestAllowTellsTheTruth(t *testing.T) {
	t.Parallel()
	for _, r := range distinctPaths(newWorld(t).svc.Routes()) {
		t.Run(fmt.Sprint(r.Host, r.Path), func(t *testing.T) {
			t.Parallel()
			w := newWalk(t)
			path := w.path(r, true)
			options := w.send(http.MethodOptions, path, nil)
			allow := strings.Split(options.Header().Get("Allow"), ", ")
			if options.Code == http.StatusNotFound {
				allow = nil
			} else if options.Code != http.StatusNoContent {
				t.Fatalf("OPTIONS: got %d, want 204", options.Code)
			}
			if slices.Contains(allow, "GET") {
				get, head := w.send(http.MethodGet, path, nil), w.send(http.MethodHead, path, nil)
				if head.Code != get.Code || head.Body.Len() != 0 || head.Header().Get("Content-Type") != get.Header().Get("Content-Type") {
					t.Errorf("HEAD: got %d %s with %d bytes, GET %d %s", head.Code, head.Header(), head.Body.Len(), get.Code, get.Header())
				}
			}
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"} {
				rec := w.send(method, path, nil)
				served := rec.Code != http.StatusMethodNotAllowed && rec.Code != http.StatusNotFound
				if served != slices.Contains(allow, method) && !(rec.Code == http.StatusNotFound && slices.Contains(allow, method)) {
					t.Errorf("%s: got %d, but Allow is %v", method, rec.Code, allow)
				}
				if rec.Code == http.StatusMethodNotAllowed && rec.Header().Get("Allow") != strings.Join(allow, ", ") {
					t.Errorf("%s: Allow %q, want that of OPTIONS, %v", method, rec.Header().Get("Allow"), allow)
				}
			}
		})
	}
}

// TestWorkerTokenHasOneSpelling: the token with any byte changed, added or taken away opens
// nothing.
func TestWorkerTokenHasOneSpelling(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	bearer := func(header string) int {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://pingone.test"+apiRoot, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header["Authorization"] = []string{header}
		return w.answer(r).Code
	}
	good := w.workerToken()
	for _, header := range []string{"Bearer " + good, "Bearer  " + good, "bearer    " + good, "BEARER " + good} {
		if got := bearer(header); got != 200 {
			t.Errorf("%q: got %d, want 200", header, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(good)).Draw(t, "at")
		b := string(rapid.Byte().Draw(t, "byte"))
		for _, odd := range []string{good[:i] + b + good[i:], good[:i] + b + good[min(i+1, len(good)):], good[:i], good + b, good + "=", good + "\n"} {
			if odd == good || strings.TrimLeft(odd, " ") == good {
				continue
			}
			if got := bearer("Bearer " + odd); got != 401 {
				t.Fatalf("%q: got %d, want 401", odd, got)
			}
		}
	})
}

// workerToken is a token that as/token has given.
func (w *walk) workerToken() string {
	w.t.Helper()
	rec := w.send("POST", authRoot+"/as/token", []byte("grant_type=client_credentials&client_id=worker&client_secret=s3cret"), "Content-Type", "application/x-www-form-urlencoded")
	var out struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || out.Token == "" {
		w.t.Fatalf("as/token: %d %s", rec.Code, rec.Body)
	}
	return out.Token
}

// TestTokenRequestsAreReadInOneWay: as/token refuses every form that could be read in two
// ways, and every method but POST, in OAuth's envelope.
func TestTokenRequestsAreReadInOneWay(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	const form = "application/x-www-form-urlencoded"
	const good = "grant_type=client_credentials&client_id=worker&client_secret=s3cret"
	for _, c := range []struct {
		method, body string
		header       []string
		status       int
		code         string
	}{
		{"POST", good, nil, 400, "invalid_request"},
		{"POST", good, []string{"Content-Type", "application/json"}, 400, "invalid_request"},
		{"POST", good, []string{"Content-Type", form, "Content-Type", form}, 400, "invalid_request"},
		{"POST", good + "&client_secret=x", []string{"Content-Type", form}, 400, "invalid_request"},
		{"POST", "client_id=worker&" + good, []string{"Content-Type", form}, 400, "invalid_request"},
		{"POST", good + "&%zz", []string{"Content-Type", form}, 400, "invalid_request"},
		{"POST", good + "&x=" + strings.Repeat("x", 1<<20), []string{"Content-Type", form}, 400, "invalid_request"},
		{"POST", "", []string{"Content-Type", form}, 401, "invalid_client"},
		{"POST", strings.Replace(good, "s3cret", "s3cret%0A", 1), []string{"Content-Type", form}, 401, "invalid_client"},
		{"POST", "grant_type=password&client_id=worker&client_secret=s3cret", []string{"Content-Type", form + "; charset=UTF-8"}, 400, "unsupported_grant_type"},
		{"POST", good, []string{"Content-Type", form + "; charset=utf-16"}, 400, "invalid_request"},
		{"GET", "", nil, 405, "invalid_request"}, {"PUT", good, []string{"Content-Type", form}, 405, "invalid_request"}, {"PATCH", good, nil, 405, "invalid_request"},
		{"DELETE", "", nil, 405, "invalid_request"}, {"PROPFIND", "", nil, 405, "invalid_request"}, {"HEAD", "", nil, 405, ""}, {"OPTIONS", "", nil, 204, ""},
	} {
		rec := w.send(c.method, authRoot+"/as/token", []byte(c.body), c.header...)
		var got struct{ Error string }
		if c.code != "" {
			if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
				t.Errorf("%s %.80q %v: %v", c.method, c.body, c.header, err)
			}
		} else if rec.Body.Len() > 0 {
			t.Errorf("%s: got a body %s", c.method, rec.Body)
		}
		if rec.Code != c.status || got.Error != c.code {
			t.Errorf("%s %.80q %v: got %d %s, want %d %s", c.method, c.body, c.header, rec.Code, rec.Body, c.status, c.code)
		}
	}
}

// TestClientShowsItsSecretInOneWay: in the header or in the form, and never two of them.
func TestClientShowsItsSecretInOneWay(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	const form, grant = "client_id=worker&client_secret=s3cret", "grant_type=client_credentials&"
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("worker:s3cret"))
	malformed := "Basic " + base64.StdEncoding.EncodeToString([]byte("100%:s3cret"))
	for _, c := range []struct {
		body   string
		header []string
		status int
		code   string
	}{
		{grant, []string{basic}, 200, ""}, {grant + form, nil, 200, ""}, {grant + form, []string{"Bearer x"}, 200, ""}, {grant + "client_id=worker", []string{basic}, 200, ""},
		{grant + form, []string{basic}, 400, "invalid_request"}, {grant + "client_secret=", []string{basic}, 400, "invalid_request"},
		{grant + form, []string{"Basic !"}, 400, "invalid_request"}, {grant + form, []string{"Basic"}, 400, "invalid_request"},
		{grant + "client_id=other", []string{basic}, 400, "invalid_request"},
		{grant + "client_id=100%25", []string{malformed}, 401, "invalid_client"},
		{grant, []string{"Basic !"}, 401, "invalid_client"}, {grant, []string{basic, basic}, 401, "invalid_client"}, {grant, []string{"Bearer x"}, 401, "invalid_client"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", "http://pingone.test"+authRoot+"/as/token", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if c.header != nil {
			r.Header["Authorization"] = c.header
		}
		rec := w.answer(r)
		var got struct{ Error string }
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != c.status || got.Error != c.code {
			t.Errorf("%q with %q: got %d %s, want %d %s", c.body, c.header, rec.Code, rec.Body, c.status, c.code)
		}
	}
}

// TestWrongSecretsOfAClientAreBounded: whatever addresses they come from, so many a minute are
// heard; an address that has shown the right one is heard all the same, another client too.
func TestWrongSecretsOfAClientAreBounded(t *testing.T) {
	t.Parallel()
	w := &walk{world: newWorld(t, limits(func(l *embedded.Limits) { l.WrongSecrets = 5 }), func(o *embedded.Options) {
		o.Workers = map[string]string{"worker": "s3cret", "other": "0ther"}
	})}
	ask := func(lane, client, secret string) int {
		body := strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret}}.Encode())
		r, err := http.NewRequestWithContext(store.WithLane(t.Context(), lane), "POST", "http://pingone.test"+authRoot+"/as/token", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return w.answer(r).Code
	}
	step := func(lane, client, secret string, want int) {
		t.Helper()
		if got := ask(lane, client, secret); got != want {
			t.Errorf("%s with %s from %s: got %d, want %d", client, secret, lane, got, want)
		}
	}
	step("home", "worker", "s3cret", 200)
	for i := range 5 {
		step(fmt.Sprint("bot", i), "worker", "wrong", 401)
		step(fmt.Sprint("bot", i), "nobody", "wrong", 401)
	}
	step("bot9", "worker", "wrong", 429)
	step("bot9", "worker", "s3cret", 429) // or the answer would say that it is right
	step("bot9", "nobody", "wrong", 429)
	step("home", "worker", "s3cret", 200)
	step("home", "worker", "mistyped", 401)
	step("away", "other", "0ther", 200)
	w.clock.Move(time.Minute)
	step("bot9", "worker", "wrong", 401)
	step("away", "worker", "s3cret", 200)
}

// TestCursorAndBrowserHaveOneSpelling: the place in a list and the value by which a browser is
// known again are good as they were given only.
func TestCursorAndBrowserHaveOneSpelling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withRemember)
	user, _ := w.ben()
	w.user("ann")
	_, next, _ := strings.Cut(w.api("GET", "users?limit=1", nil).want(200, "").text("_links.next.href"), "cursor=")
	cursor, _, _ := strings.Cut(next, "&")
	_, cookie := w.remember(user, chrome133, nil)
	if _, err := base64.RawURLEncoding.DecodeString(cursor); err != nil || cookie == "" {
		t.Fatalf("cursor %q, cookie %q", cursor, cookie)
	}
	rapid.Check(t, func(t *rapid.T) {
		change := func(s string) string {
			i := rapid.IntRange(0, len(s)).Draw(t, "at")
			b := rapid.SampledFrom([]string{"\n", "\r", "=", "A", "-", "_", "+", "/", " ", "\t", ";", "; ", `"`}).Draw(t, "add")
			return rapid.SampledFrom([]string{s[:i] + b + s[i:], s[:i] + b + s[min(i+1, len(s)):], s + b, s + s, s[:max(i, 1)]}).Draw(t, "changed")
		}
		if odd := change(cursor); odd != cursor {
			if got := w.do(request(pingone.HostAPI, "GET", "users?limit=1&cursor="+url.QueryEscape(odd), nil)).Status; got != 400 {
				t.Errorf("cursor %q: got %d, want 400", odd, got)
			}
		}
		if odd := "rm=" + change(cookie[3:]); odd != cookie {
			if got := w.do(checkRequest(user, odd, chrome133, nil)).text("status"); got != "FAILED" {
				t.Errorf("cookie %q: got %s, want FAILED", odd, got)
			}
		}
	})
}
