package cond

import (
	"strings"
)

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
