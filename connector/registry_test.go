package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const goodSchema = `{"title": "T", "x-effect": %q, "x-authenticates": %v, "properties": {
	"input":  {"type": "object", "required": ["name"], "additionalProperties": false,
	           "properties": {"name": {"type": "string", "maxLength": 5}, "mail": {"type": "string", "format": "email"}}},
	"output": {"type": "object", "required": ["thing"], "properties": {"thing": {"type": "object", "x-resource": "thing"}}}}}`

func capability(id string, run func(context.Context, Call) Outcome) Capability {
	return Capability{ID: id, Schema: fmt.Appendf(nil, goodSchema, Read, false), Run: run}
}

func ok(context.Context, Call) Outcome {
	return Complete{Output: map[string]any{"thing": map[string]any{}}}
}

func TestNewRegistryRefuses(t *testing.T) {
	t.Parallel()
	good := capability("a/b", ok)
	for name, tc := range map[string]struct {
		caps []Capability
		says []string
	}{
		"duplicate id": {[]Capability{good, good}, []string{`"a/b"`}},
		"alias taken":  {[]Capability{good, {ID: "a/c", Alias: "a/b", Schema: good.Schema, Run: ok}}, []string{`"a/b"`, `"a/c"`}},
		"id":           {[]Capability{capability("A b", ok)}, []string{"kebab-case"}},
		"no run":       {[]Capability{capability("a/b", nil)}, []string{"Run is nil"}},
		"effect":       {[]Capability{{ID: "a/b", Run: ok, Schema: fmt.Appendf(nil, goodSchema, "sometimes", false)}}, []string{"x-effect", "sometimes"}},
		"probe":        {[]Capability{{ID: "a/b", Run: ok, Schema: fmt.Appendf(nil, goodSchema, Probe, false)}}, []string{"Recover"}},
		"not JSON":     {[]Capability{{ID: "a/b", Run: ok, Schema: []byte("{")}}, []string{"schema document"}},
		"no output":    {[]Capability{{ID: "a/b", Run: ok, Schema: []byte(`{"x-effect":"read","properties":{"input":{}}}`)}}, []string{"output"}},
		"open session": {[]Capability{{ID: "a/b", Run: ok, Schema: []byte(`{"x-effect":"read","properties":{"input":{},"output":{"properties":{
			"s":{"type":"string","x-device-session":true}}}}}`)}}, []string{"s is marked x-device-session", "not secret"}},
		"unknown keyword": {[]Capability{{ID: "a/b", Run: ok, Schema: []byte(`{"x-effect":"read","properties":{"input":{"type":"objekt"},"output":{}}}`)}}, []string{"input"}},
	} {
		_, err := NewRegistry(tc.caps...)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, s := range tc.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q does not say %q", name, err, s)
			}
		}
	}
}

func TestRunValidates(t *testing.T) {
	t.Parallel()
	const secret = "not-an-address-8c1f"
	runs := 0
	run := func(out Outcome) func(context.Context, Call) Outcome {
		return func(context.Context, Call) Outcome { runs++; return out }
	}
	complete := Complete{Output: map[string]any{"thing": map[string]any{}}}
	for name, tc := range map[string]struct {
		run   func(context.Context, Call) Outcome
		input map[string]any
		code  string
		runs  int
	}{
		"good":           {run(complete), map[string]any{"name": "x"}, "", 1},
		"input refused":  {run(complete), map[string]any{"name": "toolong"}, CodeInputInvalid, 0},
		"input unknown":  {run(complete), map[string]any{"name": "x", "more": 1.0}, CodeInputInvalid, 0},
		"input secret":   {run(complete), map[string]any{"name": "x", "mail": secret}, CodeInputInvalid, 0},
		"output refused": {run(Complete{Output: map[string]any{}}), map[string]any{"name": "x"}, CodeOutputInvalid, 1},
		"proof refused":  {run(Complete{Output: complete.Output, Proof: &Proof{}}), map[string]any{"name": "x"}, CodeInternal, 1},
		"no outcome":     {run(nil), map[string]any{"name": "x"}, CodeInternal, 1},
		"panic":          {func(context.Context, Call) Outcome { panic("boom") }, map[string]any{"name": "x"}, CodeInternal, 0},
		"failure passes": {run(Fail{Code: "BAD"}), map[string]any{"name": "x"}, "BAD", 1},
	} {
		r, err := NewRegistry(capability("a/b", tc.run))
		if err != nil {
			t.Fatal(err)
		}
		e, found := r.Lookup("a/b")
		if !found {
			t.Fatal("not found")
		}
		runs = 0
		out := e.Run(t.Context(), Call{Input: tc.input})
		f, _ := out.(Fail)
		if f.Code != tc.code || runs != tc.runs {
			t.Errorf("%s: %#v after %d runs, want code %q after %d", name, out, runs, tc.code, tc.runs)
		}
		if strings.Contains(fmt.Sprint(f), secret) {
			t.Errorf("%s: the failure repeats the value: %v", name, f)
		}
	}
}

