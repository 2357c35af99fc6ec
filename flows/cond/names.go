package cond

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// The functions that a condition may call, with the least and most arguments.
var functions = map[string][2]int{
	"has": {1, 1}, "len": {1, 1},
	"any": {2, 2}, "all": {2, 2}, "none": {2, 2}, "one": {2, 2}, "count": {2, 2}, "find": {2, 2}, "filter": {2, 2}, "map": {2, 2},
	"first": {1, 1}, "last": {1, 1}, "keys": {1, 1}, "values": {1, 1},
	"lower": {1, 1}, "upper": {1, 1}, "trim": {1, 2},
	"int": {1, 1}, "float": {1, 1}, "string": {1, 1},
	"now": {0, 0},
}

// instead says what to write for functions of expr and of other languages.
var instead = map[string]string{
	"reduce": "ask with any, all, count, find or filter",
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

func functionFields() map[string]Field {
	out := make(map[string]Field, len(functions))
	for name := range functions {
		out[name] = Field{}
	}
	return out
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

func (c *checker) unknownRoot(n *ast.IdentifierNode) {
	offset, names := c.pos(n), c.env.names()
	switch strings.ToLower(n.Value) {
	case "null", "none", "undefined", "nil":
		c.issue(offset, RuleUnknownRoot, n.Value+" is not known", "write nil")
		return
	case "true", "yes", "on", "false", "no", "off":
		c.issue(offset, RuleUnknownRoot, n.Value+" is not known", "booleans are true and false")
		return
	}
	hint := "the roots are " + list(names)
	if closest(n.Value, names) == "" {
		hint = fmt.Sprintf("text stands in quotes, %q; the roots are %s", n.Value, list(names))
	}
	c.issue(offset, RuleUnknownRoot, "there is no root "+n.Value+didYouMean(n.Value, names), hint)
}

func (c *checker) unknownField(base value, n *ast.MemberNode, name string) {
	names, owner := base.typ.names(), show(n.Node)
	if owner == "" {
		owner = "the item"
	}
	if whole, ok := c.hyphenated(n, name, names); ok {
		c.issue(c.pos(n), RuleUnknownField, fmt.Sprintf("%s has no member %s: - is read as minus", owner, name),
			fmt.Sprintf("ids of nodes are snake_case: write %s.%s", owner, whole))
		return
	}
	text := fmt.Sprintf("%s has no member %s%s", owner, name, didYouMean(name, names))
	hint := "its members are " + list(names)
	if base.typ.Open {
		text = fmt.Sprintf("%s has no member %s in its schema%s", owner, name, didYouMean(name, names))
		hint += "; others pass through but cannot be named in a typed expression"
	}
	c.issue(c.pos(n), RuleUnknownField, text, hint)
}

// hyphenated finds the member meant by a name with hyphens, which expr takes for a
// subtraction.
func (c *checker) hyphenated(n *ast.MemberNode, name string, names []string) (string, bool) {
	end := c.pos(n) + len(name)
	if end >= len(c.src) || c.src[end] != '-' {
		return "", false
	}
	rest := c.src[end:]
	if i := strings.IndexFunc(rest, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}); i >= 0 {
		rest = rest[:i]
	}
	for _, candidate := range names {
		if candidate == strings.ReplaceAll(name+rest, "-", "_") {
			return candidate, true
		}
	}
	return "", false
}

func (c *checker) noMembers(base value, n *ast.MemberNode, name string) {
	owner := show(n.Node)
	text := fmt.Sprintf("%s is %s and has no member %s", owner, describe(base.typ), name)
	hint := ""
	switch {
	case base.typ.Kind == Null:
		return
	case name == "length" || name == "size" || name == "count":
		hint = fmt.Sprintf("write len(%s)", owner)
	case base.typ.Kind == List:
		hint = fmt.Sprintf("name an item, %s[0].%s, or ask all of them: any(%s, .%s == …)", owner, name, owner, name)
	}
	c.issue(c.pos(n), RuleUnknownField, text, hint)
}
