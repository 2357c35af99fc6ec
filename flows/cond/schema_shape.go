package cond

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

// merge adds to t what another schema says about the same value.
func merge(t, more *Type) {
	if t.Kind == Any {
		taint, resource := t.ownTaint(), t.Resource
		*t = *more.withTaint(taint)
		if resource != "" {
			t.Resource = resource
		}
		return
	}
	*t = *t.withTaint(more.ownTaint())
	if t.Kind == List && more.Kind == List {
		items := *known(t.Items)
		merge(&items, known(more.Items))
		t.Items = &items
	}
	if t.Kind != Object || more.Kind != Object {
		return
	}
	t.Open = t.Open && more.Open
	mergeItems(t, more)
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

// mergeItems adds what two schemas say of members that they do not name. What one of them
// names is unnamed to the other.
func mergeItems(t, more *Type) {
	named := t.Fields
	for name, f := range named {
		if _, both := more.Fields[name]; !both {
			f.Type = known(f.Type).withTaint(more.Items.taintInside())
			t.Fields[name] = f
		}
	}
	for name, f := range more.Fields {
		if _, both := named[name]; !both {
			f.Type = known(f.Type).withTaint(t.Items.taintInside())
			more.Fields[name] = f
		}
	}
	switch {
	case t.Items == nil:
		t.Items = more.Items
	case more.Items != nil:
		items := *t.Items
		merge(&items, more.Items)
		t.Items = &items
	}
}
