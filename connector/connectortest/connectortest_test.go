package connectortest

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

const schema = `{"x-effect": "probe", "x-errors": ["NOT_FOUND"], "properties": {
	"input": {"type": "object", "additionalProperties": false, "properties": {"id": {"type": "string"}}},
	"output": {"type": "object", "required": ["name"]}}}`

// things has one capability, x/read-thing, of a single request.
func things(api pingone.API, c Connection) []connector.Capability {
	run := func(ctx context.Context, call connector.Call) connector.Outcome {
		id, _ := call.Input["id"].(string)
		r, err := api.Do(ctx, pingone.Request{Method: http.MethodGet, Path: pingone.Path{"things", id + c.PolicyID}})
		switch {
		case err != nil:
			return connector.Fail{Code: connector.CodeUnavailable, Err: err}
		case r.Status == http.StatusNotFound:
			return connector.Fail{Code: "NOT_FOUND"}
		case r.Status != http.StatusOK:
			return connector.Fail{Code: "ODD"}
		}
		return connector.Complete{Output: map[string]any{"name": string(r.Body)}}
	}
	again := func(context.Context, connector.Call) connector.Outcome { return connector.Fail{Code: "NOT_FOUND"} }
	return []connector.Capability{{ID: "x/read-thing", Schema: []byte(schema), Run: run, Recover: again}}
}

const (
	good = `-- input --
{"id": "t1"}
-- request --
{"method": "GET", "path": "/things/t1"}
-- response --
{"status": 200, "body": "n"}
-- outcome --
{"complete": {"output": {"name": "\"n\""}}}
`
	bad = `-- input --
{"id": "t1"}
-- request --
{"method": "GET", "path": "/things/t1"}
-- response --
{"status": 404}
-- outcome --
{"fail": {"code": "NOT_FOUND"}}
`
)

func TestReplayFindsWhatDiffers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ fixture, want string }{
		"as on file":             {good, ""},
		"a failure as on file":   {bad, ""},
		"connection":             {"-- connection --\n{\"policyId\": \"1\"}\n" + strings.Replace(good, `{"id": "t1"}`, `{"id": "t"}`, 1), ""},
		"numbered":               {strings.NewReplacer("request", "request.1", "response", "response.1").Replace(good), ""},
		"no answer":              {strings.NewReplacer(`"status": 404`, `"error": "refused"`, "NOT_FOUND", "UNAVAILABLE").Replace(bad), ""},
		"recover":                {"-- input --\n{}\n-- recover --\n-- outcome --\n{\"fail\": {\"code\": \"NOT_FOUND\"}}\n", ""},
		"other outcome":          {strings.Replace(good, `\"n\"`, `\"m\"`, 1), "the outcome differs"},
		"no outcome":             {good[:strings.Index(good, "-- outcome")], "no outcome on file"},
		"other path":             {strings.Replace(good, "/things/t1", "/things/t2", 1), "request 1 differs"},
		"other method":           {strings.Replace(good, "GET", "PUT", 1), "request 1 differs"},
		"request not on file":    {"-- input --\n{\"id\": \"t1\"}\n-- outcome --\n{}\n", "request 1 is not on file"},
		"request not made":       {strings.Replace(good, "-- outcome", "-- request.2 --\n{}\n-- response.2 --\n{}\n-- outcome", 1), "1 of 2 requests were made"},
		"code not declared":      {strings.Replace(bad, "404", "500", 1), "ODD is not in the x-errors"},
		"no input":               {"-- outcome --\n{}\n", "no section input"},
		"unknown section":        {good + "-- outcom --\n{}\n", "not a section"},
		"request without answer": {"-- input --\n{}\n-- request --\n{}\n", "lacks its request or its response"},
		"answer first":           {"-- input --\n{}\n-- response --\n{}\n", "before its request"},
		"out of order":           {"-- input --\n{}\n-- request.2 --\n{}\n-- response.2 --\n{}\n", "out of order"},
		"not JSON":               {"-- input --\n{", "section input"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Suite{Build: things, Dir: t.TempDir()}
			check(t, s.replay(t.Context(), write(t, s, "read-thing", "case", c.fixture)), c.want)
		})
	}
}

func TestReplayOfAnUnknownCapability(t *testing.T) {
	t.Parallel()
	s := Suite{Build: things, Dir: t.TempDir()}
	check(t, s.replay(t.Context(), write(t, s, "write-thing", "case", good)), "no capability x/write-thing")
}

func TestUpdateWritesOnlyTheOutcome(t *testing.T) {
	t.Parallel()
	s := Suite{Build: things, Dir: t.TempDir(), Update: true}
	unfinished := good[:strings.Index(good, "-- outcome")]
	file := write(t, s, "read-thing", "case", unfinished)
	check(t, s.replay(t.Context(), file), "")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(data), unfinished) || outcomeKind(data) != "complete" {
		t.Errorf("the file is\n%s", data)
	}
	s.Update = false
	check(t, s.replay(t.Context(), file), "")
}

func TestWantingFixturesSchemasAndCapabilities(t *testing.T) {
	t.Parallel()
	s := Suite{Build: things, Dir: t.TempDir(), Schemas: []string{"x/read-thing", "x/gone"}}
	ok, no := write(t, s, "read-thing", "ok", good), write(t, s, "read-thing", "no", bad)
	bare := []connector.Capability{{ID: "x/read-thing"}}
	for name, c := range map[string]struct {
		caps  []connector.Capability
		files []string
		want  []string
	}{
		"nothing":    {things(nil, Connection{}), []string{ok, no}, []string{"x/gone has a schema and no capability"}},
		"no failure": {things(nil, Connection{}), []string{ok}, []string{`no fixture that ends with "fail"`, "x/gone"}},
		"no success": {things(nil, Connection{}), []string{no}, []string{`no fixture that ends with "complete"`, "x/gone"}},
		"no fixture": {things(nil, Connection{}), nil, []string{`"complete"`, `"fail"`, "x/gone"}},
		"no schema":  {bare, []string{ok, no}, []string{"has no schema", "x/gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.wanting(c.caps, c.files)
			if len(got) != len(c.want) {
				t.Fatalf("wanting %v, want %v", got, c.want)
			}
			for i, w := range c.want {
				if !strings.Contains(got[i], w) {
					t.Errorf("wanting %q, want %q", got[i], w)
				}
			}
		})
	}
}

func TestOutputThatStorageWouldChangeIsShown(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]any{"an int": 1, "typed list": []string{"a"}, "channel": make(chan int)} {
		if _, text := survives(map[string]any{"v": v}).(string); !text {
			t.Errorf("%s survives", name)
		}
	}
	if _, text := survives(map[string]any{"v": 1.0, "w": []any{"a", nil}}).(string); text {
		t.Error("JSON's own values do not survive")
	}
}

func check(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("unexpected problem: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("problem %v, want one with %q", err, want)
	}
}

// write puts a fixture where the suite looks for it.
func write(t *testing.T, s Suite, capability, name, content string) string {
	t.Helper()
	dir := filepath.Join(s.Dir, "x", "testdata", capability)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name+".txtar")
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
