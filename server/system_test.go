package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/server"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	run := newEngine(t, time.Now)
	good := server.Options{Runner: run, Catalog: run.Catalog(), ManagementToken: "t"}
	for name, tc := range map[string]struct {
		change func(*server.Options)
		says   string
	}{
		"no runner":           {func(o *server.Options) { o.Runner = nil }, "lack Runner or Catalog"},
		"no catalog":          {func(o *server.Options) { o.Catalog = nil }, "lack Runner or Catalog"},
		"no token":            {func(o *server.Options) { o.ManagementToken = "" }, "ManagementToken is empty"},
		"dev without inbox":   {func(o *server.Options) { o.Dev = true }, "needs an Inbox"},
		"base without scheme": {func(o *server.Options) { o.BaseURL = "id.example.com" }, "is not http(s)://host"},
		"base with query":     {func(o *server.Options) { o.BaseURL = "https://id.example.com/?x" }, "is not http(s)://host"},
		"base not a URL":      {func(o *server.Options) { o.BaseURL = "http://a b" }, "BaseURL"},
		"environment id":      {func(o *server.Options) { o.Environments = []server.Environment{{ID: "v1"}} }, "is not a UUID"},
		"environment in capitals": {func(o *server.Options) {
			o.Environments = []server.Environment{{ID: strings.ToUpper(envID)}}
		}, "is not a UUID"},
	} {
		o := good
		tc.change(&o)
		if _, err := server.New(o); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want an error that says %q", name, err, tc.says)
		}
	}
	if _, err := server.New(good); err != nil {
		t.Error(err)
	}
}

// The PingOne API gets every request below its environment's literal id and nothing
// else, with the path as it was sent.
func TestPingOneMount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) {
		o.Environments = []server.Environment{{ID: envID, Name: "Default"}}
		o.PingOne = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				w.WriteHeader(http.StatusTeapot)
			}
			fmt.Fprintf(w, "pingone %s %s?%s %d", r.Method, r.URL.EscapedPath(), r.URL.RawQuery, len(body))
		})
	})
	for _, path := range []string{
		"/v1/environments/" + envID, "/v1/environments/" + envID + "/users", "/" + envID + "/deviceAuthentications",
		"/v1/environments/" + envID + "/users/a%2Fb", "/v1/environments/" + envID + "/../../flows",
	} {
		a := w.do("POST", path+"?x=1", "12", "Content-Type: application/vnd.pingidentity.device.unblock+json").want(200)
		if want := "pingone POST " + path + "?x=1 2"; string(a.body) != want {
			t.Errorf("got %s, want %s", a.body, want)
		}
	}
	for _, path := range []string{
		"/v1/environments/" + strings.ToUpper(envID), "/v1/environments/" + envID + "x", "/v1//environments/" + envID,
		"/v1/environments/%30" + envID[1:], "//" + envID + "/as", "/v1/flows/../environments/" + envID,
	} {
		if a := w.manage("GET", path, nil); a.StatusCode != 404 {
			t.Errorf("%s: status %d: %s", path, a.StatusCode, a.body)
		}
	}
	large := strings.Repeat("x", 1<<20+1) // is cut; the API refuses it in its own words
	for _, body := range []any{large, io.MultiReader(strings.NewReader(large))} {
		if a := w.do("POST", "/"+envID+"/x", body).want(http.StatusTeapot); !strings.HasSuffix(string(a.body), " 1048576") {
			t.Errorf("the API read %s bytes of a large body, want 1048576", a.body)
		}
	}
}

