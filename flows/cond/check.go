package cond

import (
	"fmt"
	"slices"
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

	vacuous []int // the places of all() over lists that may be empty

	facts   []string // paths known not to be nil at this place
	items   []value  // the item of each predicate around, innermost last
	short   *gap     // where the chain of `?.` around may have stopped
	lenient bool     // inside has(): everything may be missing
}

// value is what is known about one part of an expression.
type value struct {
	typ    *Type // never nil; null is kept apart, in gap
	gap    *gap  // why the value may be nil; nil: it never is
	path   string
	keys   []string // the members from a root on, as far as they are static
	fixed  bool     // an index ended keys
	secret bool     // derived from a secret
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

func (c *checker) conditional(n *ast.ConditionalNode) value {
	if n.Cond == n.Exp1 {
		c.issues.add(notAllowed(c.pos(n), "?:", "write a ? b : c, or a ?? b"))
		return c.expr(n.Cond)
	}
	cond := c.expr(n.Cond)
	c.boolean(cond, n.Cond, "the part before ?")
	var a, b value
	c.given(c.whenTrue(n.Cond), func() { a = c.expr(n.Exp1) })
	c.given(c.whenFalse(n.Cond), func() { b = c.expr(n.Exp2) })
	v := either(a, b)
	v.secret = v.secret || cond.secret
	return v
}

// either is a value that is one of two.
func either(a, b value) value {
	v := value{typ: present(union(a.typ, b.typ)), gap: a.gap, secret: a.secret || b.secret}
	if v.gap == nil {
		v.gap = b.gap
	}
	return v
}

func (c *checker) array(n *ast.ArrayNode) value {
	t := &Type{Kind: List, Items: noItems}
	v := value{typ: t}
	for i, part := range n.Nodes {
		item := c.expr(part)
		v.secret = v.secret || item.secret
		typ := c.stored(item)
		if i == 0 {
			t.Items = typ
		} else {
			t.Items = union(t.Items, typ)
		}
	}
	return v
}

func (c *checker) object(n *ast.MapNode) value {
	t := &Type{Kind: Object, Fields: make(map[string]Field, len(n.Pairs))}
	v := value{typ: t}
	for _, p := range n.Pairs {
		pair, ok := p.(*ast.PairNode)
		if !ok {
			continue
		}
		item := c.expr(pair.Value)
		v.secret = v.secret || item.secret
		key, ok := pair.Key.(*ast.StringNode)
		if !ok {
			c.issues.add(notAllowed(c.pos(pair.Key), "(key): value", "the names of members are constants"))
			continue
		}
		f := Field{Type: c.stored(item)}
		if item.gap != nil {
			f.Absent, f.Rule = item.gap.why, item.gap.rule
		}
		t.Fields[key.Value] = f
	}
	return v
}

// stored is the type of a value once it is inside a list or an object.
func (c *checker) stored(v value) *Type {
	if v.gap == nil && v.secret == v.typ.Secret {
		return v.typ
	}
	t := *v.typ
	t.Nullable = v.gap != nil
	t.Secret = t.Secret || v.secret
	return &t
}

// given types parts of which something more is known.
func (c *checker) given(facts []string, do func()) {
	n := len(c.facts)
	c.facts = append(c.facts, facts...)
	do()
	c.facts = c.facts[:n]
}

// holds says that the value at path is known not to be nil here.
func (c *checker) holds(path string) bool {
	return path != "" && slices.ContainsFunc(c.facts, func(f string) bool {
		return f == path || strings.HasPrefix(f, path+pathSeparator)
	})
}

// present demands that v is not nil, as the operand or argument that use names.
func (c *checker) present(v value, n ast.Node, use string) {
	if v.gap == nil || c.lenient {
		return
	}
	c.issue(v.gap.offset, v.gap.rule, fmt.Sprintf("%s may be missing (%s), and %s needs a value", v.gap.name, v.gap.why, use),
		c.presentHint(v.typ.Kind, n))
}

func (c *checker) presentHint(k Kind, n ast.Node) string {
	text, hint := show(n), ""
	if fallback := [...]string{Bool: "false", Number: "0", String: `""`, List: "[]", Object: "{}"}[k]; fallback != "" {
		hint = fmt.Sprintf("write (%s ?? %s)", text, fallback)
	}
	if c.pathOf(n) == "" {
		return hint
	}
	if hint == "" {
		return fmt.Sprintf("check has(%s) first", text)
	}
	return hint + fmt.Sprintf(", or check has(%s) first", text)
}

// boolean demands a value that is true or false.
func (c *checker) boolean(v value, n ast.Node, use string) {
	switch v.typ.Kind {
	case Any, Bool:
		c.present(v, n, use)
		return
	}
	text, hint := show(n), ""
	switch v.typ.Kind {
	case List:
		hint = fmt.Sprintf("did you mean len(%s) > 0", text)
	case String:
		hint = fmt.Sprintf(`did you mean %s != ""`, text)
	case Number:
		hint = fmt.Sprintf("did you mean %s != 0", text)
	case Object:
		hint = fmt.Sprintf("did you mean has(%s)", text)
	}
	c.issue(c.pos(n), RuleNotBoolean, fmt.Sprintf("%s must be true or false, and this is %s", use, describe(v.typ)), hint)
}
