package cond

import (
	"fmt"
	"slices"
	"strings"
)

// Assignable says in English why a value of from may not be given where to is needed,
// or "" if it may. Any on either side is accepted: the schema decides at run time. An
// object must bring the members that to requires, and none that to does not know.
func Assignable(from, to *Type) (problem string) {
	return assignable(known(from), known(to), "", 0)
}

func assignable(from, to *Type, path string, depth int) string {
	if depth > maxSchemaDepth || to.Kind == Any || from == noItems {
		return ""
	}
	if (from.Nullable || from.Kind == Null) && !to.Nullable && to.Kind != Null {
		return subject(path) + " may be missing or null, and " + to.Kind.String() + " is required"
	}
	if from.Kind == Any || from.Kind == Null {
		return ""
	}
	if from.Kind != to.Kind {
		return fmt.Sprintf("%s is %s, and %s is needed", subject(path), describe(from), describe(to))
	}
	if len(from.Enum) > 0 && len(to.Enum) > 0 && disjoint(from.Enum, to.Enum) {
		return fmt.Sprintf("%s is %s, and only %s is accepted", subject(path), values(from.Enum), values(to.Enum))
	}
	switch to.Kind {
	case List:
		return assignable(known(from.Items), known(to.Items), path+"[]", depth+1)
	case Object:
		return assignableObject(from, to, path, depth)
	}
	return ""
}

func assignableObject(from, to *Type, path string, depth int) string {
	for _, name := range to.names() {
		need := to.Fields[name]
		at := join(path, name)
		have, ok := from.Fields[name]
		switch {
		case !ok && (need.Absent != "" || from.Open):
			continue
		case !ok:
			return subject(at) + " is required and not given"
		case have.Absent != "" && need.Absent == "":
			return fmt.Sprintf("%s is required and may be missing: %s", subject(at), have.Absent)
		}
		t := known(have.Type)
		if need.Absent != "" && t.Nullable && have.Absent == "" {
			t = present(t)
		}
		if p := assignable(t, known(need.Type), at, depth+1); p != "" {
			return p
		}
	}
	if to.Open {
		return ""
	}
	for _, name := range from.names() {
		if _, ok := to.Fields[name]; !ok {
			return subject(join(path, name)) + " is not known here" + didYouMean(name, to.names())
		}
	}
	return ""
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func subject(path string) string {
	if path == "" {
		return "the value"
	}
	return "its member " + path
}

func disjoint(a, b []any) bool {
	return !slices.ContainsFunc(a, func(v any) bool { return inEnum(b, v) })
}

// values lists known values for a problem, at most eight.
func values(list []any) string {
	const most = 8
	parts := make([]string, 0, most+1)
	for i, v := range list {
		if i == most {
			parts = append(parts, "…")
			break
		}
		if s, ok := v.(string); ok {
			parts = append(parts, fmt.Sprintf("%q", s))
		} else {
			parts = append(parts, fmt.Sprint(v))
		}
	}
	return strings.Join(parts, ", ")
}
