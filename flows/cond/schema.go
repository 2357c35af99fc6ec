package cond

import (
	"strings"
)

// notRequired is why a property that its schema does not require may be missing.
const notRequired = "the schema does not require it"

// maxSchemaDepth ends a schema that refers to itself: what lies deeper is Any.
const maxSchemaDepth = 24

// FromSchema makes the type of a JSON Schema 2020-12, decoded, as capabilities and
// forms use it.
//
// Read are: type (a name or a list with "null"), properties, required, items, enum,
// const, additionalProperties, allOf, anyOf, oneOf, $ref within the document,
// `secret: true` or writeOnly, and x-resource. A property that is not required gets
// the rule "optional-read". What the schema leaves open is Any: several kinds at once,
// a schema that refers to itself, no type at all.
//
// An object with properties lets others through unless additionalProperties is false,
// but they cannot be named: reading one is a problem. An object without properties may
// be read freely; its members are of additionalProperties' schema, or Any.
func FromSchema(doc map[string]any) *Type {
	r := schemaReader{root: doc}
	return r.read(doc, 0)
}

type schemaReader struct{ root map[string]any }

func (r *schemaReader) read(v any, depth int) *Type {
	s, ok := v.(map[string]any)
	if !ok || depth > maxSchemaDepth {
		return &Type{}
	}
	t := &Type{}
	if target := r.resolve(s["$ref"]); target != nil {
		c := *r.read(target, depth+1)
		t = &c
	} else {
		r.shape(s, t, depth)
	}
	if on(s["secret"]) || on(s["writeOnly"]) {
		t.Secret = true
	}
	if name, ok := s["x-resource"].(string); ok {
		t.Resource = name
	}
	return t
}

func on(v any) bool { b, _ := v.(bool); return b }

// resolve follows a reference within the document ("#", "#/$defs/name"); nil if there
// is none to follow.
func (r *schemaReader) resolve(ref any) map[string]any {
	s, ok := ref.(string)
	if !ok || !strings.HasPrefix(s, "#") {
		return nil
	}
	var at any = r.root
	for _, part := range strings.Split(s, "/")[1:] {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		m, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = m[part]
	}
	m, _ := at.(map[string]any)
	return m
}

// shape fills in t from everything but $ref and annotations.
func (r *schemaReader) shape(s map[string]any, t *Type, depth int) {
	typed := kindOf(s, t)
	if c, ok := s["const"]; ok {
		s = withEnum(s, c)
	}
	if values, ok := s["enum"].([]any); ok {
		enumShape(values, t, typed)
	}
	r.members(s, t, depth)
	if t.Kind == List {
		t.Items = r.read(s["items"], depth+1)
	}
	if t.Kind == Any && !typed {
		r.oneOf(s, t, depth)
	}
	all, _ := s["allOf"].([]any)
	for _, part := range all {
		merge(t, r.read(part, depth+1))
	}
}

// kindOf reads `type`, or guesses it from the keywords of one kind, and reports
// whether the schema says anything about it.
func kindOf(s map[string]any, t *Type) bool {
	switch name := s["type"].(type) {
	case string:
		t.Kind = kindNamed(name)
		t.Nullable = t.Kind == Null
		return true
	case []any:
		for i, n := range withoutNull(name, t) {
			k := kindNamed(n)
			if i > 0 && k != t.Kind {
				t.Kind = Any
				return true
			}
			t.Kind = k
		}
		return true
	}
	if _, ok := s["properties"].(map[string]any); ok {
		t.Kind = Object
		return true
	}
	if _, ok := s["items"].(map[string]any); ok {
		t.Kind = List
		return true
	}
	return false
}

func withoutNull(names []any, t *Type) []string {
	var out []string
	for _, n := range names {
		switch n {
		case "null":
			t.Nullable = true
		default:
			s, _ := n.(string)
			out = append(out, s)
		}
	}
	return out
}

func kindNamed(name string) Kind {
	switch name {
	case "null":
		return Null
	case "boolean":
		return Bool
	case "number", "integer":
		return Number
	case "string":
		return String
	case "array":
		return List
	case "object":
		return Object
	}
	return Any
}

func withEnum(s map[string]any, c any) map[string]any {
	out := make(map[string]any, len(s)+1)
	for k, v := range s {
		out[k] = v
	}
	out["enum"] = []any{c}
	return out
}

// enumShape keeps the listed values if they are scalars of one kind, which is then
// the kind of a schema that states none.
func enumShape(values []any, t *Type, typed bool) {
	kind, kept := t.Kind, []any{}
	for _, v := range values {
		k := kindOfValue(v)
		switch {
		case k == Null:
			t.Nullable = true
			continue
		case k == List || k == Object:
			return
		case len(kept) == 0 && !typed:
			kind = k
		case k != kind:
			return
		}
		kept = append(kept, v)
	}
	t.Kind, t.Enum = kind, kept
}

func kindOfValue(v any) Kind {
	switch v.(type) {
	case nil:
		return Null
	case bool:
		return Bool
	case string:
		return String
	case []any:
		return List
	case map[string]any:
		return Object
	}
	if _, ok := toFloat(v); ok {
		return Number
	}
	return Any
}

// members reads properties, required and additionalProperties.
func (r *schemaReader) members(s map[string]any, t *Type, depth int) {
	if t.Kind != Object {
		return
	}
	required := map[string]bool{}
	list, _ := s["required"].([]any)
	for _, v := range list {
		if name, ok := v.(string); ok {
			required[name] = true
		}
	}
	properties, _ := s["properties"].(map[string]any)
	t.Fields = make(map[string]Field, len(properties))
	for name, p := range properties {
		f := Field{Type: r.read(p, depth+1)}
		if !required[name] {
			f.Absent, f.Rule = notRequired, RuleOptionalRead
		}
		t.Fields[name] = f
	}
	switch more := s["additionalProperties"].(type) {
	case bool:
		t.Open = more
	case map[string]any:
		t.Open, t.Items = true, r.read(more, depth+1)
	default:
		t.Open = true
	}
}

// oneOf reads the alternatives of a schema that says nothing else.
func (r *schemaReader) oneOf(s map[string]any, t *Type, depth int) {
	for _, word := range []string{"anyOf", "oneOf"} {
		list, _ := s[word].([]any)
		if len(list) == 0 {
			continue
		}
		u := r.read(list[0], depth+1)
		for _, alternative := range list[1:] {
			u = union(u, r.read(alternative, depth+1))
		}
		*t = *u
		return
	}
}

// merge adds to t what another schema says about the same value.
func merge(t, more *Type) {
	if t.Kind == Any {
		secret, resource := t.Secret, t.Resource
		*t = *more
		t.Secret = t.Secret || secret
		if resource != "" {
			t.Resource = resource
		}
		return
	}
	t.Secret = t.Secret || more.Secret
	if t.Kind != Object || more.Kind != Object {
		return
	}
	t.Open = t.Open && more.Open
	for name, f := range more.Fields {
		if old, ok := t.Fields[name]; ok {
			merged := *known(old.Type)
			merge(&merged, known(f.Type))
			if old.Absent == "" {
				f.Absent, f.Rule = "", ""
			}
			f.Type = &merged
		}
		t.Fields[name] = f
	}
}
