package node

import (
	"regexp"
	"strings"
)

// sentinel matches what DaVinci's drop-downs hold when the custom field beside them is
// meant: enterDeviceType, enterNotificationPolicyId, enterCustomValue, …
var sentinel = regexp.MustCompile(`^enter[A-Z][A-Za-z]*$`)

// Choose returns value, or custom if value is a sentinel. Custom fields are typed
// null, string or object.
func Choose(value string, custom any) string {
	if sentinel.MatchString(value) {
		return Text(custom)
	}
	return value
}

// Text reads a field typed null, string or object. An object stands for the string in
// its member value, id or key: what DaVinci's editors produce.
func Text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		for _, k := range [...]string{"value", "id", "key"} {
			if s, ok := v[k].(string); ok {
				return s
			}
		}
	}
	return ""
}

// Refs makes [{"id": …}] of a list whose items are ids or objects with one. Items
// without an id are left out.
func Refs(list []any) []any {
	refs := make([]any, 0, len(list))
	for _, item := range list {
		if id := Text(item); id != "" {
			refs = append(refs, Ref(id))
		}
	}
	return refs
}

// Ref is a reference in PingOne's shape.
func Ref(id string) map[string]any { return map[string]any{"id": id} }

// True reads a flag that the documented schema types as string.
func True(s string) bool { return strings.EqualFold(s, "true") }

// Pairs makes an object of a list of {key or name, value}.
func Pairs(list []map[string]any) map[string]any {
	m := make(map[string]any, len(list))
	for _, item := range list {
		k, _ := item["key"].(string)
		if k == "" {
			k, _ = item["name"].(string)
		}
		if k != "" {
			m[k] = item["value"]
		}
	}
	return m
}

// Object builds a request body: members that are nil, "", false or an empty map are
// left out, because PingOne refuses empty members.
type Object map[string]any

// Put sets a member unless v is empty.
func (o Object) Put(name string, v any) Object {
	switch v := v.(type) {
	case nil:
		return o
	case string:
		if v == "" {
			return o
		}
	case bool:
		if !v {
			return o
		}
	case Object:
		if len(v) == 0 {
			return o
		}
	case map[string]any:
		if len(v) == 0 {
			return o
		}
	}
	o[name] = v
	return o
}

// PutRef sets {"id": id} unless id is empty.
func (o Object) PutRef(name, id string) Object {
	return o.Put(name, Object{}.Put("id", id))
}

// First is the first string that is not empty.
func First(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
