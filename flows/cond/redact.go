package cond

import (
	"regexp"
	"strconv"
)

// WithoutSecrets is v, a value of type from, less the secrets in it that to, the type of
// the place it goes to, does not take; a nil to takes none. It reports false if nothing
// is left. Of what no schema declares, members that are called as secrets are go too.
// v is not changed.
func WithoutSecrets(v any, from, to *Type) (any, bool) {
	return redactor{}.value(v, from, to)
}

// Hide is v, a value of type t, without secrets and with hash of each name and address of
// a person in it, for records that outlive the execution. Addresses are found in texts
// that no schema marks, too. v is not changed.
func Hide(v any, t *Type, hash func(string) string) any {
	out, _ := redactor{hash}.value(v, t, nil)
	return out
}

// HideText is text with hash of each address of a person in it.
func HideText(text string, hash func(string) string) string {
	return addresses.ReplaceAllStringFunc(text, hash)
}

// addresses are e-mail addresses, and telephone numbers of seven digits and more that are
// written with their country or are the whole text.
var addresses = regexp.MustCompile(`[^\s@<>"',;:()]+@[^\s@<>"',;:()]+|\+[0-9][0-9 ()-]{5,}[0-9]|^[0-9(][0-9 ()-]{5,}[0-9]$`)

// redactor walks a value beside its type.
type redactor struct {
	hash func(string) string // nil: personal values stay
}

func (r redactor) value(v any, from, to *Type) (any, bool) {
	from = known(from)
	switch {
	case to != nil && to.Secret:
		return v, true
	case from.Secret:
		return nil, false
	}
	if m, ok := members(v); ok {
		return r.object(m, from, to), true
	}
	if list, ok := items(v); ok {
		return r.list(list, from, to), true
	}
	return r.scalar(v, from), true
}

func (r redactor) object(m map[string]any, from, to *Type) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		t, declared := memberType(from, name)
		place := to.Member(name)
		if !declared {
			t = taintedType(taintOfName(name, v))
		}
		if from.Personal {
			t = t.withTaint(personalTaint)
		}
		if kept, ok := r.value(v, t, place); ok {
			out[name] = kept
		}
	}
	return out
}

func (r redactor) list(list []any, from, to *Type) []any {
	t, place := known(from.Item()).withTaint(from.ownTaint()&personalTaint), to.Item()
	out := make([]any, 0, len(list))
	for _, v := range list {
		if kept, ok := r.value(v, t, place); ok {
			out = append(out, kept)
		}
	}
	return out
}

// scalar hashes what names a person. A boolean or an absent value names nobody.
func (r redactor) scalar(v any, from *Type) any {
	text, isText := v.(string)
	switch {
	case r.hash == nil || isAbsent(v):
	case isText && from.Personal:
		return r.hash(text)
	case isText:
		return HideText(text, r.hash)
	case from.Personal:
		if n, ok := toFloat(v); ok {
			return r.hash(strconv.FormatFloat(n, 'f', -1, 64))
		}
	}
	return v
}

// memberType is the type of a member, and whether a schema declares it.
func memberType(t *Type, name string) (*Type, bool) {
	if t == nil || t.Kind != Object {
		return nil, false
	}
	if f, ok := t.Fields[name]; ok {
		return known(f.Type), true
	}
	if t.Items != nil {
		return t.Items, true
	}
	return nil, false
}

// Member is the type of a member of the object t; nil if nothing is known of it.
func (t *Type) Member(name string) *Type {
	m, _ := memberType(t, name)
	return m
}

// Item is the type of an item of the list t; nil if nothing is known of it.
func (t *Type) Item() *Type {
	if t == nil || t.Kind != List {
		return nil
	}
	return t.Items
}

// taintOfName are those of a member that no schema declares. What is called as a secret
// is and holds members is settings: the otp of a policy.
func taintOfName(name string, v any) taint {
	var m taint
	if _, holds := members(v); namesSecret(name) && !holds {
		m |= secretTaint
	}
	if namesPerson(name) {
		m |= personalTaint
	}
	return m
}

func isScalar(k Kind) bool { return k == Any || k == String || k == Number }

// Public is t without what WithoutSecrets takes away.
func (t *Type) Public() *Type {
	if !t.HasSecret() {
		return t
	}
	if t.Secret {
		return &Type{}
	}
	c := *t
	c.Open = t.Open && len(t.Fields) == 0 // else no member would make all of them free to name
	if c.Items.HasSecret() {
		c.Items = c.Items.Public()
	}
	c.Fields = make(map[string]Field, len(t.Fields))
	for name, f := range t.Fields {
		if known(f.Type).Secret {
			continue
		}
		f.Type = f.Type.Public()
		c.Fields[name] = f
	}
	return &c
}
