package cond

import (
	"math"
	"reflect"
	"slices"
)

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
