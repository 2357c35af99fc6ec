package cond

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// The functions that a condition may call, with the least and most arguments.
var functions = map[string][2]int{
	"has": {1, 1}, "len": {1, 1},
	"any": {2, 2}, "all": {2, 2}, "none": {2, 2}, "one": {2, 2}, "count": {2, 2}, "find": {2, 2}, "filter": {2, 2},
	"first": {1, 1}, "last": {1, 1}, "keys": {1, 1}, "values": {1, 1},
	"lower": {1, 1}, "upper": {1, 1}, "trim": {1, 2},
	"int": {1, 1}, "float": {1, 1}, "string": {1, 1},
	"now": {0, 0},
}

// instead says what to write for functions of expr and of other languages.
var instead = map[string]string{
	"map": "name the members one by one, or give the whole list", "reduce": "ask with any, all, count, find or filter",
	"repeat": "write the text out", "replace": "compare with contains, startsWith, endsWith or matches",
	"join": "give the list itself", "split": "compare with contains or matches", "sum": "use count or len",
	"sort": "ask with find, first or last", "sortBy": "ask with find, first or last",
	"findIndex": "find gives the item itself", "findLast": "write last(filter(…))",
	"fromJSON": "members of JSON outputs are read by name", "toJSON": "give the object itself",
	"date": "now() and PingOne's timestamps compare as text", "duration": "use the timeout of a node",
	"size": "write len(x)", "length": "write len(x)", "isEmpty": "write len(x) == 0", "empty": "write len(x) == 0",
	"exists": "write has(x)", "defined": "write has(x)", "isset": "write has(x)", "default": "write x ?? y", "coalesce": "write x ?? y",
	"includes": "write x in list, or text contains x", "toLower": "write lower(x)", "toUpper": "write upper(x)",
	"str": "write string(x)", "toString": "write string(x)", "number": "write int(x) or float(x)", "parseInt": "write int(x)",
	"if": "write a ? b : c", "success": "route errors with catch", "failure": "route errors with catch", "always": "a list of next ends with a target without when",
	"get": "write x?.y, or x[key]",
}

func (c *checker) callNode(n *ast.CallNode) value {
	switch callee := n.Callee.(type) {
	case *ast.IdentifierNode:
		return c.call(n, callee.Value, n.Arguments)
	case *ast.MemberNode:
		name := memberText(callee)
		hint := instead[name]
		if f, ok := map[string]string{"toLowerCase": "lower", "toUpperCase": "upper", "trim": "trim", "size": "len", "length": "len"}[name]; ok {
			hint = fmt.Sprintf("write %s(%s)", f, show(callee.Node))
		}
		if hint == "" {
			hint = "the functions are " + list((&Type{Fields: functionFields()}).names())
		}
		c.issue(c.pos(callee), RuleUnknownFunction, "values have no methods: "+name+" cannot be called", hint)
		c.step(callee.Node)
	}
	for _, a := range n.Arguments {
		c.expr(a)
	}
	return anyValue()
}

func functionFields() map[string]Field {
	out := make(map[string]Field, len(functions))
	for name := range functions {
		out[name] = Field{}
	}
	return out
}

func (c *checker) call(n ast.Node, name string, args []ast.Node) value {
	arity, ok := functions[name]
	if !ok {
		c.unknownFunction(n, name, args)
		return anyValue()
	}
	if len(args) < arity[0] || len(args) > arity[1] {
		want := fmt.Sprint(arity[0])
		if arity[0] != arity[1] {
			want = fmt.Sprintf("%d or %d", arity[0], arity[1])
		}
		hint := ""
		if name == "count" {
			hint = "len(list) counts all of them"
		}
		c.issue(c.pos(n), RuleArguments, fmt.Sprintf("%s takes %s arguments, and %d are given", name, want, len(args)), hint)
		return anyValue()
	}
	switch name {
	case "has":
		return c.has(args[0])
	case "any", "all", "none", "one", "count", "find", "filter":
		return c.predicate(n, name, args)
	case "now":
		return scalar(String)
	}
	v := c.expr(args[0])
	out := c.apply(n, name, args[0], v)
	out.secret = out.secret || v.secret
	if len(args) == 2 {
		cut := c.expr(args[1])
		c.argument(cut, args[1], name, String)
		out.secret = out.secret || cut.secret
	}
	return out
}

// apply types the functions of one value.
func (c *checker) apply(n ast.Node, name string, arg ast.Node, v value) value {
	switch name {
	case "len":
		c.argument(v, arg, name, List, String, Object)
		return scalar(Number)
	case "first", "last":
		c.argument(v, arg, name, List)
		return c.item(n, v, "the list may be empty")
	case "keys":
		c.argument(v, arg, name, Object)
		return value{typ: &Type{Kind: List, Items: &Type{Kind: String}}}
	case "values":
		c.argument(v, arg, name, Object)
		return value{typ: &Type{Kind: List, Items: &Type{Secret: v.typ.HasSecret()}}}
	case "int", "float":
		c.argument(v, arg, name, Number, String)
		return scalar(Number)
	case "string":
		c.argument(v, arg, name, String, Number, Bool)
		return scalar(String)
	default: // lower, upper, trim
		c.argument(v, arg, name, String)
		return scalar(String)
	}
}

