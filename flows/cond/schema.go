package cond

import (
	"maps"
	"strings"
)

// notRequired is why a property that its schema does not require may be missing.
const notRequired = "the schema does not require it"

// maxSchemaDepth ends a schema that refers to itself: what lies deeper is Any,
// with all marks that the document has.
const maxSchemaDepth = 24

// MaxParts bounds the parts of one schema, each reference counted with what it refers to:
// those of a schema whose parts refer twice to the next double with each level.
const MaxParts = 10_000

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

// follow reads what a reference leads to. One that leads into itself is followed a few
// times; what lies deeper is Any, with all marks that the document has.
func (r *schemaReader) follow(ref string, target map[string]any, depth int) *Type {
	const most = 3
	if r.within[ref] == most {
		return taintedType(r.allMarks())
	}
	if r.within == nil {
		r.within = map[string]int{}
	}
	r.within[ref]++
	defer func() { r.within[ref]-- }()
	return r.read(target, depth+1)
}

// CountParts counts the parts of a schema, each reference with what it refers to, up to
// MaxParts: those that FromSchema reads, and those that a validator looks at.
func CountParts(doc map[string]any) int {
	r := schemaReader{root: doc}
	r.read(doc, 0)
	all := 0
	r.unfold(doc, map[string]bool{}, &all)
	return max(r.parts, all)
}

// unfold counts parts at any depth. A reference to what it stands in ends.
func (r *schemaReader) unfold(v any, within map[string]bool, count *int) {
	if *count == MaxParts {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			r.unfold(item, within, count)
		}
	case map[string]any:
		*count++
		for word, part := range v {
			if word != "$defs" {
				r.unfold(part, within, count)
			}
		}
		if ref, _ := v["$ref"].(string); ref != "" && !within[ref] {
			within[ref] = true
			r.unfold(followRef(r.root, ref), within, count)
			delete(within, ref)
		}
	}
}

type schemaReader struct {
	root   map[string]any
	parts  int            // read so far
	within map[string]int // references being followed, how many times each
	marks  *taint         // of the whole document, once asked for
}

func (r *schemaReader) read(v any, depth int) *Type {
	s, ok := v.(map[string]any)
	switch {
	case !ok:
		return &Type{}
	case depth > maxSchemaDepth, r.parts == MaxParts:
		return taintedType(r.allMarks())
	}
	r.parts++
	t := &Type{}
	r.shape(s, t, depth)
	if target := followRef(r.root, s["$ref"]); target != nil {
		merge(t, r.follow(s["$ref"].(string), target, depth))
	}
	*t = *t.withTaint(marksOf(s))
	if name, ok := s["x-resource"].(string); ok {
		t.Resource = name
	}
	return t
}

func on(v any) bool { b, _ := v.(bool); return b }

// Resolve is the schema that s stands for in a document: s itself unless it refers to
// another; nil if what it refers to is not there. What s says beside a reference holds as
// well, so the reference then becomes one of its allOf.
func Resolve(root, s map[string]any) map[string]any {
	const most = 24 // references to references: more go in a circle
	for range most {
		switch {
		case s == nil || s["$ref"] == nil:
			return s
		case followRef(root, s["$ref"]) == nil:
			return nil
		case len(s) > 1:
			return withReference(s)
		}
		s = followRef(root, s["$ref"])
	}
	return nil
}

// withReference is s with its reference among allOf.
func withReference(s map[string]any) map[string]any {
	all, _ := s["allOf"].([]any)
	out := maps.Clone(s)
	delete(out, "$ref")
	out["allOf"] = append(all[:len(all):len(all)], map[string]any{"$ref": s["$ref"]})
	return out
}

// followRef follows a reference within the document ("#", "#/$defs/name"); nil if there
// is none to follow.
func followRef(root map[string]any, ref any) map[string]any {
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
	word := ""
	if t.Kind == Any && !typed {
		word = r.oneOf(s, t, depth)
	}
	r.marksElsewhere(s, t, word, depth)
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
		f := Field{Type: r.read(p, depth+1).MarkByName(name, doc)}
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

// oneOf reads the alternatives of a schema that says nothing else, and reports in which
// word they stand.
func (r *schemaReader) oneOf(s map[string]any, t *Type, depth int) string {
	for _, word := range []string{"anyOf", "oneOf"} {
		if u := r.alternatives(s, word, depth); u != nil {
			*t = *u
			return word
		}
	}
	return ""
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
