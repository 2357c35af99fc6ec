package cond

import (
	"slices"
	"strings"
)

// Kind is the shape of a value.
type Kind uint8

// The kinds. All numbers are one kind: JSON knows no other.
const (
	Any Kind = iota
	Null
	Bool
	Number
	String
	List
	Object
)

// String names the kind as problems do: "a list", "a string".
func (k Kind) String() string {
	switch k {
	case Null:
		return "nil"
	case Bool:
		return "a boolean"
	case Number:
		return "a number"
	case String:
		return "a string"
	case List:
		return "a list"
	case Object:
		return "an object"
	default:
		return "any value"
	}
}

// Type says what is known at load about a value. Types are immutable once made and may
// be shared. A nil *Type is Any.
type Type struct {
	Kind     Kind
	Nullable bool             // null is one of its values
	Fields   map[string]Field // Object: the members that may be named
	Items    *Type            // List: each item; Object without Fields: each member
	Enum     []any            // the known values, if the schema lists them
	Secret   bool             // `secret: true` in a schema; taints what is derived
	Personal bool             // `x-personal: true`; taints what is derived
	Listed   []any            // the values that the schema knows today; there may come more
	Format   string           // of a text: FormatIP, or ""
	Resource string           // `x-resource`: the name of the resource schema this is

	// Open is set on an Object whose schema lets other members through. They cannot
	// be named in an expression, except where Fields is empty: then any can.
	Open bool
}

// Field is a member of an object.
type Field struct {
	Type *Type

	// Absent says why the member may be missing; "" means it is always there. Reading
	// through a member that may be missing needs `?.`, `??` or has().
	Absent string

	// Rule is the rule code of the problem for an unguarded read: "optional-read" for
	// a property no schema requires, "maybe-unset" for a node or variable that some
	// path from the start does not pass. Absent then shows that path.
	Rule string
}

// HasSecret reports whether t is secret or has a secret somewhere inside.
func (t *Type) HasSecret() bool { return t.taintInside()&secretTaint != 0 }

// HasPersonal reports whether t is, or has inside, what names a person.
func (t *Type) HasPersonal() bool { return t.taintInside()&personalTaint != 0 }

// names lists the members that may be named, sorted.
func (t *Type) names() []string {
	out := make([]string, 0, len(t.Fields))
	for name := range t.Fields {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// free says that members of the object t may be named although no schema lists them.
func (t *Type) free() bool { return t.Open && len(t.Fields) == 0 }

// known replaces a nil Type by Any.
func known(t *Type) *Type {
	if t == nil {
		return &Type{}
	}
	return t
}

// present is t without null among its values.
func present(t *Type) *Type {
	if t == nil {
		return &Type{}
	}
	if !t.Nullable {
		return t
	}
	c := *t
	c.Nullable = false
	return &c
}

// describe is the kind with what else is known, for problems.
func describe(t *Type) string {
	if t.Kind == List && t.Items != nil && t.Items.Kind != Any && t.Items.Kind != Null {
		return "a list of " + plural(t.Items.Kind)
	}
	return t.Kind.String()
}

func plural(k Kind) string {
	name := strings.TrimPrefix(strings.TrimPrefix(k.String(), "a "), "an ")
	return name + "s"
}
