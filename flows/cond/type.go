package cond

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

// Type says what is known at load about a value. Types are immutable once made and may
// be shared. A nil *Type is Any.
type Type struct {
	Kind     Kind
	Nullable bool             // null is one of its values
	Fields   map[string]Field // Object: the members that may be named
	Items    *Type            // List
	Enum     []any            // the known values, if the schema lists them
	Secret   bool             // `secret: true` in a schema; taints what is derived
	Resource string           // `x-resource`: the name of the resource schema this is
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
