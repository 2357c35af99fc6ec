package cond

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/mfaflow/mfaflow/connector"
)

type code = vm.Program

// maxResultDepth bounds results: what is deeper, or refers to itself, cannot be stored
// or sent (security A-59).
const maxResultDepth = 64

// frame is what one run needs, kept for the next.
type frame struct {
	vm  vm.VM
	env map[string]any
}

// Run evaluates the expression over env, plain data by the names of the roots: maps
// with string keys, slices, strings, numbers, booleans, nil. Neither env nor what it
// holds is changed; the result may share parts of it.
//
// The result is plain data too: a boolean for WantBool; nil, a string, a boolean or an
// int for WantMatch. All errors are *connector.Error: LIMIT_EXCEEDED when the budget
// ended it, else EXPRESSION_FAILED, with words that never repeat a value. A nil budget
// is one of DefaultLimits at the zero time.
func (p *Program) Run(env map[string]any, b *Budget) (result any, err error) {
	if b == nil {
		b = NewBudget(DefaultLimits, time.Time{})
	}
	if err := b.steps(p.cost); err != nil {
		return nil, p.fail(err)
	}
	f, ok := p.frames.Get().(*frame)
	if !ok {
		f = &frame{env: make(map[string]any, len(p.roots)+1)}
	}
	f.env[budgetName] = b
	for _, name := range p.roots {
		f.env[name] = env[name]
	}
	f.vm.MemoryBudget = uint(b.left.Steps) + 1 // items of lists and maps made; never 0, which is expr's default
	result, err = f.vm.Run(p.code, f.env)
	clear(f.env)
	clear(f.vm.Stack[:cap(f.vm.Stack)])
	p.frames.Put(f)
	if err == nil {
		result, err = finish(result, p.want, b)
	}
	if err != nil {
		return nil, p.fail(err)
	}
	return result, nil
}

// finish holds a result against what its place needs.
func finish(v any, want Want, b *Budget) (any, error) {
	switch want {
	case WantBool:
		if _, ok := v.(bool); !ok {
			return nil, failf("the result is %s, not true or false", kindName(v))
		}
		return v, nil
	case WantMatch:
		switch v.(type) {
		case nil, bool, string:
			return v, nil
		}
		if n, ok := toInt(v); ok {
			return n, nil
		}
		return nil, failf("the result is %s; match needs a string, a boolean or an integer", kindName(v))
	}
	return settle(v, b, 0)
}

// fail words an error for the operator. The texts of expr are not passed on: they may
// hold values.
func (p *Program) fail(err error) error {
	const most = 120
	source := p.source
	if r := []rune(source); len(r) > most {
		source = string(r[:most]) + "…"
	}
	place := ""
	var at *file.Error
	if errors.As(err, &at) {
		place = fmt.Sprintf(" at column %d", at.Column+1)
	}
	code, text := connector.CodeExpressionFailed, "a value is not of the type that the expression needs"
	var spent *exceeded
	var reason failure
	switch {
	case errors.As(err, &spent):
		code, text = connector.CodeLimitExceeded, spent.what
	case errors.As(err, &reason):
		text = string(reason)
	case at == nil:
	case strings.HasPrefix(at.Message, "memory budget exceeded"):
		code, text = connector.CodeLimitExceeded, "the expression makes lists larger than allowed"
	case strings.HasPrefix(at.Message, "index out of range"):
		text = "the index is outside of the list"
	case strings.HasPrefix(at.Message, "cannot fetch"):
		text = "a member is read of a value that has none"
	}
	return &connector.Error{Code: code, Err: fmt.Errorf("expression `%s`%s: %s", source, place, text)}
}
