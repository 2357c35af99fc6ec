package cond

import (
	"time"
)

// Want says what the place of an expression needs its result to be.
type Want uint8

// The wants.
const (
	WantAny   Want = iota
	WantBool       // when, until, expect
	WantMatch      // match: a string, boolean or integer
)

// Issue is something wrong in an expression.
type Issue struct {
	Offset  int // bytes from the start of the source to the offending part
	Rule    string
	Text    string
	Hint    string
	Warning bool // the expression may still run
}

// Program is an expression, checked and compiled.
type Program struct {
	source string
	typ    *Type
	reads  [][]string
}

// Source is the text that was compiled.
func (p *Program) Source() string { return p.source }

// Type is the type of the result; Secret if derived from a secret.
func (p *Program) Type() *Type { return p.typ }

// Reads are the paths that the expression reads.
func (p *Program) Reads() [][]string { return p.reads }

// Compile checks src against env, an Object whose fields are the roots.
func Compile(src string, env *Type, want Want) (*Program, []Issue) {
	return &Program{source: src, typ: &Type{}}, nil
}

// Run evaluates the expression.
func (p *Program) Run(env map[string]any, b *Budget) (any, error) { return nil, nil }

// Limits bound what the expressions of one step may do.
type Limits struct {
	Steps int
	Bytes int
}

// DefaultLimits are the limits of a step.
var DefaultLimits = Limits{Steps: 100_000, Bytes: 1 << 20}

// Budget is what is left of the Limits of one step.
type Budget struct {
	left Limits
	now  time.Time
}

// NewBudget makes the budget of one step.
func NewBudget(l Limits, now time.Time) *Budget { return &Budget{left: l, now: now} }

// FromSchema makes the type of a JSON Schema.
func FromSchema(doc map[string]any) *Type { return &Type{} }

// Assignable says why a value of from may not be given to to; "" if it may.
func Assignable(from, to *Type) (problem string) { return "" }