// argument demands a value of one of the kinds.
func (c *checker) argument(v value, n ast.Node, name string, kinds ...Kind) {
	ok := v.typ.Kind == Any
	words := make([]string, len(kinds))
	for i, k := range kinds {
		ok = ok || v.typ.Kind == k
		words[i] = k.String()
	}
	if !ok {
		c.issue(c.pos(n), RuleType, fmt.Sprintf("%s takes %s, and %s is %s", name, strings.Join(words, " or "), show(n), describe(v.typ)), "")
		return
	}
	c.present(v, n, name)
}

// item is one item of a list that may have none.
func (c *checker) item(n ast.Node, list value, why string) value {
	t := known(nil)
	if list.typ.Kind == List {
		t = known(list.typ.Items)
	}
	return value{typ: present(t), secret: list.secret || t.Secret,
		gap: &gap{offset: c.pos(n), rule: RuleOptionalRead, name: show(n), why: why}}
}

func (c *checker) has(arg ast.Node) value {
	if c.pathOf(arg) == "" {
		c.issue(c.pos(arg), RuleArguments, "has takes a path, as in has(vars.auth.error)", "write x != nil for anything else")
	}
	lenient := c.lenient
	c.lenient = true
	v := c.expr(arg)
	c.lenient = lenient
	return value{typ: &Type{Kind: Bool}, secret: v.secret}
}

func (c *checker) predicate(n ast.Node, name string, args []ast.Node) value {
	list := c.expr(args[0])
	c.argument(list, args[0], name, List)
	item := &Type{}
	if list.typ.Kind == List {
		item = known(list.typ.Items)
	}
	if path := c.pathOf(args[0]); name == "all" && (path == "" || !c.holds(path+pathSeparator+anyItem)) {
		c.vacuous = append(c.vacuous, c.pos(n))
	}
	if len(c.items) == maxLoops {
		c.issue(c.pos(n), RuleTooLarge, "predicates are nested deeper than one in another", "compute the inner one with `set` in a node before this one")
	}
	p := value{typ: present(item), path: itemPath(len(c.items) + 1), secret: list.secret || item.Secret}
	if item.Nullable {
		p.gap = &gap{offset: c.pos(args[1]), rule: RuleOptionalRead, name: "the item", why: "it may be null"}
	}
	facts := c.facts
	c.items = append(c.items, p)
	body := c.expr(args[1].(*ast.PredicateNode).Node)
	c.boolean(body, args[1], "the predicate of "+name)
	c.items = c.items[:len(c.items)-1]
	c.facts = facts
	secret := list.secret || body.secret
	switch name {
	case "count":
		return value{typ: &Type{Kind: Number}, secret: secret}
	case "find":
		v := c.item(n, list, "there may be none")
		v.secret = v.secret || secret
		return v
	case "filter":
		return value{typ: &Type{Kind: List, Items: item}, secret: secret}
	}
	return value{typ: &Type{Kind: Bool}, secret: secret}
}

func (c *checker) unknownFunction(n ast.Node, name string, args []ast.Node) {
	names := (&Type{Fields: functionFields()}).names()
	for _, a := range args {
		if p, ok := a.(*ast.PredicateNode); ok {
			c.items = append(c.items, value{typ: &Type{}})
			c.expr(p.Node)
			c.items = c.items[:len(c.items)-1]
			continue
		}
		c.expr(a)
	}
	hint, known := instead[name]
	if !known {
		hint = "the functions are " + strings.Join(names, ", ")
	}
	if b, isBuiltin := n.(*ast.BuiltinNode); isBuiltin {
		c.issue(c.pos(b), RuleNotAllowed, "the function "+name+" is not part of the language", hint)
		return
	}
	c.issue(c.pos(n), RuleUnknownFunction, "there is no function "+name+didYouMean(name, names), hint)
}

// The size of a regular expression: its text, and the instructions it compiles to,
// because `x{1000}` is short and long at once.
const (
	maxPattern      = 1 << 10
	maxInstructions = 2000
)

// pattern is a compiled regular expression with its cost.
type pattern struct {
	re           *regexp.Regexp
	instructions int
}

// pattern compiles the right side of `matches`, which must be a constant so that it is
// refused at load and never compiled while a flow runs.
func (c *checker) pattern(n *ast.BinaryNode) {
	s, ok := n.Right.(*ast.StringNode)
	if !ok {
		c.issue(c.pos(n.Right), RulePattern, "the pattern of matches must be a constant string", "use contains, startsWith or endsWith with a value")
		return
	}
	p, text, hint := compilePattern(s.Value)
	if text != "" {
		c.issue(c.pos(s), RulePattern, text, hint)
		return
	}
	c.patterns[n] = p
}

func compilePattern(text string) (p *pattern, problem, hint string) {
	if len(text) > maxPattern {
		return nil, fmt.Sprintf("the pattern has %d bytes, at most %d are allowed", len(text), maxPattern), ""
	}
	re, err := regexp.Compile(text)
	if err != nil {
		hint := "patterns are RE2, without look-around and back-references"
		return nil, "the pattern is not valid: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "), hint
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, "the pattern is not valid", ""
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(prog.Inst) > maxInstructions {
		return nil, "the pattern repeats too much", "use smaller counts in { }"
	}
	return &pattern{re: re, instructions: len(prog.Inst)}, "", ""
}