// TestViolationsHideTheValue: no text repeats what was given.
func TestViolationsHideTheValue(t *testing.T) {
	t.Parallel()
	for schema, value := range map[string]any{
		`{"maximum": 9999}`:          123456.0,
		`{"minimum": 9999999}`:       123456.0,
		`{"exclusiveMaximum": 9999}`: 123456.0,
		`{"multipleOf": 7}`:          123456.0,
		`{"const": "x"}`:             "123456",
		`{"enum": ["x"]}`:            "123456",
		`{"pattern": "^x$"}`:         "123456",
		`{"maxLength": 2}`:           "123456",
		`{"type": "boolean"}`:        "123456",
		`{"format": "email"}`:        "123456",
		`{"uniqueItems": true}`:      []any{"123456", "123456"},
	} {
		p, err := CompilePart([]byte(schema))
		if err != nil {
			t.Fatal(err)
		}
		bad := p.Validate(value)
		if len(bad) == 0 || bad[0].Text == "" || strings.Contains(fmt.Sprint(bad), "123456") {
			t.Errorf("%s: %v", schema, bad)
		}
	}
}

func TestResourceAndCancels(t *testing.T) {
	t.Parallel()
	s, err := ParseSchema([]byte(strings.Replace(fmt.Sprintf(goodSchema, Once, true), `"title": "T"`,
		`"title": "T", "x-cancels": {"resource": "thing", "input": "name", "final": ["DONE"]}`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	name, member := s.Resource()
	if name != "thing" || member != "thing" || !s.Authenticates || s.Effect != Once {
		t.Errorf("schema reads %q %q %+v", name, member, s)
	}
	if diff := cmp.Diff(&Cancels{Resource: "thing", Input: "name", Final: []string{"DONE"}}, s.Cancels); diff != "" {
		t.Errorf("cancels (-want +got):\n%s", diff)
	}
}

// TestA66ReferencesStayInside: no $ref opens a file or an address, and no error repeats
// what a file holds.
func TestA66ReferencesStayInside(t *testing.T) {
	t.Parallel()
	const canary = "canary-4b7e"
	file := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(file, []byte(`{"const": "`+canary+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"file://" + file, file, "../../../.." + file, "http://127.0.0.1:1/x", "https://example.com/schema", "mem://other.json", "#/nowhere"} {
		doc, err := json.Marshal(map[string]any{"type": "object", "properties": map[string]any{"a": map[string]any{"$ref": ref}}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := CompilePart(doc)
		if err == nil {
			t.Errorf("%s: compiled, and says %v", ref, p.Validate(map[string]any{"a": "x"}))
			continue
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error repeats the file", ref)
		}
	}
	if _, err := CompilePart([]byte(`{"$defs": {"a": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/a"}}}`)); err != nil {
		t.Errorf("a reference inside the document: %v", err)
	}
}

// TestA67SchemaBombs: what makes a validator explode is refused by the counters for
// size, depth and branches, before it is compiled.
func TestA67SchemaBombs(t *testing.T) {
	t.Parallel()
	nested := `{"type": "string"}`
	for range 30 {
		nested = `{"anyOf": [` + nested + `, {"type": "number"}]}`
	}
	wide := `{"anyOf": [` + strings.TrimSuffix(strings.Repeat(`{"minLength": 1},`, 100), ",") + `]}`
	for says, doc := range map[string]string{
		"deeper":   nested,
		"branches": wide,
		"bytes":    `{"description": "` + strings.Repeat("x", maxSchemaBytes) + `"}`,
	} {
		if _, err := CompilePart([]byte(doc)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want a refusal that says %q, got %v", says, err)
		}
	}
}

// TestA67NumberBombs: numbers reach a schema as float64, so no exponent is ever
// expanded; one that does not fit is refused where JSON is read.
func TestA67NumberBombs(t *testing.T) {
	t.Parallel()
	p, err := CompilePart([]byte(`{"type": "array", "items": {"type": "integer", "minimum": 0}}`))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal([]byte(`[`+strings.TrimSuffix(strings.Repeat("1e1000000,", 200), ",")+`]`), &v); err == nil {
		t.Error("1e1000000 was read as a number")
	}
	list := make([]any, 200)
	for i := range list {
		list[i] = 1e308
	}
	if bad := p.Validate(list); bad != nil {
		t.Errorf("1e308 is an integer: %v", bad)
	}
}

func TestRewire(t *testing.T) {
	t.Parallel()
	say := func(text string) func(context.Context, Call) Outcome {
		return func(context.Context, Call) Outcome {
			return Complete{Output: map[string]any{"text": text}}
		}
	}
	schema := []byte(`{"title": "Say", "x-effect": "read", "properties": {"input": {"type": "object"},
		"output": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}}}`)
	r, err := NewRegistry(Capability{ID: "demo/say", Schema: schema, Run: say("one")})
	if err != nil {
		t.Fatal(err)
	}
	next, err := r.Rewire(Capability{ID: "demo/say", Schema: bytes.Clone(schema), Run: say("two")})
	if err != nil {
		t.Fatal(err)
	}
	before, _ := r.Lookup("demo/say")
	after, _ := next.Lookup("demo/say")
	if after.Spec != before.Spec {
		t.Error("the same schema was compiled again")
	}
	for e, want := range map[*Entry]string{before: "one", after: "two"} {
		out, ok := e.Run(t.Context(), Call{Input: map[string]any{}}).(Complete)
		if !ok || out.Output["text"] != want {
			t.Errorf("got %v, want %s", out, want)
		}
	}
	other := bytes.Replace(schema, []byte(`"string"`), []byte(`"number"`), 1)
	changed, err := r.Rewire(Capability{ID: "demo/say", Schema: other, Run: say("three")})
	if err != nil {
		t.Fatal(err)
	}
	if e, _ := changed.Lookup("demo/say"); e.Spec == before.Spec {
		t.Error("another schema was not compiled")
	}
	if _, err := r.Rewire(Capability{ID: "demo/say", Schema: []byte("{}"), Run: say("four")}); err == nil {
		t.Error("a broken schema was taken")
	}
}
