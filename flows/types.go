package flows

import (
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/cond"
)

// partType is the type of a schema; of none, any value.
func partType(p *connector.Part) *cond.Type {
	if p == nil {
		return &cond.Type{}
	}
	return cond.FromSchema(p.Doc)
}

func textType() *cond.Type { return &cond.Type{Kind: cond.String} }

func enumType(values []string) *cond.Type {
	t := textType()
	for _, v := range values {
		t.Enum = append(t.Enum, v)
	}
	return t
}

func always(t *cond.Type) cond.Field { return cond.Field{Type: t} }

func optional(t *cond.Type, why string) cond.Field {
	return cond.Field{Type: t, Absent: why, Rule: cond.RuleOptionalRead}
}

func objectType(fields map[string]cond.Field) *cond.Type {
	return &cond.Type{Kind: cond.Object, Fields: fields}
}

// withoutNull is t without nil among its values: members whose expression yields nil
// are left out, so nil is not given.
func withoutNull(t *cond.Type) *cond.Type {
	if t == nil || !t.Nullable {
		return t
	}
	c := *t
	c.Nullable = false
	return &c
}

// constType is the type of a constant of a flow.
func constType(v any) *cond.Type {
	switch v := v.(type) {
	case nil:
		return &cond.Type{Kind: cond.Null, Nullable: true}
	case bool:
		return &cond.Type{Kind: cond.Bool}
	case float64:
		return &cond.Type{Kind: cond.Number}
	case string:
		return &cond.Type{Kind: cond.String, Enum: []any{v}}
	case []any:
		t := &cond.Type{Kind: cond.List}
		for i, item := range v {
			if i == 0 {
				t.Items = loose(constType(item))
			} else {
				t.Items = either(t.Items, loose(constType(item)))
			}
		}
		return t
	case map[string]any:
		t := objectType(make(map[string]cond.Field, len(v)))
		for name, member := range v {
			t.Fields[name] = always(constType(member))
		}
		return t
	}
	return &cond.Type{}
}

// loose forgets the known values of a type: one value says nothing about others.
func loose(t *cond.Type) *cond.Type {
	c := *t
	c.Enum = nil
	return &c
}

// either is the type of a value that is an a or a b. Objects keep what both have.
func either(a, b *cond.Type) *cond.Type {
	switch {
	case a == nil || b == nil:
		return &cond.Type{Secret: a.HasSecret() || b.HasSecret(), Personal: a.HasPersonal() || b.HasPersonal()}
	case a.Kind == cond.Null:
		return nullable(b)
	case b.Kind == cond.Null:
		return nullable(a)
	case a.Kind != b.Kind:
		return &cond.Type{Nullable: a.Nullable || b.Nullable, Secret: a.HasSecret() || b.HasSecret(), Personal: a.HasPersonal() || b.HasPersonal()}
	}
	t := &cond.Type{Kind: a.Kind, Nullable: a.Nullable || b.Nullable, Secret: a.Secret || b.Secret, Personal: a.Personal || b.Personal, Open: a.Open || b.Open}
	if a.Resource == b.Resource {
		t.Resource = a.Resource
	}
	if len(a.Enum) > 0 && len(b.Enum) > 0 {
		t.Enum = append(append(t.Enum, a.Enum...), b.Enum...)
	}
	if a.Items != nil || b.Items != nil {
		t.Items = either(a.Items, b.Items)
	}
	if a.Kind == cond.Object {
		t.Fields = eitherFields(a, b)
	}
	return t
}

func nullable(t *cond.Type) *cond.Type {
	c := *t
	c.Nullable = true
	return &c
}

func eitherFields(a, b *cond.Type) map[string]cond.Field {
	fields := map[string]cond.Field{}
	for name, f := range a.Fields {
		g, both := b.Fields[name]
		if !both {
			fields[name] = orMissing(f, b)
			continue
		}
		m := cond.Field{Type: either(f.Type, g.Type), Absent: f.Absent, Rule: f.Rule}
		if m.Absent == "" {
			m.Absent, m.Rule = g.Absent, g.Rule
		}
		fields[name] = m
	}
	for name, g := range b.Fields {
		if _, both := a.Fields[name]; !both {
			fields[name] = orMissing(g, a)
		}
	}
	return fields
}

// orMissing is a member that one of two objects names; to the other it may be unnamed.
func orMissing(f cond.Field, other *cond.Type) cond.Field {
	if other.Items.HasSecret() || other.Items.HasPersonal() {
		f.Type = either(f.Type, other.Items)
	}
	if f.Absent == "" {
		f.Absent, f.Rule = "it is not given on every path", cond.RuleOptionalRead
	}
	return f
}
