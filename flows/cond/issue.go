package cond

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// Issue is something wrong in an expression, said so that its author can mend it.
type Issue struct {
	Offset  int    // bytes from the start of the source to the offending part
	Rule    string // one of the rule codes below
	Text    string // what is wrong
	Hint    string // what to write instead; may be ""
	Warning bool   // the expression may still run

	// Tolerated is a Warning of CompileStored that is an error of Compile.
	Tolerated bool
}

// stopsRun reports whether an expression that breaks the rule cannot be run at all. What
// breaks another, or one that is made later, runs as far as its values allow.
func stopsRun(rule string) bool {
	switch rule {
	case RuleSyntax, RuleTooLarge, RuleNotAllowed, RuleTemplate, RuleUnknownRoot, RuleUnknownFunction, RuleArguments, RulePattern:
		return true
	}
	return false
}

// The rule codes of issues.
const (
	RuleSyntax          = "expr-syntax"        // it does not parse
	RuleTooLarge        = "expr-too-large"     // longer, deeper or of more parts than allowed
	RuleNotAllowed      = "expr-not-allowed"   // expr has it, conditions do not
	RuleTemplate        = "expr-template"      // ${{ }}, {{ }} and the like
	RuleUnknownRoot     = "unknown-root"       // no such root
	RuleUnknownField    = "unknown-field"      // no such member
	RuleUnknownFunction = "unknown-function"   // no such function
	RuleArguments       = "wrong-arguments"    // number of arguments
	RuleType            = "wrong-type"         // an operand or argument of the wrong kind
	RuleNeverEqual      = "never-equal"        // compared values of different kinds
	RuleNotBoolean      = "not-boolean"        // a condition that is not true or false
	RuleNotScalar       = "not-scalar"         // a match on a list, an object, a fraction
	RulePattern         = "bad-pattern"        // a regular expression
	RuleOptionalRead    = "optional-read"      // unguarded read of what may be missing
	RuleMaybeUnset      = "maybe-unset"        // the same for a node or variable (set by the environment's Field)
	RuleNeverTrue       = "never-true"         // a test that no value passes
	RuleConstant        = "constant-condition" // warning: a condition that can only be one value
	RuleUnknownValue    = "unknown-value"      // warning: a value that the schema does not list
)

// issues collects without saying the same thing of the same place twice.
type issues []Issue

func (l *issues) add(i Issue) {
	for _, old := range *l {
		if old.Offset == i.Offset && old.Rule == i.Rule {
			return
		}
	}
	*l = append(*l, i)
}

// tolerate makes warnings of the issues that leave the expression able to run.
func (l issues) tolerate() {
	for i := range l {
		if !l[i].Warning && !stopsRun(l[i].Rule) {
			l[i].Warning, l[i].Tolerated = true, true
		}
	}
}

func (l issues) sorted() []Issue {
	slices.SortStableFunc(l, func(a, b Issue) int { return cmp.Compare(a.Offset, b.Offset) })
	return l
}

func (l issues) fatal() bool {
	return slices.ContainsFunc(l, func(i Issue) bool { return !i.Warning })
}

// offsets turns expr's positions, which count runes, into bytes.
type offsets []int

func newOffsets(src string) offsets {
	n := utf8.RuneCountInString(src)
	if n == len(src) {
		return nil
	}
	out := make(offsets, 0, n+1)
	for i := range src {
		out = append(out, i)
	}
	return append(out, len(src))
}

func (o offsets) byte(rune int) int {
	if o == nil {
		return rune
	}
	return o[min(rune, len(o)-1)]
}
