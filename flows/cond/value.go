package cond

import (
	"math"
	"reflect"
)

// toFloat reads any Go number.
func toFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	}
	r := reflect.ValueOf(v)
	switch {
	case !r.IsValid():
		return 0, false
	case r.CanInt():
		return float64(r.Int()), true
	case r.CanUint():
		return float64(r.Uint()), true
	case r.CanFloat():
		return r.Float(), true
	}
	return 0, false
}

// maxExact is the largest float64 below which every integer is one.
const maxExact = 1 << 53

// toInt reads a number without fraction.
func toInt(v any) (int, bool) {
	if n, ok := v.(int); ok {
		return n, true
	}
	f, ok := toFloat(v)
	if !ok || f != math.Trunc(f) || math.Abs(f) > maxExact {
		return 0, false
	}
	return int(f), true
}

// kindName is what a value is, for errors.
func kindName(v any) string {
	switch v.(type) {
	case nil:
		return "nil"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	}
	if _, ok := toFloat(v); ok {
		return "a number"
	}
	if _, ok := items(v); ok {
		return "a list"
	}
	if _, ok := members(v); ok {
		return "an object"
	}
	return "not plain data"
}

// items reads a list: []any as decoded, or any other slice that Go code made.
func items(v any) ([]any, bool) {
	if list, ok := v.([]any); ok {
		return list, true
	}
	r := reflect.ValueOf(v)
	if !r.IsValid() || r.Kind() != reflect.Slice {
		return nil, false
	}
	out := make([]any, r.Len())
	for i := range out {
		out[i] = r.Index(i).Interface()
	}
	return out, true
}

// members reads an object: map[string]any as decoded, or any other map by strings.
func members(v any) (map[string]any, bool) {
	if m, ok := v.(map[string]any); ok {
		return m, true
	}
	r := reflect.ValueOf(v)
	if !r.IsValid() || r.Kind() != reflect.Map || r.Type().Key().Kind() != reflect.String {
		return nil, false
	}
	out := make(map[string]any, r.Len())
	for it := r.MapRange(); it.Next(); {
		out[it.Key().String()] = it.Value().Interface()
	}
	return out, true
}

// isAbsent says that a value is nil, also as a map or slice that Go code left empty.
func isAbsent(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return (r.Kind() == reflect.Map || r.Kind() == reflect.Slice) && r.IsNil()
}
