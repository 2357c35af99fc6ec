package cond

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// The bounds of trying a condition: one with more cases is not judged as a whole, its
// parts are, as long as all of it costs no more than compiling it does.
const (
	maxCases = 512
	maxTries = 4000 // parts that are evaluated, of one expression
)

// constants warns of conditions, and of parts of them, that can only be one value: each is
// tried in all cases that its comparisons tell apart.
func (c *checker) constants(n ast.Node, whole bool) {
	if l, ok := n.(*ast.BoolNode); ok {
		if whole {
			c.constant(n, l.Value)
		}
		return
	}
	if isCondition(n) {
		if value, decided := c.decide(n); decided {
			c.constant(n, value)
			return
		}
	}
	switch n := n.(type) {
	case *ast.UnaryNode:
		c.constants(n.Node, false)
	case *ast.BinaryNode:
		logic := n.Operator == "and" || n.Operator == "&&" || n.Operator == "or" || n.Operator == "||"
		c.constants(n.Left, logic)
		c.constants(n.Right, logic)
	case *ast.ConditionalNode:
		c.constants(n.Cond, true)
		c.constants(n.Exp1, false)
		c.constants(n.Exp2, false)
	case *ast.BuiltinNode:
		for _, argument := range n.Arguments {
			c.constants(argument, false)
		}
	case *ast.PredicateNode:
		c.constants(n.Node, false)
	case *ast.ArrayNode:
		for _, item := range n.Nodes {
			c.constants(item, false)
		}
	}
}

func (c *checker) constant(n ast.Node, value bool) {
	c.issues.add(Issue{Offset: c.pos(n), Rule: RuleConstant, Warning: true,
		Text: fmt.Sprintf("%s is always %v", show(n), value), Hint: "remove it, or compare what can differ"})
}

func isCondition(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.UnaryNode:
		return n.Operator == "not" || n.Operator == "!"
	case *ast.BinaryNode:
		return slices.Contains([]string{"and", "&&", "or", "||", "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches"}, n.Operator)
	case *ast.CallNode:
		return isHas(n)
	}
	return false
}

func isHas(n *ast.CallNode) bool {
	id, ok := n.Callee.(*ast.IdentifierNode)
	return ok && id.Value == "has" && len(n.Arguments) == 1
}

// term is a part that comparisons read: a path, or anything else by its text.
type term struct {
	typ      *Type
	mayBeNil bool
	counts   bool // a whole number from 0: len, count, visits
	literals []any
}

// trial tries a condition with a value for each of its terms.
type trial struct {
	c      *checker
	terms  map[string]*term
	names  []string // of terms, in the order they were met
	values map[string]any
}

// decide reports whether a condition has the same value in all cases.
func (c *checker) decide(n ast.Node) (value, decided bool) {
	t := &trial{c: c, terms: map[string]*term{}}
	t.eval(n) // collects the terms
	domains, cases := make([][]any, len(t.names)), 1
	for i, name := range t.names {
		domains[i] = t.terms[name].domain()
		if cases *= len(domains[i]); cases == 0 || cases > maxCases {
			return false, false
		}
	}
	t.values = map[string]any{}
	for k := range cases {
		if c.tries > maxTries {
			return false, false
		}
		rest := k
		for i, name := range t.names {
			t.values[name] = domains[i][rest%len(domains[i])]
			rest /= len(domains[i])
		}
		got := t.eval(n)
		if k == 0 {
			value = got
		} else if got != value {
			return false, false
		}
	}
	return value, true
}

// other is a value that no comparison names.
const other = "\x00other"

func (t *term) domain() []any {
	var list []any
	switch {
	case len(t.typ.Enum) > 0:
		list = slices.Clone(t.typ.Enum)
	case t.typ.Kind == Bool:
		list = []any{true, false}
	case t.typ.Kind == Number:
		list = t.numbers()
	case t.typ.Kind == Null:
	case t.typ.Kind == Any:
		list = append(slices.Clone(t.literals), other, nil)
	default:
		list = append(slices.Clone(t.literals), other)
	}
	if t.mayBeNil {
		list = append(list, nil)
	}
	return list
}

// numbers are the literals, what is between two of them, and what is beyond.
func (t *term) numbers() []any {
	var at []float64
	for _, l := range t.literals {
		if f, ok := toFloat(l); ok {
			at = append(at, f-1, f-0.5, f, f+0.5, f+1)
		}
	}
	at = append(at, 0)
	var list []any
	slices.Sort(at)
	for _, f := range slices.Compact(at) {
		if !t.counts || f >= 0 && f == math.Trunc(f) {
			list = append(list, f)
		}
	}
	return list
}

// eval is the value of a condition. While the terms are collected it is nothing.
func (t *trial) eval(n ast.Node) bool {
	t.c.tries++
	switch n := n.(type) {
	case *ast.BoolNode:
		return n.Value
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return !t.eval(n.Node)
		}
	case *ast.BinaryNode:
		return t.binary(n)
	case *ast.CallNode:
		if isHas(n) && t.c.isNeverNil(n.Arguments[0]) {
			return true
		}
	}
	return t.value(n) == true
}

