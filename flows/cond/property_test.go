package cond

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mfaflow/mfaflow/connector"
)

// declared are the errors that a well-typed expression may still end with.
var declared = []string{"the index is outside of the list", "a number is not finite", "is not an integer", "is not a number", "is out of range"}

// TestWellTyped makes expressions at random and, of those that compile, demands over
// random data of the environment's type: no error of types, and a result of the type
// that was promised.
func TestWellTyped(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	out := env.Fields["out"].Type.Fields // without what is Any, where run errors are declared
	delete(out, "headers")
	delete(out, "anything")
	compiled, tried := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		g := &maker{rt: rt, env: env}
		src := g.expr(Kind(rapid.IntRange(int(Bool), int(Object)).Draw(rt, "kind")), 4)
		tried++
		p, _ := Compile(src, env, WantAny)
		if p == nil {
			return
		}
		compiled++
		for range 4 {
			data, _ := g.value(env, 0).(map[string]any)
			v, err := p.Run(data, testBudget())
			if err != nil {
				if errors.Is(err, &connector.Error{Code: connector.CodeLimitExceeded}) || isDeclared(err) {
					continue
				}
				rt.Fatalf("%s\nover %v\nends with %v", src, data, err)
			}
			if why := conforms(v, p.Type()); why != "" {
				rt.Fatalf("%s\nover %v\ngives %#v: %s", src, data, v, why)
			}
		}
	})
	if compiled*4 < tried {
		t.Errorf("only %d of %d expressions compiled: the property says little", compiled, tried)
	}
}

