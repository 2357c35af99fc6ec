package flows

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mfaflow/mfaflow/flows/cond"
)

// scope is the place an expression stands at: after which node's doing, in what state.
type scope struct {
	at    int   // position of the node, -1 for none
	state state // what may be known
	out   *cond.Type
	after bool // the node has its result
}

// before is the scope of what a node is given.
func (c *checker) before(i int) scope { return scope{at: i, state: c.entered(i)} }

// after is the scope of what follows on some outcomes of a node.
func (c *checker) after(i int, outcomes []string) scope {
	s := c.afterOutcome(i, outcomes)
	return scope{at: i, state: s, out: c.outType(i, s[i]), after: true}
}

// during is the scope of `set`: all its values are computed before any is set.
func (c *checker) during(i int) scope {
	s, entered := c.after(i, c.results[i].all), c.entered(i)
	for _, m := range c.f.Nodes[i].Set {
		if m.Name != c.f.Nodes[i].Save {
			s.state[c.slots[m.Name]] = entered[c.slots[m.Name]]
		}
	}
	return s
}

// onError is the scope of what stands beside a catch edge of a node.
func (c *checker) onError(i int) scope { return scope{at: i, state: c.afterError(i)} }

// env is the type of the roots at a scope. Only the nodes that src names are in it, for
// large flows would make it large.
func (c *checker) env(s scope, src string) *cond.Type {
	roots := map[string]cond.Field{
		"inputs": always(c.inputType()),
		"nodes":  always(c.nodesType(s, src)),
		"vars":   always(c.varsType(s, src)),
		"client": always(clientType()),
		"request": always(objectType(map[string]cond.Field{
			"ip": always(&cond.Type{Kind: cond.String, Format: cond.FormatIP}), "userAgent": always(textType()), "origin": always(textType()),
		})),
		"flow": always(objectType(map[string]cond.Field{
			"id": always(textType()), "revision": always(textType()), "execution": always(textType()),
		})),
		"env": always(c.envType()),
	}
	e := cond.Field{Type: errorType()}
	if s.state[c.errorSlot()]&unset != 0 {
		e.Absent, e.Rule = c.unsetNote(c.errorSlot(), s), cond.RuleMaybeUnset
	}
	roots["error"] = e
	if s.out != nil {
		roots["out"] = always(s.out)
	}
	return objectType(roots)
}

func clientType() *cond.Type {
	return objectType(map[string]cond.Field{
		"webauthn":      always(enumType([]string{"FULL", "SECURITY_KEY_ONLY", "NONE"})),
		"locale":        optional(textType(), "the client may say nothing"),
		"deviceSession": optional(&cond.Type{Kind: cond.String, Secret: true}, "the browser may be new"),
	})
}

func errorType() *cond.Type {
	return objectType(map[string]cond.Field{
		"code":    always(textType()),
		"message": optional(textType(), "not every error has one"),
		"details": optional(&cond.Type{Kind: cond.Object, Open: true}, "not every error has some"),
		"path":    always(&cond.Type{Kind: cond.List, Items: textType()}),
	})
}

func (c *checker) envType() *cond.Type {
	t := objectType(map[string]cond.Field{})
	if c.lib.AnyEnv {
		t.Open, t.Items = true, textType()
	}
	for _, name := range c.lib.Env {
		t.Fields[name] = always(textType())
	}
	return t
}

var nodeName = regexp.MustCompile(`\bnodes\s*\??\s*\.\s*([A-Za-z_][A-Za-z0-9_]*)`)
var varName = regexp.MustCompile(`\bvars\s*\??\s*\.\s*([A-Za-z_][A-Za-z0-9_]*)`)

func (c *checker) nodesType(s scope, src string) *cond.Type {
	t := objectType(map[string]cond.Field{})
	for _, m := range nodeName.FindAllStringSubmatch(src, -1) {
		i, ok := c.index[m[1]]
		if !ok {
			t.Fields[m[1]] = always(&cond.Type{}) // reported as unknown-node
			continue
		}
		f := cond.Field{Type: c.resultType(i, s.state[i])}
		if s.state[i]&unset != 0 {
			f.Absent, f.Rule = c.unsetNote(i, s), cond.RuleMaybeUnset
			f.Type = onlyVisits(f.Type, f)
		}
		t.Fields[m[1]] = f
	}
	return t
}