func (t *trial) binary(n *ast.BinaryNode) bool {
	l, lok := constantOf(n.Left)
	r, rok := constantOf(n.Right)
	switch n.Operator {
	case "and", "&&":
		left, right := t.eval(n.Left), t.eval(n.Right)
		return left && right
	case "or", "||":
		left, right := t.eval(n.Left), t.eval(n.Right)
		return left || right
	case "==", "!=":
		return t.judgeEquality(n, l, lok, r, rok) == (n.Operator == "==")
	case "<", "<=", ">", ">=":
		if lok != rok || lok && rok {
			return t.order(n, l, lok, r, rok)
		}
	case "in":
		if items, ok := n.Right.(*ast.ArrayNode); ok && literals(items) {
			found := false
			for _, item := range items.Nodes {
				value, _ := constantOf(item)
				found = t.sameAs(n.Left, l, lok, value) || found
			}
			return found
		}
	case "contains", "startsWith", "endsWith", "matches":
		if text, ok := r.(string); ok && rok && t.isListed(n.Left) {
			left, isText := t.value(n.Left).(string)
			return isText && t.c.textTest(n, left, text)
		}
	}
	return t.value(n) == true
}

// constantOf is the value of a literal or nil.
func constantOf(n ast.Node) (any, bool) {
	switch n := n.(type) {
	case *ast.NilNode:
		return nil, true
	case *ast.BoolNode:
		return n.Value, true
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode:
		return float64(n.Value), true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.UnaryNode:
		if f, ok := constantOf(n.Node); ok && n.Operator == "-" {
			number, isNumber := f.(float64)
			return -number, isNumber
		}
	}
	return nil, false
}

func (t *trial) judgeEquality(n *ast.BinaryNode, l any, lok bool, r any, rok bool) bool {
	switch {
	case lok && rok:
		return l == r
	case rok:
		return t.sameAs(n.Left, l, lok, r)
	case lok:
		return t.sameAs(n.Right, r, rok, l)
	case t.c.textOf(n.Left) == t.c.textOf(n.Right):
		return true
	}
	return t.lookUp(t.c.textOf(n.Left)+" == "+t.c.textOf(n.Right), value{typ: &Type{Kind: Bool}}) == true
}

func (t *trial) sameAs(n ast.Node, constant any, isConstant bool, literal any) bool {
	if isConstant {
		return constant == literal
	}
	v := t.value(n)
	if at := t.terms[t.c.textOf(n)]; literal != nil && !slices.Contains(at.literals, literal) {
		at.literals = append(at.literals, literal)
	}
	f, ok := toFloat(v)
	if g, number := literal.(float64); ok && number {
		return f == g
	}
	return v == literal
}

func (t *trial) order(n *ast.BinaryNode, l any, lok bool, r any, rok bool) bool {
	x, y := t.number(n.Left, l, lok, r), t.number(n.Right, r, rok, l)
	if x == nil || y == nil {
		return t.value(n) == true
	}
	switch n.Operator {
	case "<":
		return *x < *y
	case "<=":
		return *x <= *y
	case ">":
		return *x > *y
	}
	return *x >= *y
}

// number is one side of a comparison with a literal number; nil if it is something else.
func (t *trial) number(n ast.Node, constant any, isConstant bool, literal any) *float64 {
	if isConstant {
		if f, ok := constant.(float64); ok {
			return &f
		}
		return nil
	}
	if f, ok := literal.(float64); !ok || known(t.c.values[n].typ).Kind != Number {
		return nil
	} else {
		v := t.value(n)
		if at := t.terms[t.c.textOf(n)]; !slices.Contains(at.literals, any(f)) {
			at.literals = append(at.literals, f)
		}
		number, _ := toFloat(v)
		return &number
	}
}

// isListed reports whether all values of a part are known.
func (t *trial) isListed(n ast.Node) bool { return len(known(t.c.values[n].typ).Enum) > 0 }

// value is the value that a term has in this case.
func (t *trial) value(n ast.Node) any { return t.lookUp(t.c.textOf(n), t.c.values[n]) }

// lookUp gives the value of a term in this case, and notes the term for further cases.
func (t *trial) lookUp(name string, v value) any {
	at, met := t.terms[name]
	if !met {
		at = &term{typ: known(v.typ), counts: strings.HasPrefix(name, "len(") || strings.HasPrefix(name, "count(") || strings.HasSuffix(name, ".visits")}
		if at.typ.Kind == Any && isBoolean(name) {
			at.typ = &Type{Kind: Bool}
		}
		t.terms[name], t.names = at, append(t.names, name)
	}
	at.mayBeNil = at.mayBeNil || v.gap != nil
	return t.values[name]
}

// isBoolean reports whether a part that was not typed is a condition by its text.
func isBoolean(name string) bool { return strings.HasPrefix(name, "has(") }

// isNeverNil reports whether a path is there whatever happens.
func (c *checker) isNeverNil(n ast.Node) bool {
	quiet := *c
	quiet.issues, quiet.lenient, quiet.reads = nil, false, nil
	v := quiet.expr(n)
	return len(quiet.issues) == 0 && v.gap == nil && known(v.typ).Kind != Any && c.pathOf(n) != ""
}

// textTest compares a known text as a run would.
func (c *checker) textTest(n *ast.BinaryNode, left, right string) bool {
	switch n.Operator {
	case "contains":
		return strings.Contains(left, right)
	case "startsWith":
		return strings.HasPrefix(left, right)
	case "endsWith":
		return strings.HasSuffix(left, right)
	}
	p := c.patterns[n]
	return p != nil && p.re.MatchString(left)
}

// textOf is the text of a part, by which terms are known.
func (c *checker) textOf(n ast.Node) string {
	text, ok := c.texts[n]
	if !ok {
		text = n.String()
		c.texts[n] = text
	}
	return text
}
