// Package yamldoc reads the small part of YAML that flows are written in, and says
// where everything stands in the source.
//
// It is the only package that knows the YAML library. What it returns is a tree of
// scalars, maps and lists with the values of JSON: plain scalars are typed by the core
// rules of YAML 1.2, and what other YAML tools read differently (0123, 0x1F, .nan) is
// refused. Anchors, aliases, merge keys, tags, several documents, duplicate keys and
// keys that are not scalars are refused too, each with its place.
//
// The size of the source, the depth of nesting and the number of values are limited
// before a tree is built, so that a hostile document costs little (security A-57).
package yamldoc

// Limits of a document.
const (
	MaxBytes = 1 << 20 // a long flow is a few hundred lines
	MaxDepth = 64      // maps and lists inside each other
	// MaxMarks bounds line ends, commas, brackets and colons together, and with them
	// the number of values: a value costs some 500 bytes of memory, whatever its length.
	// A thousand nodes have about 25,000.
	MaxMarks = 40_000
	// MaxIssues bounds the report on one document.
	MaxIssues = 200
)

// Kind is the shape of a node.
type Kind uint8

// The kinds.
const (
	Scalar Kind = iota
	Map
	List
)

// Style says how a scalar is written.
type Style uint8

// The styles.
const (
	Plain Style = iota
	Single
	Double
	Literal
	Folded
)

// Node is a value in its place. Lines and columns count from 1, columns in characters.
type Node struct {
	Kind   Kind
	Line   int
	Column int

	Text  string // Scalar: the characters after unquoting and folding
	Value any    // Scalar: nil, bool, float64 or string
	Style Style  // Scalar
	Flow  bool   // Map, List: written with braces or brackets
	Inner bool   // inside such a map or list

	Pairs []Pair  // Map, in order of writing
	Items []*Node // List

	// Damaged says that a pair of the map was refused and is missing.
	Damaged bool

	// Broken marks the stand-in for text that is not YAML; the Issue for it is made.
	Broken bool
}

// Pair is a key with its value. The key is a scalar.
type Pair struct{ Key, Value *Node }

// Issue is a reason to refuse a document.
type Issue struct {
	Line   int
	Column int
	Rule   string
	Text   string
	Hint   string
}

// Doc is a document that was read.
type Doc struct {
	Root *Node // nil if there is nothing usable

	src   []byte
	lines []int // byte offset of each line
}

// IsText reports whether n is a scalar that stands for text.
func (n *Node) IsText() bool {
	_, ok := n.Value.(string)
	return n.Kind == Scalar && ok
}

// Get returns the value of a key of a map, nil if it has none.
func (n *Node) Get(key string) *Node {
	for _, p := range n.Pairs {
		if p.Key.Text == key {
			return p.Value
		}
	}
	return nil
}

// JSON returns the node as encoding/json would decode it. Of keys that are written
// twice the first counts.
func (n *Node) JSON() any {
	switch n.Kind {
	case Map:
		m := make(map[string]any, len(n.Pairs))
		for _, p := range n.Pairs {
			if _, twice := m[p.Key.Text]; !twice {
				m[p.Key.Text] = p.Value.JSON()
			}
		}
		return m
	case List:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			l[i] = item.JSON()
		}
		return l
	default:
		return n.Value
	}
}
