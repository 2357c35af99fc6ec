package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/server"
)

const flowYAML = "schema: flow/v1\nid: sign-on\n"

func TestPutFlow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query           string
		created, deploy bool
		status          int
	}{
		{"", true, true, http.StatusCreated},
		{"", false, true, http.StatusOK},
		{"?deploy=true", true, true, http.StatusCreated},
		{"?deploy=false", true, false, http.StatusCreated},
	} {
		w := newWorld(t)
		w.catalog.put = func(id string, src []byte, deploy bool) (engine.Uploaded, error) {
			if id != "sign-on" || string(src) != flowYAML || deploy != c.deploy {
				t.Errorf("%s: the catalog got %q, %q, deploy %v", c.query, id, src, deploy)
			}
			return engine.Uploaded{ID: id, Revision: revision, Deployed: deploy, Created: c.created}, nil
		}
		a := w.manage("PUT", "/v1/flows/sign-on"+c.query, flowYAML, yaml).want(c.status)
		if !strings.Contains(string(a.body), `"warnings":[]`) {
			t.Errorf("got %s", a.body)
		}
	}
}

func TestPutFlowRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.catalog.put = func(id string, _ []byte, _ bool) (engine.Uploaded, error) {
		return engine.Uploaded{ID: id, Revision: revision}, nil
	}
	w.manage("PUT", "/v1/flows/sign-on?deploy=flase", flowYAML, yaml).problem(400, "BAD_REQUEST", "deploy")
	w.manage("PUT", "/v1/flows/sign-on?depoly=false", flowYAML, yaml).problem(400, "BAD_REQUEST", `"depoly"`)
	w.manage("PUT", "/v1/flows/sign-on?deploy=true&deploy=false", flowYAML, yaml).problem(400, "BAD_REQUEST", "2 times")
	for _, id := range []string{"Sign-On", "sign_on", "a%2Fb", "..%2fx", "a--b", strings.Repeat("a", 101)} {
		w.manage("PUT", "/v1/flows/"+id, flowYAML, yaml).problem(404, "NOT_FOUND", "")
	}
}

// The 422 lists every problem with its place, and is the body that FlowInvalid makes.
func TestFlowInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	problems := []flows.Problem{
		{Line: 3, Column: 7, Node: "otp", Rule: "unknown-target", Text: "no node is called x", Hint: "write y"},
		{Line: 9, Column: 1, Rule: "unknown-key", Text: "z is not a key"},
	}
	w.catalog.put = func(string, []byte, bool) (engine.Uploaded, error) {
		return engine.Uploaded{}, &engine.Error{Code: engine.FlowInvalid, Text: "the flow has 2 problems", Problems: problems}
	}
	a := w.manage("PUT", "/v1/flows/sign-on", flowYAML, yaml).problem(422, "FLOW_INVALID", "2 problems")
	if d := cmp.Diff(string(server.FlowInvalid(problems)), string(a.body)); d != "" {
		t.Errorf("FlowInvalid differs (-FlowInvalid +422):\n%s", d)
	}
	var got struct{ Problems []flows.Problem }
	a.decode(&got)
	if d := cmp.Diff(problems, got.Problems); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
}

func TestValidateFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.catalog.check = func(id string, _ []byte) (engine.Uploaded, error) {
		return engine.Uploaded{ID: id, Revision: revision, Created: true, Warnings: []flows.Problem{{Rule: "no-authentication", Text: "x", Warning: true}}}, nil
	}
	w.manage("POST", "/v1/flows/sign-on/validate", flowYAML, yaml).want(200)
	w.do("POST", "/v1/flows/sign-on/validate", flowYAML, yaml).problem(401, "UNAUTHORIZED", "")
}

func TestGetFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.catalog.source = func(_, rev string) ([]byte, string, error) {
		if rev != "" && rev != revision {
			return nil, "", errNotFound
		}
		return []byte(flowYAML), revision, nil
	}
	a := w.manage("GET", "/v1/flows/sign-on", nil).want(200)
	if got := a.Header.Get("ETag"); got != `"`+revision+`"` {
		t.Errorf("ETag is %s", got)
	}
	if string(a.body) != flowYAML || a.Header.Get("Content-Type") != "application/yaml" {
		t.Errorf("got %s %q", a.Header.Get("Content-Type"), a.body)
	}
	for tag, status := range map[string]int{
		`"` + revision + `"`: 304, `W/"` + revision + `"`: 304, "*": 304, `"x", "` + revision + `"`: 304, `"x"`: 200, revision: 200,
	} {
		w.manage("GET", "/v1/flows/sign-on", nil, "If-None-Match: "+tag).want(status)
	}
	w.manage("GET", "/v1/flows/sign-on?revision="+revision, nil).want(200)
	w.manage("GET", "/v1/flows/sign-on?revision=sha256:00", nil).problem(404, "NOT_FOUND", "")
}

func TestListsAreNeverNull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.catalog.revs = func(string) ([]engine.RevisionInfo, error) { return nil, nil }
	if a := w.manage("GET", "/v1/flows", nil).want(200); string(a.body) != `{"flows":[]}` {
		t.Errorf("got %s", a.body)
	}
	if a := w.manage("GET", "/v1/flows/sign-on/revisions", nil).want(200); string(a.body) != `{"revisions":[]}` {
		t.Errorf("got %s", a.body)
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.catalog.list = func() ([]engine.FlowInfo, error) {
		return []engine.FlowInfo{{ID: "sign-on", Title: "Sign on", Revision: revision, Public: true}}, nil
	}
	w.catalog.revs = func(string) ([]engine.RevisionInfo, error) {
		return []engine.RevisionInfo{{Revision: revision, CreatedAt: time.Unix(0, 0).UTC(), Deployed: true}}, nil
	}
	w.manage("GET", "/v1/flows", nil).want(200)
	w.manage("GET", "/v1/flows/sign-on/revisions", nil).want(200)
}

func TestDeploy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.catalog.deploy = func(id, rev string) (engine.Uploaded, error) {
		return engine.Uploaded{ID: id, Revision: rev, Deployed: true}, nil
	}
	w.manage("POST", "/v1/flows/sign-on/deploy", `{"revision":"`+revision+`"}`).want(200)
	w.manage("POST", "/v1/flows/sign-on/deploy", `{}`).problem(400, "BAD_REQUEST", "revision is missing")
	w.manage("POST", "/v1/flows/sign-on/deploy", `{"revision":7}`).problem(400, "BAD_REQUEST", "revision must be a string")
	w.manage("POST", "/v1/flows/sign-on/deploy", `{"revison":"x"}`).problem(400, "BAD_REQUEST", `"revison"`)
}

func TestGraph(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.catalog.flow = func(id string) (*flows.Flow, error) {
		return &flows.Flow{ID: id, Start: "a", Nodes: []*flows.Node{{ID: "a", Kind: flows.End, Name: "success"}}}, nil
	}
	w.manage("GET", "/v1/flows/sign-on/graph", nil).want(200)
	a := w.manage("GET", "/v1/flows/sign-on/graph.mmd", nil).want(200)
	if !strings.HasPrefix(string(a.body), "flowchart") {
		t.Errorf("got %s", a.body)
	}
}
