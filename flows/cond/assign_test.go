package cond

import (
	"strings"
	"testing"
)

func TestAssignable(t *testing.T) {
	t.Parallel()
	const device = `{"type": "object", "additionalProperties": false, "required": ["id"], "properties": {"id": {"type": "string"}, "kind": {"enum": ["SMS", "EMAIL"]}}}`
	for _, tt := range []struct{ from, to, want string }{
		{`{}`, `{"type": "string"}`, ""},
		{`{"type": "string"}`, `{}`, ""},
		{`{"type": "string"}`, `{"type": "string"}`, ""},
		{`{"type": "integer"}`, `{"type": "number"}`, ""},
		{`{"type": "integer"}`, `{"type": "string"}`, "the value is a number, and a string is needed"},
		{`{"type": ["string", "null"]}`, `{"type": "string"}`, "the value may be missing or null, and a string is required"},
		{`{"type": "null"}`, `{"type": "string"}`, "missing or null"},
		{`{"type": "null"}`, `{"type": ["string", "null"]}`, ""},
		{`{"type": ["string", "null"]}`, `{"type": ["string", "null"]}`, ""},
		{`{"const": "SMS"}`, `{"enum": ["SMS", "EMAIL"]}`, ""},
		{`{"const": "FAX"}`, `{"enum": ["SMS", "EMAIL"]}`, `the value is "FAX", and only "SMS", "EMAIL" is accepted`},
		{`{"enum": ["SMS", "FAX"]}`, `{"enum": ["SMS", "EMAIL"]}`, ""},
		{`{"type": "string"}`, `{"enum": ["SMS", "EMAIL"]}`, ""},
		{`{"type": "array", "items": {"type": "string"}}`, `{"type": "array", "items": {"type": "string"}}`, ""},
		{`{"type": "array", "items": {"type": "integer"}}`, `{"type": "array", "items": {"type": "string"}}`, "its member [] is a number"},
		{`{"type": "array"}`, `{"type": "array", "items": {"type": "string"}}`, ""},
		{device, device, ""},
		{device, `{"type": "object"}`, ""},
		{`{"type": "object"}`, device, ""},
		{`{"type": "object", "additionalProperties": false, "required": ["kind"], "properties": {"kind": {"type": "string"}}}`, device, "its member id is required and not given"},
		{`{"type": "object", "properties": {"id": {"type": "string"}}}`, device, "its member id is required and may be missing: the schema does not require it"},
		{`{"type": "object", "required": ["id", "kin"], "properties": {"id": {"type": "string"}, "kin": {}}}`, device, "its member kin is not known here; did you mean kind?"},
		{`{"type": "object", "required": ["id", "kind"], "properties": {"id": {"type": "string"}, "kind": {"type": "integer"}}}`, device, "its member kind is a number"},
		{`{"type": "object", "required": ["id", "kind"], "properties": {"id": {"type": "string"}, "kind": {"type": ["string", "null"]}}}`, device, ""},
		{`{"type": "array", "items": ` + device + `}`, `{"type": "array", "items": {"required": ["x"], "properties": {"x": {}}, "type": "object"}}`, "its member [].x is required and not given"},
	} {
		got := Assignable(fromJSON(t, tt.from), fromJSON(t, tt.to))
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("Assignable(%s, %s) = %q, want %q", tt.from, tt.to, got, tt.want)
		}
	}
	if got := Assignable(nil, nil); got != "" {
		t.Errorf("Assignable(nil, nil) = %q", got)
	}
}

// The types of literals fit, the empty list everywhere.
func TestAssignableLiterals(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	for _, tt := range []struct{ src, to, want string }{
		{`[]`, `{"type": "array", "items": {"type": "string"}}`, ""},
		{`out.devices[0].tags ?? []`, `{"type": "array", "items": {"type": "string"}}`, ""},
		{`out.devices[0].tags ?? []`, `{"type": "array", "items": {"type": "integer"}}`, "its member [] is a string"},
		{`vars.b ? [] : ["x"]`, `{"type": "array", "items": {"type": "integer"}}`, "its member [] is a string"},
		{`[1]`, `{"type": "array", "items": {"type": "string"}}`, "its member [] is a number"},
		{`{id: inputs.policyId}`, `{"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}`, "id is required and may be missing"},
		{`inputs.policyId`, `{"type": "string"}`, "may be missing"},
		{`inputs.policyId ?? ""`, `{"type": "string"}`, ""},
		{`vars.b ? "SMS" : "FAX"`, `{"enum": ["EMAIL"]}`, `"SMS", "FAX"`},
	} {
		got := Assignable(mustCompile(t, tt.src, env, WantAny).Type(), fromJSON(t, tt.to))
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("Assignable(%s, %s) = %q, want %q", tt.src, tt.to, got, tt.want)
		}
	}
}

func TestClosest(t *testing.T) {
	t.Parallel()
	names := []string{"userId", "policyId", "sign_on", "len", "COMPLETED"}
	for name, want := range map[string]string{
		"userID": "userId", "user_id": "userId", "polcyId": "policyId", "sign-on": "sign_on", "lne": "len", "lenght": "", "COMPLETD": "COMPLETED", "x": "", "": "",
	} {
		if got := closest(name, names); got != want {
			t.Errorf("closest(%q) = %q, want %q", name, got, want)
		}
	}
}
