package cond

import (
	"fmt"
	"time"
)

// Limits bound what the expressions of one step may do together. They are counters, so
// the same expression over the same data always ends the same way.
type Limits struct {
	Steps int // parts evaluated, items visited; each is some 50 ns
	Bytes int // text made or read by functions, and text in results
}

// The default limits of a step. A predicate of four parts over 1,000 items costs 5,000
// steps; 250,000 are some 15 ms of the 50 ms that a step may compute at most. The state
// of an execution is at most 64 KB, so 1 MiB of text is every byte of it 16 times.
const (
	DefaultSteps = 250_000
	DefaultBytes = 1 << 20
)

// DefaultLimits are DefaultSteps and DefaultBytes. Nothing writes them.
var DefaultLimits = Limits{Steps: DefaultSteps, Bytes: DefaultBytes}

// Budget is what is left of the limits of one step. It is not safe for concurrent use:
// a step runs its expressions one after the other.
type Budget struct {
	left Limits
	now  time.Time
}

// NewBudget makes the budget of one step, whose now() is now.
func NewBudget(l Limits, now time.Time) *Budget { return &Budget{left: l, now: now} }

// Left says what is left of the limits.
func (b *Budget) Left() Limits { return b.left }

// exceeded is the error of a spent budget.
type exceeded struct{ what string }

func (e *exceeded) Error() string { return e.what }

func (b *Budget) steps(n int) error {
	if b.left.Steps -= n; b.left.Steps < 0 {
		b.left.Steps = 0
		return &exceeded{"the expressions of this step took more steps than allowed"}
	}
	return nil
}

func (b *Budget) bytes(n int) error {
	if b.left.Bytes -= n; b.left.Bytes < 0 {
		b.left.Bytes = 0
		return &exceeded{"the expressions of this step handled more text than allowed"}
	}
	return nil
}

// timestamp is now() in the form of PingOne's timestamps, so that both compare as text.
func (b *Budget) timestamp() string { return b.now.UTC().Format("2006-01-02T15:04:05.000Z") }

// failure is an error of a value, in words that never repeat the value.
type failure string

func (f failure) Error() string { return string(f) }

func failf(format string, args ...any) error { return failure(fmt.Sprintf(format, args...)) }
