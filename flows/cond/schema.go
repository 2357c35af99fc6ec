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
// `secret: true` or writeOnly, x-personal, x-resource, and x-device-session, whose property
// cannot be named. A property that is not required gets the rule "optional-read". What the schema leaves open is Any: several kinds at once,
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
	if target := referred(r.root, s["$ref"]); target != nil {
		c := *r.read(target, depth+1)
		t = &c
	} else {
		r.shape(s, t, depth)
	}
	if on(s["secret"]) || on(s["writeOnly"]) {
		t.Secret = true
	}
	if on(s["x-personal"]) {
		t.Personal = true
	}
	if name, ok := s["x-resource"].(string); ok {
		t.Resource = name
	}
	return t
}

func on(v any) bool { b, _ := v.(bool); return b }

// Resolve is the schema that s stands for in a document: s itself unless it refers to
// another; nil if what it refers to is not there.
func Resolve(root, s map[string]any) map[string]any {
	const most = 24 // references to references: more go in a circle
	for range most {
		if s == nil || s["$ref"] == nil {
			return s
		}
		s = referred(root, s["$ref"])
	}
	return nil
}

// referred follows a reference within the document ("#", "#/$defs/name"); nil if there
// is none to follow.
func referred(root map[string]any, ref any) map[string]any {
	s, ok := ref.(string)
	if !ok || !strings.HasPrefix(s, "#") {
		return nil
	}
	var at any = root
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
	if known, ok := s["x-enum"].([]any); ok {
		t.Listed = known
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
	} else {
		r.secretsOf(s, t, depth)
	}
	all, _ := s["allOf"].([]any)
	for _, part := range all {
		merge(t, r.read(part, depth+1))
	}
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
		if taken(p) {
			continue
		}
		doc, _ := p.(map[string]any)
		f := Field{Type: r.read(p, depth+1).Called(name, doc)}
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

// taken reports whether a property never stays where an expression could read it: a
// remember-me value goes to the client alone.
func taken(property any) bool {
	p, _ := property.(map[string]any)
	return on(p["x-device-session"])
}

// oneOf reads the alternatives of a schema that says nothing else.
func (r *schemaReader) oneOf(s map[string]any, t *Type, depth int) {
	for _, word := range []string{"anyOf", "oneOf"} {
		if u := r.alternatives(s, word, depth); u != nil {
			*t = *u
			return
		}
	}
}

func (r *schemaReader) alternatives(s map[string]any, word string, depth int) *Type {
	var u *Type
	list, _ := s[word].([]any)
	for i, alternative := range list {
		if t := r.read(alternative, depth+1); i == 0 {
			u = t
		} else {
			u = union(u, t)
		}
	}
	return u
}

// secretsOf keeps the secrets that stand in words of a schema which give the value no
// shape: a member that is secret in one alternative is secret.
func (r *schemaReader) secretsOf(s map[string]any, t *Type, depth int) {
	more := []*Type{r.alternatives(s, "anyOf", depth), r.alternatives(s, "oneOf", depth)}
	for _, word := range []string{"then", "else", "contains"} {
		if s[word] != nil {
			more = append(more, r.read(s[word], depth+1))
		}
	}
	for _, m := range more {
		if m == nil || !m.HasSecret() {
			continue
		}
		if t.Kind != Object || m.Kind != Object {
			t.Secret = true
			continue
		}
		for name, f := range m.Fields {
			if f.Type.HasSecret() {
				t.Fields[name] = Field{Type: taintedType(f.Type.taintInside()), Absent: notRequired, Rule: RuleOptionalRead}
			}
		}
	}
	r.secretPatterns(s, t, depth)
}

// secretPatterns takes a secret of patternProperties or prefixItems for what any member
// or item may be.
func (r *schemaReader) secretPatterns(s map[string]any, t *Type, depth int) {
	patterns, _ := s["patternProperties"].(map[string]any)
	prefix, _ := s["prefixItems"].([]any)
	for _, p := range patterns {
		prefix = append(prefix[:len(prefix):len(prefix)], p)
	}
	for _, p := range prefix {
		if r.read(p, depth+1).HasSecret() {
			t.Secret = true
		}
	}
}
