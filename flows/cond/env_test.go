package cond

import (
	"encoding/json"
	"testing"
	"time"
)

// testSchema is the environment that the tests of this package compile against.
const testSchema = `{
  "$defs": {
    "device": {"type": "object", "x-resource": "device", "required": ["id", "type", "status", "count", "phone"], "properties": {
      "id": {"type": "string"},
      "type": {"enum": ["EMAIL", "SMS", "TOTP"]},
      "status": {"type": "string", "enum": ["ACTIVE", "ACTIVATION_REQUIRED"]},
      "count": {"type": "integer"},
      "nickname": {"type": "string"},
      "phone": {"type": ["string", "null"]},
      "secret": {"type": "string", "secret": true},
      "tags": {"type": "array", "items": {"type": "string"}},
      "lock": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}, "reason": {"type": "string"}}}
    }}
  },
  "type": "object", "additionalProperties": false,
  "required": ["inputs", "vars", "nodes", "out", "client"],
  "properties": {
    "inputs": {"type": "object", "additionalProperties": false, "required": ["userId", "max"], "properties": {
      "userId": {"type": "string"}, "policyId": {"type": "string"}, "max": {"type": "integer"}, "flag": {"type": "boolean"}}},
    "vars": {"type": "object", "required": ["auth", "n", "b"], "additionalProperties": false, "properties": {
      "n": {"type": "number"}, "b": {"type": "boolean"},
      "auth": {"type": "object", "required": ["id", "status"], "properties": {
        "id": {"type": "string"},
        "status": {"enum": ["COMPLETED", "FAILED", "OTP_REQUIRED"]},
        "selectedDevice": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
        "error": {"type": "object", "properties": {"code": {"type": "string"}, "details": {"type": "array", "items": {"$ref": "#/$defs/device"}}}},
        "_embedded": {"type": "object", "properties": {"devices": {"type": "array", "items": {"$ref": "#/$defs/device"}}}}
      }}}},
    "nodes": {"type": "object", "additionalProperties": false, "required": ["sign_on"], "properties": {
      "sign_on": {"type": "object", "required": ["form"], "properties": {"form": {"type": "object", "required": ["username", "password"], "additionalProperties": false,
        "properties": {"username": {"type": "string"}, "password": {"type": "string", "secret": true}}}}},
      "check": {"type": "object", "required": ["user"], "properties": {"user": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}}}
    }},
    "out": {"type": "object", "required": ["devices", "headers", "labels", "anything"], "properties": {
      "devices": {"type": "array", "items": {"$ref": "#/$defs/device"}},
      "groups": {"type": "array", "items": {"type": "object", "required": ["members"], "properties": {"members": {"type": "array", "items": {"$ref": "#/$defs/device"}}}}},
      "headers": {"type": "object"}, "labels": {"type": "object", "additionalProperties": {"type": "string"}}, "anything": {}
    }},
    "error": {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}},
    "client": {"type": "object", "required": ["webauthn"], "properties": {"webauthn": {"enum": ["FULL", "SECURITY_KEY_ONLY", "NONE"]}}}
  }
}`

// testEnv is the type of testSchema, with one node that some path does not pass.
func testEnv(t testing.TB) *Type {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(testSchema), &doc); err != nil {
		t.Fatal(err)
	}
	env := FromSchema(doc)
	nodes := env.Fields["nodes"].Type
	check := nodes.Fields["check"]
	check.Rule, check.Absent = RuleMaybeUnset, "start → sign_on → cancel"
	nodes.Fields["check"] = check
	return env
}

const testData = `{
  "inputs": {"userId": "u1", "max": 3},
  "vars": {"n": 2.5, "b": true, "auth": {"id": "a1", "status": "OTP_REQUIRED", "selectedDevice": {"id": "d2"},
    "_embedded": {"devices": [{"id": "d1", "type": "SMS", "status": "ACTIVE", "count": 0, "phone": null}, {"id": "d2", "type": "EMAIL", "status": "ACTIVE", "count": 2, "phone": null}]}}},
  "nodes": {"sign_on": {"form": {"username": "Ben", "password": "s3cret"}}},
  "out": {"devices": [
      {"id": "d1", "type": "SMS", "status": "ACTIVE", "count": 0, "tags": ["home", "old"], "phone": null},
      {"id": "d2", "type": "EMAIL", "status": "ACTIVATION_REQUIRED", "count": 2, "phone": "+431", "nickname": "Work", "lock": {"status": "LOCKED"}}],
    "groups": [{"members": [{"id": "d1", "type": "SMS", "status": "ACTIVE", "count": 0, "phone": null}]}, {"members": []}],
    "headers": {"etag": "x1", "n": 7}, "labels": {"a": "A"}, "anything": {"deep": [1, "two", {"three": 3}]}},
  "client": {"webauthn": "FULL"}
}`

func testValues(t testing.TB) map[string]any {
	t.Helper()
	var env map[string]any
	if err := json.Unmarshal([]byte(testData), &env); err != nil {
		t.Fatal(err)
	}
	return env
}

var testNow = time.Date(2026, 11, 22, 8, 30, 0, 123_456_789, time.FixedZone("CET", 3600))

func testBudget() *Budget { return NewBudget(DefaultLimits, testNow) }

// mustCompile fails the test on any issue but a warning.
func mustCompile(t testing.TB, src string, env *Type, want Want) *Program {
	t.Helper()
	p, found := Compile(src, env, want)
	if p == nil {
		t.Fatalf("Compile(%s) = %+v", src, found)
	}
	return p
}
