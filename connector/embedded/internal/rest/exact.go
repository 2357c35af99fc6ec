package rest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// exact drops the members of a JSON value that t has only in another case. PingOne's
// attribute names are case-sensitive and unknown ones are ignored; encoding/json would
// take "OTP" for "otp". Values that do not fit t are left for the decoder to refuse.
func exact(raw json.RawMessage, t reflect.Type) (json.RawMessage, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Struct && !implements(t):
		return exactObject(raw, t)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		var all []json.RawMessage
		if json.Unmarshal(raw, &all) != nil {
			return raw, nil
		}
		for i := range all {
			var err error
			if all[i], err = exact(all[i], t.Elem()); err != nil {
				return nil, err
			}
		}
		return json.Marshal(all)
	}
	return raw, nil
}

func exactObject(raw json.RawMessage, t reflect.Type) (json.RawMessage, error) {
	var in map[string]json.RawMessage
	if json.Unmarshal(raw, &in) != nil || in == nil {
		return raw, nil
	}
	out := make(map[string]json.RawMessage, len(in))
	for name, field := range members(t) {
		v, ok := in[name]
		if !ok {
			continue
		}
		var err error
		if out[name], err = exact(v, field); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return json.Marshal(out)
}

// shapes are the members of the types seen so far: bodies are of few types, and each is
// read again and again.
var shapes sync.Map // reflect.Type → map[string]reflect.Type

// members are the JSON names of a struct with their types, those of embedded structs
// included. The map must not be changed.
func members(t reflect.Type) map[string]reflect.Type {
	if m, ok := shapes.Load(t); ok {
		return m.(map[string]reflect.Type)
	}
	m := readMembers(t)
	shapes.Store(t, m)
	return m
}

func readMembers(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			for n, inner := range members(f.Type) {
				if _, outer := out[n]; !outer {
					out[n] = inner
				}
			}
		case name != "" && name != "-":
			out[name] = f.Type
		}
	}
	return out
}

// implements reports whether t reads its own JSON.
func implements(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}
