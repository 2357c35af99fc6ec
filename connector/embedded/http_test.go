package embedded_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
)

// wire is the service over real HTTP.
type wire struct {
	*world
	url string
}

func newWire(t *testing.T, settings ...setting) *wire {
	t.Helper()
	w := newWorld(t, settings...)
	srv := httptest.NewServer(w.svc)
	t.Cleanup(srv.Close)
	return &wire{world: w, url: srv.URL}
}

// send sends raw HTTP; header pairs follow the body.
func (w *wire) send(method, path, body string, header ...string) result {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	r := result{t: w.t, Status: resp.StatusCode, Header: resp.Header}
	if r.Raw, err = io.ReadAll(resp.Body); err != nil {
		w.t.Fatal(err)
	}
	if len(r.Raw) > 0 {
		if err := json.Unmarshal(r.Raw, &r.Body); err != nil {
			w.t.Fatalf("%s %s: %q: %v", method, path, r.Raw, err)
		}
	}
	return r
}

const (
	apiRoot  = "/v1/environments/" + envID
	authRoot = "/" + envID
	vendor   = "application/vnd.pingidentity."
)

// The whole sign-on over HTTP, with media types in odd spelling.
func TestSignOnOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	user := w.send("POST", apiRoot+"/users", `{"username":"ben","email":"ben@example.com"}`, "Content-Type", "application/json; charset=utf-8").
		want(201, "").text("id")
	w.send("PUT", apiRoot+"/users/"+user+"/password", `{"value":"correct horse 9","forceChange":false}`,
		"Content-Type", "Application/VND.pingidentity.Password.Set+JSON").want(200, "")
	w.send("POST", apiRoot+"/users/"+user+"/devices", `{"type":"EMAIL","email":"ben@example.com"}`, "Content-Type", "application/json").want(201, "")
	da := w.send("POST", authRoot+"/deviceAuthentications", `{"user":{"id":"`+user+`"}}`, "Content-Type", "application/json").want(201, "")
	self := da.text("_links.self.href")
	if !strings.HasPrefix(self, base+authRoot+"/deviceAuthentications/") {
		t.Fatalf("self %q", self)
	}
	path := strings.TrimPrefix(self, base)
	w.send("GET", path, "").want(200, "")
	done := w.send("POST", path, `{"otp":"`+w.mail("ben@example.com").Code+`"}`, "Content-Type", vendor+"otp.check+json; charset=UTF-8").want(200, "")
	if done.text("status") != "COMPLETED" {
		t.Errorf("%s", done.Raw)
	}
	w.send("DELETE", apiRoot+"/users/"+user, "").want(204, "")
	w.send("GET", path, "").want(404, "NOT_FOUND")
}

