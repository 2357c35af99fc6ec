package engine

import (
	"errors"
	"log/slog"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/cond"
	"github.com/mfaflow/mfaflow/store"
)

// Options wire a Runner. DB and Capabilities are required.
type Options struct {
	DB           *store.DB
	Capabilities *connector.Registry
	Environment  string            // first segment of every key; default "default"
	Env          map[string]string // what flows read as env.*
	Limits       Limits            // zero members take DefaultLimits'
	Log          *slog.Logger      // default: discards

	// After is time.After unless a test replaces it: it waits between short retries
	// and for the answer of a long step.
	After func(time.Duration) <-chan time.Time
}

// Limits bound what one execution may use. Each is a named option because each has
// its own reason.
type Limits struct {
	StepVisits  int // nodes visited between two screens: ends a loop without a person in it
	TotalVisits int // nodes visited in all: ends a person going in circles
	CallDepth   int // sub-flows within each other
	StateBytes  int // of the stored execution: the store reads and writes it every step

	Step  time.Duration // a step's outside calls together; it runs on when the request left
	Wait  time.Duration // how long a request waits for its step before it is told RUNNING
	Nap   time.Duration // a retry that waits longer than this becomes a timer
	Keep  time.Duration // how long a finished execution stays readable
	Idem  time.Duration // how long an Idempotency-Key is remembered
	Exprs cond.Limits   // of all expressions of one step together

	// ProgramBytes bounds what compiled flows may take of memory beside the deployed
	// ones, as estimated from their sources: executions hold on to old revisions, and
	// whoever uploads makes new ones. What is dropped is compiled again when it is needed.
	ProgramBytes int64
}

// DefaultLimits are those of design.md section 4.
func DefaultLimits() Limits {
	return Limits{
		StepVisits: 100, TotalVisits: 1000, CallDepth: 8, StateBytes: 64 << 10,
		Step: 25 * time.Second, Wait: 10 * time.Second, Nap: 2 * time.Second,
		Keep: 24 * time.Hour, Idem: 24 * time.Hour, Exprs: cond.DefaultLimits, ProgramBytes: 128 << 20,
	}
}

func (l Limits) orDefaults() Limits {
	d := DefaultLimits()
	l.StepVisits = or(l.StepVisits, d.StepVisits)
	l.TotalVisits = or(l.TotalVisits, d.TotalVisits)
	l.CallDepth = or(l.CallDepth, d.CallDepth)
	l.StateBytes = or(l.StateBytes, d.StateBytes)
	l.Step = or(l.Step, d.Step)
	l.Wait = or(l.Wait, d.Wait)
	l.Nap = or(l.Nap, d.Nap)
	l.Keep = or(l.Keep, d.Keep)
	l.Idem = or(l.Idem, d.Idem)
	l.Exprs = or(l.Exprs, d.Exprs)
	l.ProgramBytes = or(l.ProgramBytes, d.ProgramBytes)
	return l
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

func (o Options) complete() (Options, error) {
	if o.DB == nil {
		return o, errors.New("engine: Options.DB is nil")
	}
	if o.Capabilities == nil {
		return o, errors.New("engine: Options.Capabilities is nil")
	}
	o.Environment = or(o.Environment, "default")
	o.Limits = o.Limits.orDefaults()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.After == nil {
		o.After = time.After
	}
	return o, nil
}
