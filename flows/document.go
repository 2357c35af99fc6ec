package flows

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/flows/cond"
	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// YAML is a value of a document, in its place. Pairs are its members if it is a map,
// Items if it is a list, Value what it is if it is neither.
type YAML = yamldoc.Node

// Document reads a YAML file that belongs to flows but is none, such as a flow test,
// by the same rules: the same part of YAML, problems with their place and remedy, all of
// them at once. It is not safe for concurrent use.
type Document struct{ p *parser }

// ReadDocument reads a file; its name is repeated in the problems and may be "".
func ReadDocument(file string, src []byte) *Document { return &Document{newParser(file, src, false)} }

// Root is the outermost value, nil if nothing is usable.
func (d *Document) Root() *YAML { return d.p.doc.Root }

// Problems are all that were found so far, sorted by place.
func (d *Document) Problems() []Problem { return d.p.done() }

// Problem adds one at a place of the document.
func (d *Document) Problem(at Pos, rule, text, hint string) { d.p.add(at, "", rule, text, hint) }

// Place is where a value begins.
func (d *Document) Place(n *YAML) Pos { return place(n) }

// Keys reads a map: each known key by its function, in the order of writing; others are
// problems with the likeliest correction, and so are required ones that are missing.
// what names the map in texts ("a step").
func (d *Document) Keys(n *YAML, what string, table map[string]func(*YAML), required ...string) {
	if !d.p.is(n, yamldoc.Map, "a map") {
		return
	}
	for _, pair := range n.Pairs {
		switch read := table[pair.Key.Text]; {
		case read != nil:
			read(pair.Value)
		case !d.splitAt(n, pair):
			d.p.problem(pair.Key, ruleUnknownKey, fmt.Sprintf("%s has no key `%s`", what, pair.Key.Text),
				d.p.suggest(pair.Key.Text, slices.Sorted(maps.Keys(table))))
		}
	}
	for _, key := range required {
		if n.Get(key) == nil {
			d.p.problem(n, ruleMissingKey, fmt.Sprintf("%s needs `%s`", what, key), "")
		}
	}
}

// splitAt reports whether a pair is the rest of an expression that the comma of a
// one-line map has split; the problem is reported where the expression begins.
func (d *Document) splitAt(n *YAML, pair yamldoc.Pair) bool {
	if !n.Flow || pair.Value.Kind != yamldoc.Scalar || pair.Value.Value != nil {
		return false
	}
	return slices.ContainsFunc(n.Pairs, func(before yamldoc.Pair) bool {
		return before.Key.Line <= pair.Key.Line && before.Value.IsText() && unclosed(before.Value.Text)
	})
}

// Each reads the members of a map whose keys are names of the author's choice.
func (d *Document) Each(n *YAML, read func(key, value *YAML)) {
	if d.p.is(n, yamldoc.Map, "a map") {
		for _, pair := range n.Pairs {
			read(pair.Key, pair.Value)
		}
	}
}

// Items are the members of a list.
func (d *Document) Items(n *YAML) []*YAML {
	if !d.p.is(n, yamldoc.List, "a list") {
		return nil
	}
	return n.Items
}

// Text reads a text that is no expression.
func (d *Document) Text(n *YAML) string { return d.p.text(n) }

// Bool reads true or false.
func (d *Document) Bool(n *YAML) bool { return d.p.boolean(n) }

// Duration reads a number with its unit, of one second to 30 days.
func (d *Document) Duration(n *YAML) time.Duration { return d.p.duration(n) }

// Value reads a constant, an expression, or a map or list that holds some.
func (d *Document) Value(n *YAML) Value { return *d.p.value(n) }

// Members reads a map of names to values.
func (d *Document) Members(n *YAML) []Member { return d.p.members(n) }

// Condition reads an expression that needs no `=`; nil if there is none.
func (d *Document) Condition(n *YAML) *Expr { return d.p.condition(n) }

// Compile compiles an expression of this document against env.
func (d *Document) Compile(e *Expr, env *cond.Type, want cond.Want) {
	if e == nil {
		return
	}
	program, issues := cond.Compile(e.Source, env, want)
	for _, i := range issues {
		if i.Rule == cond.RuleConstant {
			continue // a test may expect what its types already promise
		}
		line, col := d.p.doc.Place(e.source, e.offset+i.Offset)
		d.Problem(Pos{line, col}, i.Rule, i.Text, i.Hint)
	}
	e.Program = program
}

// CompileValue compiles the expressions in a value of this document.
func (d *Document) CompileValue(v *Value, env *cond.Type) {
	d.Compile(v.Expr, env, cond.WantAny)
	for i := range v.Map {
		d.CompileValue(&v.Map[i].Value, env)
	}
	for i := range v.List {
		d.CompileValue(&v.List[i], env)
	}
}

// DidYouMean is a hint naming the candidate nearest to word, or all if they are few; ""
// if none is near.
func DidYouMean(word string, candidates []string) string { return didYouMean(word, candidates) }
