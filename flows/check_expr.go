package flows

import (
	"slices"
	"strings"
	"unicode"

	"github.com/mfaflow/mfaflow/flows/cond"
)

// compile compiles an expression at a scope and reports what is wrong with it.
func (c *checker) compile(e *Expr, node string, s scope, want cond.Want) {
	if e == nil {
		return
	}
	if c.unknownNames(e, node) {
		return
	}
	env := c.env(s, e.Source)
	if !c.spend(costOfExpr + len(env.Fields["nodes"].Type.Fields) + len(env.Fields["vars"].Type.Fields)) {
		return
	}
	compile := cond.Compile
	if c.stored {
		compile = cond.CompileStored
	}
	prog, issues := compile(e.Source, env, want)
	said := map[string]bool{}
	for _, i := range issues {
		if at := note.FindString(i.Text); at != "" {
			if said[at] {
				continue // the member of a node that is said to be unset
			}
			said[at] = true
			if i.Hint != "" && strings.Contains(i.Text, "nodes.") {
				i.Hint += "; a node that failed keeps only `visits`, so its members need `?.` too"
			}
		}
		c.exprIssue(e, node, i)
	}
	e.Program = prog
	if prog != nil {
		c.outlived(e, node, s)
	}
}

// exprIssue reports an issue of cond. Its warnings are ours only if the rule is one.
func (c *checker) exprIssue(e *Expr, node string, i cond.Issue) {
	before := len(c.problems)
	if i.Rule == cond.RuleUnknownRoot {
		i.Hint = foreignRoot(e.Source[i.Offset:], i.Hint)
	}
	c.exprProblem(e, i.Offset, node, i.Rule, i.Text, i.Hint)
	if len(c.problems) > before {
		c.problems[before].Warning, c.problems[before].Tolerated = i.Warning, i.Tolerated
	}
}

// foreignRoot explains roots that authors of other systems write by habit.
func foreignRoot(src, hint string) string {
	root := namePattern.FindString(leadingName(src))
	switch root {
	case "steps", "jobs", "needs", "local", "global", "states":
		return "what a node left behind is read as `nodes.ID`, what it gives just now as `out`"
	case "secrets":
		return "bindings are configured outside the flow and read as `env.NAME`"
	case "github", "runner", "matrix", "context", "ctx":
		return "facts of the execution are `flow`, `request` and `client`; what a start gives is `inputs`"
	case "identity", "user", "session", "traits":
		return "a user is read from the node that found it: `nodes.ID.user`"
	case "output", "result", "response":
		return "what the node gives just now is `out`"
	case "variables", "var":
		return "variables are `vars.NAME`"
	case "input", "params":
		return "what a start gives is `inputs.NAME`"
	}
	return hint
}

// leadingName is the name that an expression begins with.
func leadingName(src string) string {
	for i, c := range src {
		if c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return src[:i]
		}
	}
	return src
}

// exprType is the type of an expression that may not have compiled.
func exprType(e *Expr) *cond.Type {
	if e == nil || e.Program == nil {
		return &cond.Type{}
	}
	return e.Program.Type()
}

// outlived reports reads of secret form fields that are gone because a wait has passed.
func (c *checker) outlived(e *Expr, node string, s scope) {
	for _, path := range e.Program.Reads() {
		if c.secretInput(path) && s.state[c.inputsSlot()].isStale() {
			c.exprProblem(e, max(strings.Index(e.Source, "inputs"), 0), node, ruleSecretOutlives,
				"a secret input is forgotten when a person is asked, and one may have been asked before",
				"use it before the first screen and before a `call`")
		}
		if len(path) < 2 || path[0] != "nodes" {
			continue
		}
		i, ok := c.index[path[1]]
		if !ok || !c.readsSecret(i, path[2:]) || len(path) < 4 {
			continue // a whole form is read without the secrets that are gone
		}
		if s.after && i == s.at || !s.state[i].isStale() {
			continue
		}
		text := "the secret is forgotten when the step ends, and a person is asked again in between"
		if p := c.pathStale(s.at, i); p != "" {
			text += ": " + p
		}
		c.exprProblem(e, offsetOf(e.Source, path[1]), node, ruleSecretOutlives, text,
			"use it in the step that received it: before the next screen and before a `call`")
	}
}

// secretInput reports whether a path leads to an input marked secret.
func (c *checker) secretInput(path []string) bool {
	return len(path) > 1 && path[0] == "inputs" &&
		slices.ContainsFunc(c.f.Inputs, func(in Input) bool { return in.Secret && in.Name == path[1] })
}

// readsSecret reports whether a path below nodes.<i> leads to a secret of a form.
func (c *checker) readsSecret(i int, path []string) bool {
	screen := c.f.Nodes[i].Screen
	if screen == nil || len(screen.Secret) == 0 {
		return false
	}
	if len(path) > 0 && path[0] != "form" {
		return false
	}
	return len(path) < 2 || slices.Contains(screen.Secret, path[1])
}

// offsetOf finds where an expression names a node.
func offsetOf(src, id string) int {
	for _, m := range nodeName.FindAllStringSubmatchIndex(src, -1) {
		if src[m[2]:m[3]] == id {
			return m[0]
		}
	}
	return 0
}

// value compiles the expressions in a value and returns its type.
func (c *checker) value(v *Value, node string, s scope) *cond.Type {
	switch {
	case v.broken:
		return &cond.Type{}
	case v.Expr != nil:
		c.compile(v.Expr, node, s, cond.WantAny)
		return exprType(v.Expr)
	case v.Map != nil:
		return c.members(v.Map, node, s)
	case v.List != nil:
		t := &cond.Type{Kind: cond.List}
		for i := range v.List {
			item := loose(c.value(&v.List[i], node, s))
			if i == 0 {
				t.Items = item
			} else {
				t.Items = either(t.Items, item)
			}
		}
		return t
	}
	return constType(v.Const)
}

// members compiles the expressions of named values. One whose expression may yield nil
// may be left out.
func (c *checker) members(list []Member, node string, s scope) *cond.Type {
	t := objectType(make(map[string]cond.Field, len(list)))
	for i := range list {
		mt := c.value(&list[i].Value, node, s)
		f := always(withoutNull(mt))
		if list[i].Value.Expr != nil && mt.Nullable {
			f = optional(f.Type, "its expression may give nil")
		}
		t.Fields[list[i].Name] = f
	}
	return t
}
