package cond

import (
	"slices"
)

// noItems is the type of the items of [], which has none: it gives way to any other.
var noItems = &Type{Kind: Null}

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
		m := a.taintInside() | b.taintInside()
		return &Type{Nullable: a.Nullable || b.Nullable, Secret: m&secretTaint != 0, Personal: m&personalTaint != 0}
	}
	u := &Type{
		Kind: a.Kind, Nullable: a.Nullable || b.Nullable, Secret: a.Secret || b.Secret, Personal: a.Personal || b.Personal,
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
		t = taintedType(t.taintInside() | other.Items.taintInside())
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
