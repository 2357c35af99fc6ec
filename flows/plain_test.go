package flows_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/mfaflow/mfaflow/flows"
)

// plain is a flow without positions and with its nodes sorted, for comparing.
func plain(f *flows.Flow) any {
	if f == nil {
		return nil
	}
	nodes := slices.Clone(f.Nodes)
	slices.SortFunc(nodes, func(a, b *flows.Node) int { return cmp.Compare(a.ID, b.ID) })
	c := *f
	c.File, c.Source, c.Nodes = "", nil, nodes
	return strip(reflect.ValueOf(c))
}

// strip turns a value into maps, lists and scalars, without positions and without
// anything that is not exported.
func strip(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return strip(v.Elem())
	case reflect.Struct:
		m := map[string]any{}
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if field.IsExported() && field.Type != reflect.TypeFor[flows.Pos]() {
				m[field.Name] = strip(v.Field(i))
			}
		}
		return m
	case reflect.Slice:
		var l []any
		for i := range v.Len() {
			l = append(l, strip(v.Index(i)))
		}
		return l
	case reflect.Map:
		m := map[string]any{}
		for _, k := range v.MapKeys() {
			m[fmt.Sprint(k)] = strip(v.MapIndex(k))
		}
		return m
	}
	return fmt.Sprint(v)
}
