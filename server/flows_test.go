package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/server"
)

const flow = "/v1/flows/sign-on"

func TestPutFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v2 := strings.Replace(signOn, "title: Sign on", "title: Second", 1)
	v3 := strings.Replace(signOn, "title: Sign on", "title: Third", 1)
	for _, c := range []struct {
		query, src string
		status     int
		deployed   bool
	}{
		{"", signOn, http.StatusOK, true}, // known
		{"?deploy=false", v2, http.StatusCreated, false},
		{"?deploy=true", v2, http.StatusOK, true},
		{"", v3, http.StatusCreated, true},
	} {
		a := w.manage("PUT", flow+c.query, c.src, yaml).want(c.status)
		var up engine.Uploaded
		a.decode(&up)
		want := engine.Uploaded{ID: "sign-on", Revision: engine.RevisionOf([]byte(c.src)), Deployed: c.deployed, Warnings: []flows.Problem{}}
		if d := cmp.Diff(want, up); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.query, d)
		}
	}
}

func TestPutFlowRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.manage("PUT", flow+"?deploy=flase", signOn, yaml).problem(400, "BAD_REQUEST", "deploy")
	w.manage("PUT", flow+"?depoly=false", signOn, yaml).problem(400, "BAD_REQUEST", `"depoly"`)
	w.manage("PUT", flow+"?deploy=true&deploy=false", signOn, yaml).problem(400, "BAD_REQUEST", "2 times")
	w.manage("PUT", flow+"?deploy=false;", signOn, yaml).problem(400, "BAD_REQUEST", "malformed")
	w.manage("PUT", flow+"?deploy=%zz", signOn, yaml).problem(400, "BAD_REQUEST", "malformed")
	for _, id := range []string{"Sign-On", "sign_on", "a%2Fb", "..%2fx", "a--b", strings.Repeat("a", 101)} {
		w.manage("PUT", "/v1/flows/"+id, signOn, yaml).problem(404, "NOT_FOUND", "")
	}
	if a := w.manage("PUT", "/v1/flows/other", signOn, yaml); a.StatusCode < 400 {
		t.Errorf("the id of path and file differ: %d", a.StatusCode)
	}
}

// The 422 lists every problem with its place, changes nothing, and is the body that
// FlowInvalid makes.
func TestFlowInvalid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.manage("GET", flow, nil).want(200)
	a := w.manage("PUT", flow, broken, yaml).problem(422, "FLOW_INVALID", "")
	var got struct{ Problems []flows.Problem }
	a.decode(&got)
	if len(got.Problems) != 2 || got.Problems[0].Line != 8 || got.Problems[1].Line != 9 || got.Problems[1].Column == 0 {
		t.Errorf("problems: %+v", got.Problems)
	}
	if b := w.manage("POST", flow+"/validate", broken, yaml).problem(422, "FLOW_INVALID", ""); string(b.body) != string(a.body) {
		t.Errorf("validate answers %s, put %s", b.body, a.body)
	}
	if d := cmp.Diff(string(server.FlowInvalid(got.Problems)), string(a.body)); d != "" {
		t.Errorf("FlowInvalid differs (-FlowInvalid +422):\n%s", d)
	}
	if after := w.manage("GET", flow, nil).want(200); string(after.body) != string(before.body) {
		t.Error("the deployed flow has changed")
	}
}

func TestValidateFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v2 := strings.Replace(signOn, "title: Sign on", "title: Second", 1)
	w.manage("POST", flow+"/validate", v2, yaml).want(200)
	w.manage("GET", flow+"?revision="+engine.RevisionOf([]byte(v2)), nil).problem(404, "NOT_FOUND", "") // not kept
	w.do("POST", flow+"/validate", v2, yaml).problem(401, "UNAUTHORIZED", "")
}

func TestGetFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	revision := engine.RevisionOf([]byte(signOn))
	a := w.manage("GET", flow, nil).want(200)
	if got := a.Header.Get("ETag"); got != `"`+revision+`"` {
		t.Errorf("ETag is %s", got)
	}
	if string(a.body) != signOn || a.Header.Get("Content-Type") != "application/yaml" {
		t.Errorf("got %s %q", a.Header.Get("Content-Type"), a.body)
	}
	for tag, status := range map[string]int{
		`"` + revision + `"`: 304, `W/"` + revision + `"`: 304, "*": 304, `"x", "` + revision + `"`: 304, `"x"`: 200, revision: 200,
	} {
		w.manage("GET", flow, nil, "If-None-Match: "+tag).want(status)
	}
	w.manage("GET", flow+"?revision="+revision, nil).want(200)
	w.manage("GET", flow+"?revision=sha256:00", nil).problem(404, "NOT_FOUND", "")
	w.manage("GET", "/v1/flows/nowhere", nil).problem(404, "NOT_FOUND", "")
}

func TestListsAndDeploy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v2 := strings.Replace(signOn, "title: Sign on", "title: Second", 1)
	w.manage("PUT", flow, v2, yaml).want(201)
	deployed := func() (title string) {
		var got struct{ Flows []engine.FlowInfo }
		w.manage("GET", "/v1/flows", nil).want(200).decode(&got)
		if len(got.Flows) != 2 || got.Flows[0].ID != "sign-on" && got.Flows[1].ID != "sign-on" {
			t.Fatalf("flows: %+v", got.Flows)
		}
		for _, f := range got.Flows {
			if f.ID == "sign-on" {
				title = f.Title
			}
		}
		return title
	}
	if got := deployed(); got != "Second" {
		t.Errorf("deployed is %s", got)
	}
	var revs struct{ Revisions []engine.RevisionInfo }
	w.manage("GET", flow+"/revisions", nil).want(200).decode(&revs)
	if len(revs.Revisions) != 2 {
		t.Errorf("revisions: %+v", revs)
	}
	w.manage("POST", flow+"/deploy", map[string]any{"revision": engine.RevisionOf([]byte(signOn))}).want(200)
	if got := deployed(); got != "Sign on" {
		t.Errorf("deployed is %s", got)
	}
	w.manage("POST", flow+"/deploy", `{"revision":"sha256:00"}`).problem(404, "NOT_FOUND", "")
	w.manage("POST", flow+"/deploy", `{}`).problem(400, "BAD_REQUEST", "revision is missing")
	w.manage("POST", flow+"/deploy", `{"revision":7}`).problem(400, "BAD_REQUEST", "revision must be a string")
	w.manage("POST", flow+"/deploy", `{"revison":"x"}`).problem(400, "BAD_REQUEST", `"revison"`)
	w.manage("GET", "/v1/flows/nowhere/revisions", nil).problem(404, "NOT_FOUND", "")
}

func TestGraph(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.manage("GET", flow+"/graph", nil).want(200)
	a := w.manage("GET", flow+"/graph.mmd", nil).want(200)
	if !strings.HasPrefix(string(a.body), "flowchart") {
		t.Errorf("got %s", a.body)
	}
	w.manage("GET", "/v1/flows/nowhere/graph", nil).problem(404, "NOT_FOUND", "")
	w.manage("GET", "/v1/flows/nowhere/graph.mmd", nil).problem(404, "NOT_FOUND", "")
}
