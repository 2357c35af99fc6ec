package cond

import (
	"strings"

	"github.com/expr-lang/expr/ast"
)

// checker types one expression over expr's tree and collects what is wrong in it.
type checker struct {
	src      string
	at       offsets
	env      *Type
	issues   issues
	reads    [][]string
	patterns map[ast.Node]*pattern // regular expressions by their `matches`

	values map[ast.Node]value // what is known of each part that was typed

	texts map[ast.Node]string // of parts that are compared
	tries int                 // what was spent of maxTries

	unnamed map[ast.Node]bool // reads of members whose names no schema says
	vacuous []int             // the places of all() over lists that may be empty

	facts   []string // paths known not to be nil at this place
	items   []value  // the item of each predicate around, innermost last
	short   *gap     // where the chain of `?.` around may have stopped
	lenient bool     // inside has(): everything may be missing
}

// value is what is known about one part of an expression.
type value struct {
	typ   *Type // never nil; null is kept apart, in gap
	gap   *gap  // why the value may be nil; nil: it never is
	path  string
	keys  []string // the members from a root on, as far as they are static
	fixed bool     // an index ended keys
	taint taint    // of what it was derived from
}

// gap says why a value may be nil and where that is written.
type gap struct {
	offset int
	rule   string
	name   string
	why    string
}

func (c *checker) issue(offset int, rule, text, hint string) {
	c.issues.add(Issue{Offset: offset, Rule: rule, Text: text, Hint: hint})
}

func anyValue() value { return value{typ: &Type{}} }

func scalar(k Kind) value { return value{typ: &Type{Kind: k}} }

// pos is the byte at which a part is pointed at: the name of a member or function, the
// sign of an operator.
func (c *checker) pos(n ast.Node) int {
	switch n := n.(type) {
	case *ast.ConditionalNode:
		return c.pos(n.Cond) // expr keeps the end of the expression instead
	case *ast.ChainNode:
		return c.pos(n.Node)
	case *ast.PredicateNode:
		return c.pos(n.Node)
	}
	return c.at.byte(n.Location().From)
}

// show is the text of a part for problems, clipped.
func show(n ast.Node) string {
	const most = 60
	s := strings.NewReplacer("#.", ".", "#", "").Replace(n.String())
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// expr types a part that is read for its value.
func (c *checker) expr(n ast.Node) value {
	v := c.step(n)
	c.read(v.keys)
	if c.values != nil {
		c.values[n] = v
	}
	return v
}

// step types a part; unlike expr it may be the beginning of a longer path.
func (c *checker) step(n ast.Node) value {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return c.root(n)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.ChainNode:
		return c.chain(n)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.NilNode:
		return value{typ: &Type{Kind: Null}, gap: &gap{offset: c.pos(n), rule: RuleType, name: "nil", why: "it is nil"}}
	case *ast.BoolNode:
		return value{typ: &Type{Kind: Bool, Enum: []any{n.Value}}}
	case *ast.IntegerNode:
		return value{typ: &Type{Kind: Number, Enum: []any{n.Value}}}
	case *ast.FloatNode:
		return value{typ: &Type{Kind: Number, Enum: []any{n.Value}}}
	case *ast.StringNode:
		return value{typ: &Type{Kind: String, Enum: []any{n.Value}}}
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.ArrayNode:
		return c.array(n)
	case *ast.MapNode:
		return c.object(n)
	case *ast.BuiltinNode:
		return c.call(n, n.Name, n.Arguments)
	case *ast.CallNode:
		return c.callNode(n)
	case *ast.SliceNode:
		c.issues.add(notAllowed(c.pos(n), "[from:to]", "name one item, x[0], or use first, last, filter"))
		c.expr(n.Node)
	case *ast.SequenceNode:
		for _, part := range n.Nodes {
			c.expr(part)
		}
	case *ast.VariableDeclaratorNode:
		c.expr(n.Value)
	}
	return anyValue()
}