func TestEnvironments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) { o.Environments = []server.Environment{{ID: envID, Name: "Default"}} })
	a := w.manage("GET", "/v1/environments", nil).want(200)
	var got struct {
		Embedded struct {
			Environments []struct{ ID, Name string }
		} `json:"_embedded"`
	}
	a.decode(&got)
	if len(got.Embedded.Environments) != 1 || got.Embedded.Environments[0].ID != envID {
		t.Errorf("got %s", a.body)
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	failed := make(chan struct{})
	state := server.Readiness{Notes: []string{"SMS has no sender"}}
	w := newWorld(t, func(o *server.Options) {
		o.StoreFailed = failed
		o.Ready = func(context.Context) server.Readiness { return state }
	})
	a := w.do("GET", "/readyz", nil).want(200)
	if string(a.body) != `{"notes":["SMS has no sender"],"status":"ready"}` {
		t.Errorf("got %s", a.body)
	}
	state.Failed = []string{"no key"}
	w.do("GET", "/readyz", nil).problem(503, "UNAVAILABLE", "no key")
	close(failed)
	w.do("GET", "/readyz", nil).problem(503, "UNAVAILABLE", "no key; the store has stopped")
	w.do("GET", "/healthz", nil).want(200)
	w2 := newWorld(t)
	w2.do("GET", "/readyz", nil).want(200)
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) {
		o.Gauges = func() map[string]float64 { return map[string]float64{"mfaflow_store_records": 12} }
	})
	w.do("POST", executions, `{}`).want(201)
	w.manage("POST", executions, `{}`).want(201)
	w.do("GET", "/nowhere", nil).want(404)
	w.do("BREW", "/healthz", nil).want(405)
	got := string(w.do("GET", "/metrics", nil).want(200).body)
	for _, line := range []string{
		`mfaflow_http_requests_total{method="POST",route="/v1/flows/:flow/executions",status="201"} 2`,
		`mfaflow_http_requests_total{method="GET",route="",status="404"} 1`,
		`mfaflow_http_requests_total{method="other",route="",status="405"} 1`,
		`mfaflow_execution_answers_total{status="WAITING"} 2`,
		`mfaflow_http_requests_in_flight 1`,
		`mfaflow_store_records 12`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("%s is not in:\n%s", line, got)
		}
	}
}

func TestFlowSchema(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) { o.FlowSchema = func() []byte { return []byte(`{"type":"object"}`) } })
	a := w.do("GET", "/schemas/flow.schema.json", nil).want(200)
	if string(a.body) != `{"type":"object"}` {
		t.Errorf("got %s", a.body)
	}
}

func TestInbox(t *testing.T) {
	t.Parallel()
	list := inbox{
		{ID: "2", Channel: "SMS", To: "+15550100", Text: "Code 222222", Code: "222222", At: time.Unix(2, 0).UTC()},
		{ID: "1", Channel: "EMAIL", To: "demo@example.com", Subject: "<b>", Text: "Your code is 111111", Code: "111111", At: time.Unix(1, 0).UTC()},
	}
	w := newWorld(t, func(o *server.Options) { o.Dev, o.Inbox = true, list })
	for query, ids := range map[string]string{
		"": "2 1", "?channel=EMAIL": "1", "?to=%2B15550100": "2", "?to=x": "", "?to=demo@example.com&channel=SMS": "",
	} {
		var got []server.InboxMessage
		w.do("GET", "/dev/inbox"+query, nil, "Accept: */*").want(200).decode(&got)
		found := []string{}
		for _, m := range got {
			found = append(found, m.ID)
		}
		if strings.Join(found, " ") != ids {
			t.Errorf("%s: got %v, want %s", query, found, ids)
		}
	}
	if a := w.do("GET", "/dev/inbox?to=x", nil); string(a.body) != "[]" {
		t.Errorf("got %s", a.body)
	}
	for accept, html := range map[string]bool{
		"text/html,application/xhtml+xml,*/*;q=0.8": true, "text/html;q=0.5, application/json": false,
		"application/json": false, "": false, "*/*": false, "text/html": true,
	} {
		a := w.do("GET", "/dev/inbox", nil, "Accept: "+accept).want(200)
		if got := strings.HasPrefix(a.Header.Get("Content-Type"), "text/html"); got != html {
			t.Errorf("Accept %q: %s", accept, a.Header.Get("Content-Type"))
		}
		if html && (!strings.Contains(string(a.body), "111111") || strings.Contains(string(a.body), "<b>")) {
			t.Errorf("got %s", a.body)
		}
	}
}

// A name that somebody made point at this machine is not answered (DNS rebinding).
func TestInboxHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) { o.Dev, o.Inbox, o.BaseURL = true, inbox{}, "http://dev.example.com:8080" })
	for host, status := range map[string]int{
		"localhost:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "LOCALHOST": 200, "dev.example.com:8080": 200,
		"evil.example": 403, "localhost.evil.example": 403, "127.0.0.1.evil.example:8080": 403, "dev.example.com.": 403,
	} {
		w.do("GET", "/dev/inbox", nil, "Host: "+host).want(status)
	}
}

func TestServedDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do("GET", "/openapi.json", nil).want(200)
	if string(a.body) != string(server.OpenAPI()) || !json.Valid(a.body) {
		t.Error("GET /openapi.json is not server.OpenAPI")
	}
}
