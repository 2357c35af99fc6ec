package cond

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// Want says what the place of an expression needs its result to be.
type Want uint8

// The wants.
const (
	WantAny   Want = iota // with, set, outputs, error: any plain value, or nil
	WantBool              // when, until, expect: true or false, never nil
	WantMatch             // match: a string, boolean or integer, or nil
)

// The sizes of an expression, held before anything walks it (security ).
const (
	maxSource  = 4 << 10 // bytes: some fifty lines; parsers have been exhausted by megabytes
	maxNesting = 64      // brackets: parsers recurse, and goroutine stacks overflow fatally
	maxNodes   = 300     // parts: what compiles in about 100 us
	maxLoops   = 2       // a predicate may hold one predicate: cost grows with the power of it
)

// Compile checks src against env, an Object whose fields are the roots, and compiles
// it. It returns all issues that it finds, sorted by position; the Program is nil
// unless all of them are warnings. A Program holds nothing of env but its types.
func Compile(src string, env *Type, want Want) (*Program, []Issue) {
	return compile(src, env, want, false)
}

// CompileStored is Compile for an expression that was accepted before, maybe by an
// earlier version: issues that do not keep it from running are warnings, Tolerated.
func CompileStored(src string, env *Type, want Want) (*Program, []Issue) {
	return compile(src, env, want, true)
}

func compile(src string, env *Type, want Want, stored bool) (*Program, []Issue) {
	at := newOffsets(src)
	found := scan(src, at)
	if found.fatal() && found[0].Rule == RuleTooLarge {
		return nil, found.sorted()
	}
	root, problem := parse(src, at)
	if problem != nil {
		if !found.fatal() {
			found.add(*problem)
		}
		return nil, found.sorted()
	}
	c := &checker{src: src, at: at, env: known(env), issues: found, patterns: map[ast.Node]*pattern{}, values: map[ast.Node]value{}, texts: map[ast.Node]string{}, unnamed: map[ast.Node]bool{}}
	result := c.result(root, want)
	if stored {
		c.issues.tolerate()
	}
	if c.issues.fatal() {
		return nil, c.issues.sorted()
	}
	if len(c.issues) == 0 {
		c.constants(root, want == WantBool)
	}
	p := &Program{source: src, typ: result, reads: c.reads, readAs: typesAt(c.env, c.reads), vacuous: c.vacuous, want: want}
	if err := p.lower(root, c); err != nil {
		c.issues.add(Issue{Rule: RuleSyntax, Text: fmt.Sprintf("does not compile: %v", err)})
		return nil, c.issues.sorted()
	}
	return p, c.issues.sorted()
}

// result types the whole expression and holds it against the place it stands in.
func (c *checker) result(root ast.Node, want Want) *Type {
	v := c.expr(root)
	switch want {
	case WantBool:
		c.boolean(v, root, "the condition")
	case WantMatch:
		if k := v.typ.Kind; k == List || k == Object {
			c.issue(c.pos(root), RuleNotScalar, "match needs a string, a boolean or an integer, and this is "+describe(v.typ),
				matchHint(k, show(root)))
		}
	}
	t := *v.typ.withTaint(v.taint)
	t.Nullable = v.gap != nil || t.Kind == Null
	return &t
}

// typesAt are the types at paths of the environment.
func typesAt(env *Type, paths [][]string) []*Type {
	types := make([]*Type, len(paths))
	for i, path := range paths {
		t := env
		for _, name := range path {
			owner := known(t)
			if t = owner.Member(name); t == nil {
				t = taintedType(taintOfName(name, nil))
			}
			t = t.withTaint(owner.ownTaint())
		}
		types[i] = t
	}
	return types
}

func matchHint(k Kind, text string) string {
	if k == List {
		return fmt.Sprintf("match len(%s)", text)
	}
	return fmt.Sprintf("match one member, %s.status for instance", text)
}

// read remembers a path that the expression reads.
func (c *checker) read(path []string) {
	if len(path) == 0 {
		return
	}
	if !slices.ContainsFunc(c.reads, func(p []string) bool { return slices.Equal(p, path) }) {
		c.reads = append(c.reads, slices.Clone(path))
	}
}
