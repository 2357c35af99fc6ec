package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
)

// world is an engine on a memory store with a clock that only the test moves, and
// capabilities whose behaviour the test sets.
type world struct {
	t     *testing.T
	clock *clock
	store store.Store
	db    *store.DB
	run   *engine.Runner
	caps  *fakes
	opts  engine.Options
	key   []byte
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fakes are capabilities by id; what they do is a function field each test may set.
type fakes struct {
	mu    sync.Mutex
	do    map[string]func(context.Context, connector.Call) connector.Outcome
	calls map[string][]connector.Call
}

func (f *fakes) set(id string, do func(context.Context, connector.Call) connector.Outcome) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.do[id] = do
}

func (f *fakes) count(id string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls[id])
}

func (f *fakes) run(id string) func(context.Context, connector.Call) connector.Outcome {
	return func(ctx context.Context, c connector.Call) connector.Outcome {
		f.mu.Lock()
		f.calls[id] = append(f.calls[id], c)
		do := f.do[id]
		f.mu.Unlock()
		if do == nil {
			return done(map[string]any{})
		}
		return do(ctx, c)
	}
}

// done completes with an output of the test capabilities' schema.
func done(raw map[string]any) connector.Outcome {
	return connector.Complete{Output: output(raw)}
}

func output(raw map[string]any) map[string]any {
	return map[string]any{"rawResponse": raw, "headers": map[string]any{}, "statusCode": 200.0}
}

func failWith(code string) connector.Outcome { return connector.Fail{Code: code} }

const testSchema = `{
  "title": "Test", "x-effect": %q, "x-authenticates": %v, "x-errors": ["BAD", "WORSE", "INVALID_OTP"]%s,
  "properties": {
    "input": {"type": "object", "additionalProperties": false, "properties": {
      "text": {"type": "string", "maxLength": 200000}, "secret": {"type": "string", "secret": true}, "id": {"type": "string"}}},
    "output": {"type": "object", "required": ["rawResponse", "headers", "statusCode"], "properties": {
      "rawResponse": {"type": "object", "x-resource": "thing", "required": ["id", "status"], "properties": {
        "id": {"type": "string"}, "status": {"type": "string"}, "text": {"type": "string"}}},
      "headers": {"type": "object"}, "statusCode": {"type": "integer"}}}
  }
}`

// plainSchema has an output without required members, for capabilities that only do.
const plainSchema = `{
  "title": "Test", "x-effect": %q, "x-authenticates": %v, "x-errors": ["BAD", "WORSE", "INVALID_OTP"]%s,
  "properties": {
    "input": {"type": "object", "additionalProperties": false, "properties": {
      "text": {"type": "string", "maxLength": 200000}, "secret": {"type": "string", "secret": true}, "id": {"type": "string"}}},
    "output": {"type": "object", "required": ["rawResponse", "headers", "statusCode"], "properties": {
      "rawResponse": {"type": "object", "properties": {"text": {"type": "string"}, "ok": {"type": "boolean"}, "n": {"type": "integer"}}},
      "headers": {"type": "object"}, "statusCode": {"type": "integer"}}}
  }
}`

// rememberSchema makes a new remember-me value.
const rememberSchema = `{
  "title": "Test", "x-effect": %q, "x-authenticates": %v, "x-errors": ["BAD"]%s,
  "properties": {
    "input": {"type": "object", "additionalProperties": false, "properties": {"secret": {"type": "string", "secret": true}}},
    "output": {"type": "object", "required": ["rawResponse", "headers", "statusCode"], "properties": {
      "rawResponse": {"type": "object"}, "headers": {"type": "object"}, "statusCode": {"type": "integer"},
      "deviceSession": {"type": "string", "secret": true, "x-device-session": true}}}
  }
}`

func (w *world) capability(id, schema string, effect connector.Effect, joined, authenticates bool, extra string) connector.Capability {
	return connector.Capability{
		ID: id, Schema: fmt.Appendf(nil, schema, effect, authenticates, extra), Joined: joined,
		Run: w.caps.run(id), Recover: w.caps.run(id + "!recover"),
	}
}

func newWorld(t *testing.T, change ...func(*engine.Options)) *world {
	t.Helper()
	w := &world{
		t: t, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		store: memory.New(), key: []byte(strings.Repeat("k", 32)),
		caps: &fakes{do: map[string]func(context.Context, connector.Call) connector.Outcome{}, calls: map[string][]connector.Call{}},
	}
	reg, err := connector.NewRegistry(
		w.capability("test/do", plainSchema, connector.Read, true, false, ""),
		w.capability("test/login", plainSchema, connector.Read, true, true, ""),
		w.capability("test/make", testSchema, connector.Idempotent, true, false, ""),
		w.capability("test/unmake", plainSchema, connector.Idempotent, true, false,
			`, "x-cancels": {"resource": "thing", "input": "id", "final": ["DONE"]}`),
		w.capability("test/remember", rememberSchema, connector.Once, true, false, ""),
		w.capability("test/remember-outside", rememberSchema, connector.Once, false, false, ""),
		w.capability("test/once", plainSchema, connector.Once, false, false, ""),
		w.capability("test/probe", plainSchema, connector.Probe, false, false, ""),
	)
	if err != nil {
		t.Fatal(err)
	}
	w.opts = engine.Options{Capabilities: reg, Env: map[string]string{"brand": "Acme"}}
	for _, c := range change {
		c(&w.opts)
	}
	w.open()
	return w
}

