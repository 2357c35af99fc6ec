package cond

import (
	"math"
	"reflect"
	"slices"
	"strings"
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

// equal compares plain data by value, numbers as numbers. Each part costs a step, so
// that data which refers to itself ends at the limit.
func equal(b *Budget, x, y any, depth int) (bool, error) {
	if depth > maxResultDepth {
		return false, &exceeded{"values that are compared are nested deeper than allowed"}
	}
	if err := b.steps(1); err != nil {
		return false, err
	}
	switch x := x.(type) {
	case nil:
		return isAbsent(y), nil
	case bool:
		y, ok := y.(bool)
		return ok && x == y, nil
	case string:
		y, ok := y.(string)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		if err := b.bytes(len(x)); err != nil {
			return false, err
		}
		return x == y, nil
	}
	if f, ok := toFloat(x); ok {
		g, ok := toFloat(y)
		return ok && f == g, nil
	}
	if isAbsent(x) {
		return isAbsent(y), nil
	}
	if list, ok := items(x); ok {
		return equalLists(b, list, y, depth)
	}
	if m, ok := members(x); ok {
		return equalObjects(b, m, y, depth)
	}
	return false, failf("values that are not plain data cannot be compared")
}

// isAbsent says that a value is nil, also as a map or slice that Go code left empty.
func isAbsent(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return (r.Kind() == reflect.Map || r.Kind() == reflect.Slice) && r.IsNil()
}

func equalLists(b *Budget, x []any, other any, depth int) (bool, error) {
	y, ok := items(other)
	if !ok || len(x) != len(y) {
		return false, nil
	}
	for i := range x {
		if same, err := equal(b, x[i], y[i], depth+1); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

func equalObjects(b *Budget, x map[string]any, other any, depth int) (bool, error) {
	y, ok := members(other)
	if !ok || len(x) != len(y) {
		return false, nil
	}
	for name, v := range x {
		w, ok := y[name]
		if !ok {
			return false, nil
		}
		if same, err := equal(b, v, w, depth+1); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

// order compares two strings or two numbers.
func order(b *Budget, x, y any) (int, error) {
	s, ok := x.(string)
	t, also := y.(string)
	if ok && also {
		return strings.Compare(s, t), b.bytes(min(len(s), len(t)))
	}
	f, ok := toFloat(x)
	g, also := toFloat(y)
	if !ok || !also {
		return 0, failf("%s and %s cannot be compared by size", kindName(x), kindName(y))
	}
	switch {
	case f < g:
		return -1, nil
	case f > g:
		return 1, nil
	}
	return 0, nil
}

// settle charges a result, and turns what Go code put into env into the types of
// decoded JSON.
func settle(v any, b *Budget, depth int) (any, error) {
	if depth > maxResultDepth {
		return nil, &exceeded{"the result is nested deeper than allowed"}
	}
	if err := b.steps(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil, bool, int:
		return v, nil
	case string:
		return v, b.bytes(len(v))
	case float64:
		return v, finite(v)
	}
	if list, ok := items(v); ok {
		return settleList(v, list, b, depth)
	}
	if m, ok := members(v); ok {
		return settleObject(v, m, b, depth)
	}
	if n, ok := toInt(v); ok {
		return n, nil
	}
	if f, ok := toFloat(v); ok {
		return f, finite(f)
	}
	return nil, failf("the result is not plain data")
}

// settleList returns the list itself unless an item had to change.
func settleList(original any, list []any, b *Budget, depth int) (any, error) {
	if isAbsent(original) {
		return nil, nil
	}
	shared := true
	for i, item := range list {
		s, err := settle(item, b, depth+1)
		if err != nil {
			return nil, err
		}
		if !sameKind(item, s) {
			if shared {
				list, shared = slices.Clone(list), false
			}
			list[i] = s
		}
	}
	return list, nil
}

func settleObject(original any, m map[string]any, b *Budget, depth int) (any, error) {
	if isAbsent(original) {
		return nil, nil
	}
	changed := map[string]any(nil)
	for name, v := range m {
		if err := b.bytes(len(name)); err != nil {
			return nil, err
		}
		s, err := settle(v, b, depth+1)
		if err != nil {
			return nil, err
		}
		if !sameKind(v, s) {
			if changed == nil {
				changed = make(map[string]any, len(m))
			}
			changed[name] = s
		}
	}
	if changed == nil {
		return m, nil
	}
	for name, v := range m {
		if _, ok := changed[name]; !ok {
			changed[name] = v
		}
	}
	return changed, nil
}

// sameKind says that settle gave back what it got.
func sameKind(before, after any) bool {
	switch before := before.(type) {
	case nil, bool, int, float64, string:
		return true
	case []any:
		list, ok := after.([]any)
		return ok && len(list) == len(before) && (len(list) == 0 || &list[0] == &before[0])
	case map[string]any:
		m, ok := after.(map[string]any)
		return ok && reflect.ValueOf(m).Pointer() == reflect.ValueOf(before).Pointer()
	}
	return false
}

func finite(f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return failf("a number is not finite")
	}
	return nil
}
