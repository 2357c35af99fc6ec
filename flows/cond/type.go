package cond

import (
	"slices"
	"strings"
)

// Kind is the shape of a value.
type Kind uint8

// The kinds. All numbers are one kind: JSON knows no other.
const (
	Any Kind = iota
	Null
	Bool
	Number
	String
	List
	Object
)

// String names the kind as problems do: "a list", "a string".
func (k Kind) String() string {
	switch k {
	case Null:
		return "nil"
	case Bool:
		return "a boolean"
	case Number:
		return "a number"
	case String:
		return "a string"
	case List:
		return "a list"
	case Object:
		return "an object"
	default:
		return "any value"
	}
}

// Type says what is known at load about a value. Types are immutable once made and may
// be shared. A nil *Type is Any.
type Type struct {
	Kind     Kind
	Nullable bool             // null is one of its values
	Fields   map[string]Field // Object: the members that may be named
	Items    *Type            // List: each item; Object without Fields: each member
	Enum     []any            // the known values, if the schema lists them
	Secret   bool             // `secret: true` in a schema; taints what is derived
	Resource string           // `x-resource`: the name of the resource schema this is

	// Open is set on an Object whose schema lets other members through. They cannot
	// be named in an expression, except where Fields is empty: then any can.
	Open bool
}

// Field is a member of an object.
type Field struct {
	Type *Type

	// Absent says why the member may be missing; "" means it is always there. Reading
	// through a member that may be missing needs `?.`, `??` or has().
	Absent string

	// Rule is the rule code of the problem for an unguarded read: "optional-read" for
	// a property no schema requires, "maybe-unset" for a node or variable that some
	// path from the start does not pass. Absent then shows that path.
	Rule string
}

// HasSecret reports whether t is secret or has a secret somewhere inside.
func (t *Type) HasSecret() bool {
	if t == nil {
		return false
	}
	if t.Secret || t.Items.HasSecret() {
		return true
	}
	for _, f := range t.Fields {
		if f.Type.HasSecret() {
			return true
		}
	}
	return false
}

// noItems is the type of the items of [], which has none: it gives way to any other.
var noItems = &Type{Kind: Null}

// names lists the members that may be named, sorted.
func (t *Type) names() []string {
	out := make([]string, 0, len(t.Fields))
	for name := range t.Fields {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// free says that members of the object t may be named although no schema lists them.
func (t *Type) free() bool { return t.Open && len(t.Fields) == 0 }

// known replaces a nil Type by Any.
func known(t *Type) *Type {
	if t == nil {
		return &Type{}
	}
	return t
}

// present is t without null among its values.
func present(t *Type) *Type {
	if t == nil {
		return &Type{}
	}
	if !t.Nullable {
		return t
	}
	c := *t
	c.Nullable = false
	return &c
}

// union is the type of a value that is either an a or a b.
func union(a, b *Type) *Type {
	a, b = known(a), known(b)
	switch {
	case a == b:
		return a
	case a.Kind == Null:
		return nullable(b)
	case b.Kind == Null:
		return nullable(a)
	case a.Kind != b.Kind:
		return &Type{Nullable: a.Nullable || b.Nullable, Secret: a.HasSecret() || b.HasSecret()}
	}
	u := &Type{
		Kind: a.Kind, Nullable: a.Nullable || b.Nullable, Secret: a.Secret || b.Secret,
		Enum: unionEnum(a.Enum, b.Enum), Open: a.Open || b.Open,
	}
	if a.Resource == b.Resource {
		u.Resource = a.Resource
	}
	switch {
	case a.Items == noItems:
		u.Items = b.Items
	case b.Items == noItems:
		u.Items = a.Items
	case a.Items != nil || b.Items != nil:
		u.Items = union(a.Items, b.Items)
	}
	if a.Kind == Object {
		u.Fields = unionFields(a, b)
	}
	return u
}

func nullable(t *Type) *Type {
	c := *t
	c.Nullable = true
	return &c
}

func unionEnum(a, b []any) []any {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	out := slices.Clone(a)
	for _, v := range b {
		if !inEnum(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// unionFields keeps every member of either object; one that only one of them has may
// be missing, unless the other lets unnamed members through, whose type is unknown.
func unionFields(a, b *Type) map[string]Field {
	out := make(map[string]Field, len(a.Fields))
	for name, f := range a.Fields {
		if g, ok := b.Fields[name]; ok {
			f = Field{Type: union(f.Type, g.Type), Absent: f.Absent, Rule: f.Rule}
			if f.Absent == "" {
				f.Absent, f.Rule = g.Absent, g.Rule
			}
			out[name] = f
			continue
		}
		out[name] = onlyOnce(f, b)
	}
	for name, g := range b.Fields {
		if _, ok := a.Fields[name]; !ok {
			out[name] = onlyOnce(g, a)
		}
	}
	return out
}

func onlyOnce(f Field, other *Type) Field {
	t := f.Type
	if other.Open {
		t = &Type{Secret: t.HasSecret()}
	}
	if f.Absent == "" {
		f.Absent, f.Rule = "only one of the two values has it", RuleOptionalRead
	}
	return Field{Type: t, Absent: f.Absent, Rule: f.Rule}
}

// inEnum reports whether v is one of the values, numbers compared as numbers.
func inEnum(values []any, v any) bool {
	for _, w := range values {
		if scalarEqual(v, w) {
			return true
		}
	}
	return false
}

func scalarEqual(a, b any) bool {
	if x, ok := toFloat(a); ok {
		y, ok := toFloat(b)
		return ok && x == y
	}
	switch a.(type) {
	case nil, bool, string:
		return a == b
	}
	return false
}

// describe is the kind with what else is known, for problems.
func describe(t *Type) string {
	if t.Kind == List && t.Items != nil && t.Items.Kind != Any && t.Items.Kind != Null {
		return "a list of " + plural(t.Items.Kind)
	}
	return t.Kind.String()
}

func plural(k Kind) string {
	name := strings.TrimPrefix(strings.TrimPrefix(k.String(), "a "), "an ")
	return name + "s"
}