// open starts the engine on the store as a new process would.
func (w *world) open() {
	w.t.Helper()
	db, err := store.Open(w.t.Context(), w.store, store.Options{Key: w.key, Now: w.clock.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	w.db, w.opts.DB = db, db
	if w.run, err = engine.New(w.opts); err != nil {
		w.t.Fatal(err)
	}
}

// put uploads flows, in order, and deploys them.
func (w *world) put(sources ...string) {
	w.t.Helper()
	for _, src := range sources {
		if _, err := w.run.Catalog().Put(w.t.Context(), "", []byte(src), true); err != nil {
			w.t.Fatalf("put: %s", explain(err))
		}
	}
}

func explain(err error) string {
	var e *engine.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	var b strings.Builder
	b.WriteString(e.Error())
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "\n%d:%d %s %s: %s", p.Line, p.Column, p.Node, p.Rule, p.Text)
	}
	return b.String()
}

// client holds what a client of one execution holds.
type client struct {
	w      *world
	id     string
	handle string
	e      *engine.Execution
}

func (w *world) start(flow string, inputs map[string]any) *client {
	w.t.Helper()
	e, err := w.run.Start(w.t.Context(), engine.StartRequest{Flow: flow, Inputs: inputs, Manager: true})
	if err != nil {
		w.t.Fatalf("start: %s", explain(err))
	}
	return &client{w: w, id: e.ID, handle: e.Handle, e: e}
}

// try answers the current step and returns the refusal, if any.
func (c *client) try(action string, form map[string]any) error {
	c.w.t.Helper()
	return c.tryToken(c.e.Step.Token, action, form)
}

func (c *client) tryToken(token, action string, form map[string]any) error {
	c.w.t.Helper()
	e, err := c.w.run.Resume(c.w.t.Context(), c.id, engine.ResumeRequest{
		Token: token, Action: action, Form: form, Access: engine.Access{Handle: c.handle}})
	if err != nil {
		return err
	}
	if e.Handle != "" {
		c.handle = e.Handle
	}
	c.e = e
	return nil
}

// act answers the current step.
func (c *client) act(action string, form map[string]any) *engine.Execution {
	c.w.t.Helper()
	if err := c.try(action, form); err != nil {
		c.w.t.Fatalf("act %s: %s", action, explain(err))
	}
	return c.e
}

func (c *client) get() *engine.Execution {
	c.w.t.Helper()
	e, err := c.w.run.Get(c.w.t.Context(), c.id, engine.Access{Handle: c.handle})
	if err != nil {
		c.w.t.Fatalf("get: %s", explain(err))
	}
	c.e = e
	return e
}

// see demands that the execution shows a node, with a message if one is named.
func (c *client) see(node string, message ...string) {
	c.w.t.Helper()
	if c.e.Step == nil || c.e.Step.Node != node {
		c.w.t.Fatalf("want to see %s, got %s", node, dump(c.e))
	}
	got := ""
	if c.e.Step.Message != nil {
		got = c.e.Step.Message.Key
	}
	want := strings.Join(message, "")
	if got != want {
		c.w.t.Fatalf("message is %q, want %q", got, want)
	}
}

// ended demands how the execution ended.
func (c *client) ended(status engine.Status, outcome, code string) {
	c.w.t.Helper()
	got := ""
	if c.e.Error != nil {
		got = c.e.Error.Code
	}
	if c.e.Status != status || c.e.Outcome != outcome || got != code {
		c.w.t.Fatalf("want %s %q %q, got %s", status, outcome, code, dump(c.e))
	}
}

func dump(v any) string {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// refused demands a refusal by code and returns it.
func refused(t *testing.T, err error, code engine.Code) *engine.Error {
	t.Helper()
	var e *engine.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("want refusal %s, got %v", code, err)
	}
	return e
}

// refusedBy demands that an upload is refused by these rules and by no other.
func refusedBy(t *testing.T, err error, rules ...string) *engine.Error {
	t.Helper()
	e := refused(t, err, engine.FlowInvalid)
	var got []string
	for _, p := range e.Problems {
		got = append(got, p.Rule)
	}
	slices.Sort(got)
	slices.Sort(rules)
	if got = slices.Compact(got); !slices.Equal(got, rules) {
		t.Errorf("refused by %v, want %v: %s", got, rules, explain(err))
	}
	return e
}

func (w *world) tick() {
	w.t.Helper()
	if _, err := w.run.Tick(w.t.Context()); err != nil {
		w.t.Fatalf("tick: %v", err)
	}
}