func isDeclared(err error) bool {
	for _, text := range declared {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// conforms says how v is not of type t.
func conforms(v any, t *Type) string {
	t = known(t)
	switch {
	case t.Kind == Any:
		return ""
	case v == nil:
		if t.Nullable || t.Kind == Null {
			return ""
		}
		return "nil, and the type is never nil"
	case kindOfValue(v) != t.Kind:
		return fmt.Sprintf("%T is not %s", v, t.Kind)
	}
	if len(t.Enum) > 0 && !inEnum(t.Enum, v) {
		return fmt.Sprintf("%v is none of %v", v, t.Enum)
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if why := conforms(item, t.Items); why != "" {
				return "item: " + why
			}
		}
	case map[string]any:
		for name, f := range t.Fields {
			item, ok := v[name]
			if (!ok || item == nil) && f.Absent != "" {
				continue
			}
			if why := conforms(item, f.Type); why != "" {
				return name + ": " + why
			}
		}
	}
	return ""
}

// maker draws values and expressions.
type maker struct {
	rt    *rapid.T
	env   *Type
	items []*Type // of the predicates around
}

func (g *maker) n(n int) int { return rapid.IntRange(0, n-1).Draw(g.rt, "n") }

func (g *maker) one(list ...string) string { return list[g.n(len(list))] }

// value is plain data of a type.
func (g *maker) value(t *Type, depth int) any {
	t = known(t)
	if t.Nullable && g.n(3) == 0 {
		return nil
	}
	if len(t.Enum) > 0 {
		return t.Enum[g.n(len(t.Enum))]
	}
	switch t.Kind {
	case Bool:
		return g.n(2) == 0
	case Number:
		return []any{0.0, 1.0, 2.0, -3.0, 2.5, 1e300, math.MaxInt64, 7}[g.n(8)]
	case String:
		return g.one("", "a", "u1", "d1", "12", "2.5", "é→", "COMPLETED")
	case List:
		list := make([]any, g.n(4))
		for i := range list {
			list[i] = g.value(t.Items, depth+1)
		}
		return list
	case Object:
		m := map[string]any{}
		for _, name := range t.names() {
			if f := t.Fields[name]; f.Absent == "" || g.n(2) == 0 {
				m[name] = g.value(f.Type, depth+1)
			}
		}
		return m
	}
	return nil
}

// path is a path to a value of a kind, or to anything if it finds none.
func (g *maker) path(kind Kind) string {
search:
	for range 12 {
		text, t := "", g.env
		if len(g.items) > 0 && g.n(2) == 0 {
			t = g.items[len(g.items)-1]
		} else {
			names := t.names()
			text = names[g.n(len(names))]
			t = known(t.Fields[text].Type)
		}
		for range 5 {
			if text != "" && (t.Kind == kind || t.Kind != Object && t.Kind != List) {
				break
			}
			switch {
			case t.Kind == List:
				text, t = text+g.one("[0]", "?.[0]", "[1]"), known(t.Items)
			case len(t.Fields) == 0:
				continue search
			default:
				names := t.names()
				name := names[g.n(len(names))]
				dot := "."
				if text != "" {
					dot = g.one(".", "?.", "?.")
				}
				text, t = text+dot+name, known(t.Fields[name].Type)
			}
		}
		if t.Kind == kind {
			return text
		}
	}
	return "nil"
}

// expr is an expression meant to be of a kind.
func (g *maker) expr(kind Kind, depth int) string {
	if depth == 0 || g.n(4) == 0 {
		return g.leaf(kind)
	}
	e := func(k Kind) string { return g.expr(k, depth-1) }
	switch g.n(9) {
	case 0:
		return fmt.Sprintf("(%s ? %s : %s)", e(Bool), e(kind), e(kind))
	case 1:
		p := g.path(kind)
		return fmt.Sprintf("(has(%s) ? %s : %s)", strings.ReplaceAll(p, "nil", "vars"), p, e(kind))
	case 2:
		return fmt.Sprintf("(%s ?? %s)", g.path(kind), e(kind))
	}
	switch kind {
	case Bool:
		return g.boolean(depth)
	case Number:
		return g.one("("+e(Number)+g.one(" + ", " - ", " * ", " / ", " % ", " ** ")+e(Number)+")", "len("+e(String)+")", "len("+e(List)+")",
			"int("+e(String)+")", "float("+e(Number)+")", "-"+e(Number), g.loop("count", depth))
	case String:
		return g.one("("+e(String)+" + "+e(String)+")", "lower("+e(String)+")", "trim("+e(String)+")", "string("+e(Number)+")", "now()")
	case List:
		return g.one("["+e(Number)+", "+e(String)+"]", "["+e(String)+"]", "[]", "keys("+e(Object)+")", "values("+e(Object)+")", g.loop("filter", depth))
	}
	return g.one("{a: "+e(String)+", b: "+e(Number)+"}", g.one("first", "last")+"("+g.lists()[g.n(3)]+")", g.loop("find", depth), "{}")
}

func (g *maker) leaf(kind Kind) string {
	if g.n(3) > 0 {
		return g.path(kind)
	}
	switch kind {
	case Bool:
		return g.one("true", "false")
	case Number:
		return g.one("0", "1", "2.5", "-7")
	case String:
		return g.one(`"a"`, `"ACTIVE"`, `"12"`, `""`)
	case List:
		return g.one("[]", "[1, 2]", `["a"]`)
	}
	return `{a: 1}`
}

func (g *maker) boolean(depth int) string {
	e := func(k Kind) string { return g.expr(k, depth-1) }
	p := g.path(Kind(g.n(3) + int(Bool)))
	switch g.n(9) {
	case 0:
		return "(" + e(Bool) + g.one(" and ", " or ", " && ", " || ") + e(Bool) + ")"
	case 1:
		return "not " + e(Bool)
	case 2:
		k := Kind(g.n(5) + int(Bool))
		return "(" + e(k) + g.one(" == ", " != ") + e(k) + ")"
	case 3:
		k := Kind(g.n(2) + int(Number))
		return "(" + e(k) + g.one(" < ", " >= ") + e(k) + ")"
	case 4:
		return "(" + e(String) + g.one(" contains ", " startsWith ", " endsWith ") + e(String) + ")"
	case 5:
		return "(" + e(String) + ` matches "^[a-z]+$")`
	case 6:
		return "(" + e(Kind(g.n(2)+int(Number))) + " in " + e(Kind(g.n(2)+int(List))) + ")"
	case 7:
		guard := g.one("(has(%[1]s) and %[1]s == %[2]s)", "(%[1]s != nil and len(%[1]s) > 0)", "(%[1]s == nil or lower(%[1]s) == %[2]s)",
			"(not (%[1]s == nil) and %[1]s)", `(%[1]s == "a" and %[1]s contains %[2]s)`, `(%[1]s in ["a", "b"] and upper(%[1]s) == %[2]s)`)
		return fmt.Sprintf(guard+"%.0[2]s", p, e(String))
	}
	return g.loop(g.one("any", "all", "none", "one"), depth)
}

func (g *maker) loop(name string, depth int) string {
	i, out := g.n(3), g.env.Fields["out"].Type.Fields
	item := out["devices"].Type.Items
	if i == 2 {
		item = out["groups"].Type.Items
	}
	g.items = append(g.items, known(item))
	body := g.expr(Bool, depth-1)
	g.items = g.items[:len(g.items)-1]
	return fmt.Sprintf("%s(%s, %s)", name, g.lists()[i], body)
}

// lists are of objects: two of devices, one of groups.
func (g *maker) lists() []string {
	return []string{"out.devices", "(vars.auth._embedded?.devices ?? [])", "(out.groups ?? [])"}
}