// onlyVisits is what a node that was entered and left by an error still has: visits.
func onlyVisits(t *cond.Type, absent cond.Field) *cond.Type {
	if t.Kind != cond.Object {
		return t
	}
	o := *t
	o.Fields = make(map[string]cond.Field, len(t.Fields))
	for name, f := range t.Fields {
		if name != "visits" && f.Absent == "" {
			f.Absent, f.Rule = absent.Absent, absent.Rule
		}
		o.Fields[name] = f
	}
	return &o
}

func (c *checker) varsType(s scope, src string) *cond.Type {
	t := objectType(map[string]cond.Field{})
	for _, name := range c.namedVariables(src) {
		v := c.vars[name]
		f := cond.Field{Type: v.typ}
		if f.Type == nil {
			f.Type = &cond.Type{}
		}
		if s.state[c.slots[name]]&unset != 0 {
			f.Absent, f.Rule = c.unsetNote(c.slots[name], s), cond.RuleMaybeUnset
		}
		t.Fields[name] = f
	}
	return t
}

var anyVars = regexp.MustCompile(`\bvars\b`)

// namedVariables lists the variables that an expression may read: those that it names,
// all if it reads `vars` as a whole.
func (c *checker) namedVariables(src string) []string {
	named := varName.FindAllStringSubmatch(src, -1)
	if len(anyVars.FindAllString(src, -1)) > len(named) {
		return slices.Collect(maps.Keys(c.vars))
	}
	var names []string
	for _, m := range named {
		if c.vars[m[1]] != nil {
			names = append(names, m[1])
		}
	}
	return names
}

// unsetNote stands for the path on which a slot is unset. The path is searched only
// when a problem shows it: see explainNotes.
func (c *checker) unsetNote(at int, s scope) string {
	return fmt.Sprintf("⟨path %d %d⟩", s.at, at)
}

var note = regexp.MustCompile(`⟨path (-?\d+) (\d+)⟩`)

func (c *checker) explainNotes(text string) string {
	return note.ReplaceAllStringFunc(text, func(m string) string {
		parts := note.FindStringSubmatch(m)
		node, err1 := strconv.Atoi(parts[1])
		at, err2 := strconv.Atoi(parts[2])
		if err1 != nil || err2 != nil || node < 0 {
			return "some path leaves it unset"
		}
		if path := c.pathWithout(node, at); path != "" {
			return "it is unset on the path " + path
		}
		if at == node {
			return "it is unset until the node is done"
		}
		return "no path sets it before"
	})
}

// unknownNames reports nodes and variables that an expression names and nobody has.
func (c *checker) unknownNames(e *Expr, node string) (missing bool) {
	for _, m := range nodeName.FindAllStringSubmatchIndex(e.Source, -1) {
		name := e.Source[m[2]:m[3]]
		if _, ok := c.index[name]; !ok && !quotedAt(e.Source, m[2]) {
			hint := c.suggest(name, c.nodeIDs())
			if strings.HasPrefix(e.Source[m[3]:], "-") {
				hint = "expressions read `-` as minus: ids of nodes are joined by `_`"
			}
			c.exprProblem(e, m[2], node, ruleUnknownNode, fmt.Sprintf("there is no node `%s`", name), hint)
			missing = true
		}
	}
	for _, m := range varName.FindAllStringSubmatchIndex(e.Source, -1) {
		name := e.Source[m[2]:m[3]]
		if c.vars[name] == nil && !quotedAt(e.Source, m[2]) {
			known := make([]string, 0, len(c.vars))
			for v := range c.vars {
				known = append(known, v)
			}
			slices.Sort(known)
			hint := c.suggest(name, known)
			if hint == "" {
				hint = "write it with `save:` or `set:`"
			}
			c.exprProblem(e, m[2], node, ruleUndeclared, fmt.Sprintf("no node writes the variable `%s`", name), hint)
			missing = true
		}
	}
	return missing
}

// exprProblem reports a problem at an offset of an expression.
func (c *checker) exprProblem(e *Expr, offset int, node, rule, text, hint string) {
	if !c.hasRoom(rule) {
		return
	}
	at := e.Pos
	if e.source != nil && c.f.doc != nil {
		at.Line, at.Column = c.f.doc.Place(e.source, e.offset+offset)
	}
	c.add(at, node, rule, c.explainNotes(text), c.explainNotes(strings.TrimSpace(hint)))
}
