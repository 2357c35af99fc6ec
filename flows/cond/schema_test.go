package cond

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fromJSON(t *testing.T, doc string) *Type {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(doc), &m); err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return FromSchema(m)
}

func TestFromSchema(t *testing.T) {
	t.Parallel()
	text := &Type{Kind: String}
	optional := func(t *Type) Field { return Field{Type: t, Absent: notRequired, Rule: RuleOptionalRead} }
	for _, tt := range []struct {
		doc  string
		want *Type
	}{
		{`{}`, &Type{}},
		{`{"type": "string"}`, text},
		{`{"type": "integer"}`, &Type{Kind: Number}},
		{`{"type": "boolean", "writeOnly": true}`, &Type{Kind: Bool, Secret: true}},
		{`{"type": "string", "secret": true}`, &Type{Kind: String, Secret: true}},
		{`{"type": ["string", "null"]}`, &Type{Kind: String, Nullable: true}},
		{`{"type": "null"}`, &Type{Kind: Null, Nullable: true}},
		{`{"type": ["string", "integer"]}`, &Type{}},
		{`{"type": "what"}`, &Type{}},
		{`{"enum": ["A", "B"]}`, &Type{Kind: String, Enum: []any{"A", "B"}}},
		{`{"enum": ["A", null]}`, &Type{Kind: String, Nullable: true, Enum: []any{"A"}}},
		{`{"enum": ["A", 1]}`, &Type{}},
		{`{"enum": [[1]]}`, &Type{}},
		{`{"type": "integer", "enum": [1, 2]}`, &Type{Kind: Number, Enum: []any{1.0, 2.0}}},
		{`{"const": true}`, &Type{Kind: Bool, Enum: []any{true}}},
		{`{"type": "array", "items": {"type": "string"}}`, &Type{Kind: List, Items: text}},
		{`{"items": {"type": "string"}}`, &Type{Kind: List, Items: text}},
		{`{"type": "array"}`, &Type{Kind: List, Items: &Type{}}},
		{`{"type": "object"}`, &Type{Kind: Object, Fields: map[string]Field{}, Open: true}},
		{`{"type": "object", "additionalProperties": {"type": "string"}}`, &Type{Kind: Object, Fields: map[string]Field{}, Open: true, Items: text}},
		{`{"type": "object", "additionalProperties": false}`, &Type{Kind: Object, Fields: map[string]Field{}}},
		{`{"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"], "x-resource": "thing"}`,
			&Type{Kind: Object, Open: true, Resource: "thing", Fields: map[string]Field{"a": {Type: text}, "b": optional(text)}}},
		{`{"properties": {"a": {"type": "string", "secret": true, "x-device-session": true}}}`,
			&Type{Kind: Object, Open: true, Fields: map[string]Field{}}},
		{`{"$ref": "#/$defs/a~1b", "secret": true, "$defs": {"a/b": {"type": "string"}}}`, &Type{Kind: String, Secret: true}},
		{`{"$ref": "#/$defs/none"}`, &Type{}},
		{`{"$ref": "https://example.com/x"}`, &Type{}},
		{`{"anyOf": [{"type": "string"}, {"type": "null"}]}`, &Type{Kind: String, Nullable: true}},
		{`{"oneOf": [{"enum": ["a"]}, {"enum": ["b"]}]}`, &Type{Kind: String, Enum: []any{"a", "b"}}},
		{`{"anyOf": [{"type": "string", "secret": true}, {"type": "integer"}]}`, &Type{Secret: true}},
		{`{"anyOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}, {"properties": {}, "additionalProperties": false}]}`,
			&Type{Kind: Object, Fields: map[string]Field{"a": {Type: text, Absent: "only one of the two values has it", Rule: RuleOptionalRead}}}},
		{`{"type": "object", "properties": {"a": {"type": "string"}}, "anyOf": [{"required": ["a"]}]}`,
			&Type{Kind: Object, Open: true, Fields: map[string]Field{"a": optional(text)}}},
		{`{"allOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]}, {"properties": {"a": {"secret": true}, "b": {"type": "string"}}}]}`,
			&Type{Kind: Object, Open: true, Fields: map[string]Field{"a": {Type: &Type{Kind: String, Secret: true}}, "b": optional(text)}}},
	} {
		if d := cmp.Diff(tt.want, fromJSON(t, tt.doc)); d != "" {
			t.Errorf("FromSchema(%s) (-want +got):\n%s", tt.doc, d)
		}
	}
}

// A schema that refers to itself ends as Any.
func TestFromSchemaRecursive(t *testing.T) {
	t.Parallel()
	at := fromJSON(t, `{"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}}`)
	depth := 0
	for ; at.Kind == Object; depth++ {
		at = at.Fields["next"].Type
	}
	if at.Kind != Any || depth > maxSchemaDepth {
		t.Errorf("%d levels end with %v", depth, at.Kind)
	}
	if loop := fromJSON(t, `{"$ref": "#"}`); loop.Kind != Any {
		t.Errorf("a schema that is itself is %v", loop.Kind)
	}
}

func TestHasSecret(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]bool{
		`{"type": "object", "properties": {"a": {"type": "array", "items": {"secret": true}}}}`: true,
		`{"type": "object", "additionalProperties": {"secret": true}}`:                          true,
		`{"type": "object", "properties": {"a": {}}}`:                                           false,
	} {
		if got := fromJSON(t, doc).HasSecret(); got != want {
			t.Errorf("HasSecret of %s = %t", doc, got)
		}
	}
	if (*Type)(nil).HasSecret() {
		t.Error("nothing is secret")
	}
}