// What a route table must say by itself: 401, 404, 405 with Allow, 413, 415, and the
// envelope of each.
func TestRefusalsOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	user, device := w.ben()
	dev := apiRoot + "/users/" + user + "/devices"
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		code, allow        string
	}{
		"no token":           {"GET", apiRoot + "/users", "", []string{"Authorization", ""}, 401, "INVALID_TOKEN", ""},
		"wrong token":        {"GET", apiRoot + "/users", "", []string{"Authorization", "Bearer x"}, 401, "INVALID_TOKEN", ""},
		"basic":              {"GET", apiRoot + "/users", "", []string{"Authorization", "Basic " + token}, 401, "INVALID_TOKEN", ""},
		"other environment":  {"GET", "/v1/environments/00000000-0000-0000-0000-000000000000/users", "", nil, 404, "NOT_FOUND", ""},
		"no environment":     {"GET", "/v1/users", "", nil, 404, "NOT_FOUND", ""},
		"auth path on api":   {"POST", apiRoot + "/deviceAuthentications", "{}", nil, 404, "NOT_FOUND", ""},
		"api path on auth":   {"GET", authRoot + "/users", "", nil, 404, "NOT_FOUND", ""},
		"unknown path":       {"GET", apiRoot + "/shoes", "", nil, 404, "NOT_FOUND", ""},
		"trailing slash":     {"GET", apiRoot + "/users/", "", nil, 404, "NOT_FOUND", ""},
		"slash in an id":     {"GET", apiRoot + "/users/" + user + "%2Fdevices", "", nil, 404, "NOT_FOUND", ""},
		"dots":               {"GET", apiRoot + "/users/%2e%2e/users", "", nil, 404, "NOT_FOUND", ""},
		"bad escape in id":   {"GET", apiRoot + "/users/%00", "", nil, 404, "NOT_FOUND", ""},
		"method":             {"PATCH", dev, "{}", nil, 405, "INVALID_REQUEST", "DELETE, GET, HEAD, OPTIONS, POST"},
		"method on nickname": {"GET", dev + "/" + device + "/nickname", "", nil, 405, "INVALID_REQUEST", "OPTIONS, PUT"},
		"vendor type":        {"POST", dev, "{}", []string{"Content-Type", vendor + "devices.shuffle+json"}, 415, "INVALID_REQUEST", ""},
		"vendor type needed": {"POST", dev + "/" + device, "{}", []string{"Content-Type", "application/json"}, 415, "INVALID_REQUEST", ""},
		"form":               {"POST", dev, "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "INVALID_REQUEST", ""},
		"too large":          {"POST", dev, `{"x":"` + strings.Repeat("x", 64<<10-7) + `"}`, []string{"Content-Type", "application/json"}, 413, "INVALID_REQUEST", ""},
		"just not too large": {"POST", dev, `{"x":"` + strings.Repeat("x", 64<<10-8) + `"}`, []string{"Content-Type", "application/json"}, 400, "REQUIRED_VALUE", ""},
		"too many values":    {"POST", dev, `{"x":[` + strings.Repeat("0,", 4998) + `0]}`, []string{"Content-Type", "application/json"}, 413, "INVALID_REQUEST", ""},
		"as many values":     {"POST", dev, `{"x":[` + strings.Repeat("0,", 4997) + `0]}`, []string{"Content-Type", "application/json"}, 400, "REQUIRED_VALUE", ""},
		"too deep":           {"POST", dev, `{"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, []string{"Content-Type", "application/json"}, 400, "INVALID_REQUEST", ""},
		"no JSON":            {"POST", dev, `{"type":`, []string{"Content-Type", "application/json"}, 400, "INVALID_REQUEST", ""},
		"an array":           {"POST", dev, `[1]`, []string{"Content-Type", "application/json"}, 400, "INVALID_REQUEST", ""},
		"wrong type":         {"POST", dev, `{"type":7}`, []string{"Content-Type", "application/json"}, 400, "INVALID_VALUE", ""},
		"null body":          {"POST", dev, `null`, []string{"Content-Type", "application/json"}, 400, "REQUIRED_VALUE", ""},
		"no body":            {"POST", dev, ``, nil, 400, "REQUIRED_VALUE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := w.send(c.method, c.path, c.body, c.header...)
			r.t = t
			r.want(c.status, c.code)
			if r.text("id") == "" || r.text("message") == "" || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("envelope: %s %s", r.Header, r.Raw)
			}
			if got := r.Header.Get("Allow"); got != c.allow {
				t.Errorf("Allow %q, want %q", got, c.allow)
			}
		})
	}
}

// GET does not look at a content type; DELETE takes the old form of order removal.
func TestMediaTypesWithoutBody(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	user, device := w.ben()
	path := apiRoot + "/users/" + user + "/devices"
	w.send("GET", path, "", "Content-Type", "text/plain").want(200, "")
	w.send("DELETE", path, "", "Content-Type", vendor+"devices.order.remove+json").want(204, "")
	w.send("DELETE", path+"/"+device, "", "Content-Type", "text/plain").want(204, "")
}

// The client's transaction id comes back, unless it is no such id.
func TestTransactionID(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	const name = "X-Ping-External-Transaction-ID"
	for id, want := range map[string]string{"abc-1.2/3@x=y#+": "abc-1.2/3@x=y#+", "a b": "", strings.Repeat("x", 101): "", "<x>": ""} {
		r := w.send("GET", apiRoot+"/users", "", name, id)
		if got := r.Header.Get(name); got != want {
			t.Errorf("%q: echoed %q, want %q", id, got, want)
		}
	}
}

// A worker client gets a token with Basic or with form parameters, uses it, and loses it
// after an hour.
// Inside Basic, id and secret are right as they are and form-encoded, whatever characters
// they have: base64 has a plus sign.
func TestWorkerSecretIsRightPlainAndEncoded(t *testing.T) {
	t.Parallel()
	for id, secret := range map[string]string{
		"worker": "5JmWOVrUqU9sO+4B/1QLU8SBWDPA=", "a worker": "100 %", "a+worker": "%41%zz:+", "wörker": "ß",
	} {
		w := newWire(t, func(o *embedded.Options) { o.Workers = map[string]string{id: secret} })
		ask := func(id, secret string) int {
			req := httptest.NewRequest(http.MethodPost, "/", nil)
			req.SetBasicAuth(id, secret)
			return w.send("POST", authRoot+"/as/token", "grant_type=client_credentials", "Content-Type", "application/x-www-form-urlencoded",
				"Authorization", req.Header.Get("Authorization")).Status
		}
		for _, c := range []struct {
			id, secret string
			want       int
		}{
			{id, secret, 200}, {url.QueryEscape(id), url.QueryEscape(secret), 200}, {id, secret + "+", 401},
			{id, url.QueryEscape(url.QueryEscape(secret + "+")), 401}, {id + "x", secret, 401}, {id, "", 401},
		} {
			if got := ask(c.id, c.secret); got != c.want {
				t.Errorf("client %q with %q sent as %q and %q: got %d, want %d", id, secret, c.id, c.secret, got, c.want)
			}
		}
	}
}

func TestWorkerToken(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	path := authRoot + "/as/token"
	form := func(v url.Values) result {
		return w.send("POST", path, v.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
	}
	r := form(url.Values{"grant_type": {"client_credentials"}, "client_id": {"worker"}, "client_secret": {"s3cret"}}).want(200, "")
	if r.text("token_type") != "Bearer" || r.at("expires_in") != 3600.0 {
		t.Errorf("token answer %s", r.Raw)
	}
	bearer := "Bearer " + r.text("access_token")
	w.send("GET", apiRoot+"/users", "", "Authorization", bearer).want(200, "")
	w.clock.Move(time.Hour)
	w.send("GET", apiRoot+"/users", "", "Authorization", bearer).want(401, "INVALID_TOKEN")
	w.clock.Move(time.Minute)
	w.send("GET", apiRoot+"/users", "", "Authorization", bearer).want(401, "INVALID_TOKEN")

	basic := func(id, secret, grant string) result {
		req := httptest.NewRequest(http.MethodPost, "/", nil)
		req.SetBasicAuth(id, secret)
		return w.send("POST", path, "grant_type="+grant, "Content-Type", "application/x-www-form-urlencoded",
			"Authorization", req.Header.Get("Authorization"))
	}
	w.send("GET", apiRoot+"/mfaSettings", "", "Authorization", "Bearer "+basic("worker", "s3cret", "client_credentials").want(200, "").text("access_token")).want(200, "")
	for _, c := range [][4]string{
		{"worker", "wrong", "client_credentials", "invalid_client"}, {"nobody", "", "client_credentials", "invalid_client"},
		{"", "", "client_credentials", "invalid_client"}, {"worker", "s3cret", "password", "unsupported_grant_type"},
	} {
		if got := basic(c[0], c[1], c[2]).text("error"); got != c[3] {
			t.Errorf("%v: error %q", c, got)
		}
	}
	if r := w.send("GET", path, ""); r.Status != 405 || r.Header.Get("Allow") != "OPTIONS, POST" {
		t.Errorf("GET as/token: %d", r.Status)
	}
}

// The environment shows itself, and the list of environments has it alone.
func TestEnvironments(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	if got := w.send("GET", apiRoot, "").want(200, "").text("id"); got != envID {
		t.Errorf("environment %q", got)
	}
	if got := w.send("GET", "/v1/environments", "").want(200, "").text("_embedded.environments.0.id"); got != envID {
		t.Errorf("environments: %q", got)
	}
	w.send("GET", "/v1/environments", "", "Authorization", "").want(401, "INVALID_TOKEN")
}

// Hrefs of every resource are absolute and answer.
func TestLinksAnswer(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	user, device := w.ben()
	da := w.begin(user).text("id")
	seen := map[string]bool{}
	var walk func(v any)
	var follow func(href string)
	walk = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			for k, member := range x {
				if href, ok := member.(string); ok && k == "href" {
					follow(href)
				}
				walk(member)
			}
		case []any:
			for _, member := range x {
				walk(member)
			}
		}
	}
	follow = func(href string) {
		if seen[href] {
			return
		}
		seen[href] = true
		path, ok := strings.CutPrefix(href, base)
		if !ok {
			t.Errorf("%q is not below the base URL", href)
			return
		}
		walk(w.send("GET", path, "").want(200, "").Body)
	}
	for _, p := range []string{apiRoot, apiRoot + "/users", apiRoot + "/users/" + user, apiRoot + "/users/" + user + "/devices/" + device,
		apiRoot + "/deviceAuthenticationPolicies", apiRoot + "/mfaSettings", authRoot + "/deviceAuthentications/" + da} {
		follow(base + p)
	}
	if len(seen) < 12 {
		t.Errorf("followed %d links only", len(seen))
	}
}
