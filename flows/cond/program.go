package cond

import (
	"sync"
)

// Program is an expression, checked and compiled. It is immutable and safe for
// concurrent use.
type Program struct {
	source  string
	typ     *Type
	reads   [][]string
	readAs  []*Type // of what is at each of reads
	vacuous []int
	want    Want
	cost    int      // parts of the expression: the steps of one run besides its loops
	roots   []string // the roots that a run needs
	code    *code
	frames  sync.Pool // of *frame
}

// Source is the text that was compiled.
func (p *Program) Source() string { return p.source }

// Type is the type of the result. It is Nullable if the result may be nil, Secret if
// it is a secret or was derived from one. A whole value that has secrets inside is not
// Secret itself: HasSecret tells.
func (p *Program) Type() *Type { return p.typ }

// Reads lists the paths that a run may read, as deep as they are static, in the order
// of the text: {"nodes", "otp", "form", "otp"}. A path that goes on with an index ends
// before it. The lists are read only.
func (p *Program) Reads() [][]string { return p.reads }

// ReadType is the type of what is at the i-th path of Reads.
func (p *Program) ReadType(i int) *Type { return p.readAs[i] }

// VacuousAll lists the bytes at which the expression asks all(…) of a list that may be
// empty, which is true then: len(x) > 0 or any(x, …) before it, joined by `and`, makes
// the list one that is not. The list is read only.
func (p *Program) VacuousAll() []int { return p.vacuous }
