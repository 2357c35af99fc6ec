package cond

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// budgetName is where a run finds its budget. An expression cannot spell it.
const budgetName = "\x00budget"

// lower turns a checked tree into bytecode. expr's own operators stay where they are
// bounded and total over plain data; text, arithmetic, deep equality and all functions
// become calls that charge the budget, and each predicate's body is preceded by a tick.
func (p *Program) lower(root ast.Node, c *checker) error {
	l := &lowerer{patterns: c.patterns, unnamed: c.unnamed, roots: map[string]bool{}}
	root = l.node(root)
	p.cost = l.count
	for name := range l.roots {
		p.roots = append(p.roots, name)
	}
	ast.Walk(&root, plain{nature.FromType(reflect.TypeFor[[]any]())})
	config := &conf.Config{
		Env:          nature.FromType(reflect.TypeFor[map[string]any]()),
		ShortCircuit: true,
		Functions:    table,
	}
	code, err := compiler.Compile(&parser.Tree{Node: root, Source: file.NewSource(p.source)}, config)
	p.code = code
	return err
}

// plain tells expr's compiler that no part is a pointer, so that it adds no code to
// follow one.
type plain struct{ nature nature.Nature }

func (v plain) Visit(n *ast.Node) { (*n).SetNature(v.nature) }

// table holds our functions under the names that lowered calls use. It is never
// written after it was made.
var table = func() conf.FunctionsTable {
	out := make(conf.FunctionsTable, len(runtimeFunctions))
	for name, fn := range runtimeFunctions {
		out["\x00"+name] = &builtin.Function{Name: "\x00" + name, Func: fn}
	}
	return out
}()

type lowerer struct {
	patterns map[ast.Node]*pattern
	unnamed  map[ast.Node]bool
	roots    map[string]bool
	count    int
}

// call is a call of one of our functions at the place of n, the budget first.
func (l *lowerer) call(n ast.Node, name string, args ...ast.Node) ast.Node {
	callee := &ast.IdentifierNode{Value: "\x00" + name}
	budget := &ast.IdentifierNode{Value: budgetName}
	call := &ast.CallNode{Callee: callee, Arguments: append([]ast.Node{budget}, args...)}
	for _, m := range []ast.Node{callee, budget, call} {
		m.SetLocation(n.Location())
	}
	return call
}

func (l *lowerer) nodes(list []ast.Node) []ast.Node {
	for i := range list {
		list[i] = l.node(list[i])
	}
	return list
}

func (l *lowerer) node(n ast.Node) ast.Node {
	l.count++
	switch n := n.(type) {
	case *ast.IdentifierNode:
		l.roots[n.Value] = true
	case *ast.MemberNode:
		n.Node = l.node(n.Node)
		if !literal(n.Property) {
			name := "key"
			if l.unnamed[n] {
				name = "publicKey"
			}
			n.Property = l.call(n.Property, name, l.node(n.Property))
		}
	case *ast.ChainNode:
		n.Node = l.node(n.Node)
	case *ast.UnaryNode:
		n.Node = l.node(n.Node)
	case *ast.BinaryNode:
		return l.binary(n)
	case *ast.ConditionalNode:
		n.Cond, n.Exp1, n.Exp2 = l.node(n.Cond), l.node(n.Exp1), l.node(n.Exp2)
	case *ast.ArrayNode:
		l.nodes(n.Nodes)
	case *ast.MapNode:
		l.nodes(n.Pairs)
	case *ast.PairNode:
		n.Value = l.node(n.Value)
	case *ast.PredicateNode:
		return l.predicate(n)
	case *ast.BuiltinNode:
		if loops[n.Name] {
			l.nodes(n.Arguments)
			return n
		}
		name := n.Name
		if l.unnamed[n] {
			name = "publicValues"
		}
		return l.call(n, name, l.nodes(n.Arguments)...)
	case *ast.CallNode:
		return l.has(n)
	}
	return n
}

// loops are the functions that stay expr's own, with a tick in each round.
var loops = map[string]bool{
	"any": true, "all": true, "none": true, "one": true, "count": true, "find": true, "filter": true, "map": true,
}

// predicate puts a tick before the body: it charges the parts of the body each time.
func (l *lowerer) predicate(n *ast.PredicateNode) ast.Node {
	before := l.count
	body := l.node(n.Node)
	cost := &ast.IntegerNode{Value: l.count - before}
	n.Node = &ast.SequenceNode{Nodes: []ast.Node{l.call(body, "tick", cost), body}}
	return n
}

// has becomes a walk along the path that never fails: has(base, key, key, …).
func (l *lowerer) has(n *ast.CallNode) ast.Node {
	var keys []ast.Node
	at := n.Arguments[0]
	for {
		switch m := at.(type) {
		case *ast.ChainNode:
			at = m.Node
			continue
		case *ast.MemberNode:
			keys = append([]ast.Node{m.Property}, keys...)
			at = m.Node
			continue
		}
		break
	}
	return l.call(n, "has", append([]ast.Node{l.node(at)}, keys...)...)
}

func (l *lowerer) binary(n *ast.BinaryNode) ast.Node {
	simple := literal(n.Left) || literal(n.Right) || isNil(n.Left) || isNil(n.Right)
	number := isNumber(n.Left) || isNumber(n.Right)
	left, right := l.node(n.Left), ast.Node(nil)
	if p := l.patterns[n]; p != nil {
		return l.call(n, "matches", left, &ast.ConstantNode{Value: p})
	}
	if items, ok := n.Right.(*ast.ArrayNode); ok && n.Operator == "in" && literals(items) {
		right = constants(items)
	} else {
		right = l.node(n.Right)
	}
	n.Left, n.Right = left, right
	switch n.Operator {
	case "==", "!=":
		if simple {
			return n
		}
		equal := l.call(n, "==", left, right)
		if n.Operator == "==" {
			return equal
		}
		not := &ast.UnaryNode{Operator: "not", Node: equal}
		not.SetLocation(n.Location())
		return not
	case "<", ">", "<=", ">=":
		if number {
			return n
		}
	case "and", "&&", "or", "||", "??":
		return n
	}
	return l.call(n, n.Operator, left, right)
}

func isNil(n ast.Node) bool { _, ok := n.(*ast.NilNode); return ok }

func isNumber(n ast.Node) bool {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return true
	}
	return false
}

// constants makes a list of literals once instead of in each run.
func constants(n *ast.ArrayNode) ast.Node {
	list := make([]any, 0, len(n.Nodes))
	for _, item := range n.Nodes {
		switch item := item.(type) {
		case *ast.StringNode:
			list = append(list, item.Value)
		case *ast.IntegerNode:
			list = append(list, item.Value)
		case *ast.FloatNode:
			list = append(list, item.Value)
		case *ast.BoolNode:
			list = append(list, item.Value)
		}
	}
	c := &ast.ConstantNode{Value: list}
	c.SetLocation(n.Location())
	return c
}
