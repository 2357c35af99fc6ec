package server_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/server"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
)

// The flow of most tests: a password, checked by a capability of the test.
const signOn = `schema: flow/v1
id: sign-on
title: Sign on
public: true
start: ask
inputs:
  label: { type: string, maxLength: 30, client: true }
  number: { type: number, client: true }
  internal: { type: string }
nodes:
  ask:
    show: username-password
    with: { usernameLabel: =inputs.label }
    next: { submit: check, cancel: canceled }
  check:
    uses: test/check
    with: { username: =nodes.ask.form.username, password: =nodes.ask.form.password }
    next: signed_on
    catch:
      WRONG: { then: ask, message: wrong }
      else: failed
  signed_on: { end: success, outputs: { userId: =nodes.check.rawResponse.id } }
  canceled: { end: canceled }
  failed: { end: failed }
messages: { en: { wrong: That was not right. } }
`

// A flow that calls something outside, which takes as long as the test wants.
const slow = `schema: flow/v1
id: slow
title: Slow
start: ask
nodes:
  ask: { show: message, next: { continue: call } }
  call: { uses: test/slow, next: done }
  done: { end: success }
`

// A flow with two problems.
const broken = `schema: flow/v1
id: sign-on
title: Sign on
start: ask
nodes:
  ask:
    show: username-password
    next: { submit: nowhere, cancel: canceled }
  canceled: { end: canceled, colour: red }
`

const capability = `{
  "title": "Test", "x-effect": %q, "x-authenticates": true, "x-errors": ["WRONG"],
  "properties": {
    "input": {"type": "object", "additionalProperties": false, "properties": {
      "username": {"type": "string"}, "password": {"type": "string", "secret": true}}},
    "output": {"type": "object", "required": ["rawResponse"], "properties": {
      "rawResponse": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}}}
  }
}`

// Who may sign on in these tests.
const (
	username = "ben"
	password = "correct horse 9"
)

// checkPassword is the capability test/check.
func checkPassword(now func() time.Time) func(context.Context, connector.Call) connector.Outcome {
	return func(_ context.Context, c connector.Call) connector.Outcome {
		if c.Input["username"] != username || c.Input["password"] != password {
			return connector.Fail{Code: "WRONG"}
		}
		return connector.Complete{
			Output: map[string]any{"rawResponse": map[string]any{"id": "u1"}},
			Proof:  &connector.Proof{UserID: "u1", Methods: []string{"pwd"}, At: now()},
		}
	}
}

// newEngine is the real engine on a memory store, with the flows above. Once test/slow
// is called, no request waits for it any longer; it takes until the test ends.
func newEngine(t *testing.T, now func() time.Time) *engine.Runner {
	t.Helper()
	hurry := make(chan time.Time)
	var hurried sync.Once
	caps, err := connector.NewRegistry(
		connector.Capability{ID: "test/check", Schema: fmt.Appendf(nil, capability, "read"), Joined: true, Run: checkPassword(now)},
		connector.Capability{ID: "test/slow", Schema: fmt.Appendf(nil, capability, "once"), Run: func(ctx context.Context, _ connector.Call) connector.Outcome {
			hurried.Do(func() { close(hurry) })
			<-t.Context().Done()
			return connector.Fail{Code: connector.CodeTimeout}
		}},
	)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), memory.New(), store.Options{Key: []byte(strings.Repeat("k", 32)), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	run, err := engine.New(engine.Options{DB: db, Capabilities: caps, After: func(time.Duration) <-chan time.Time { return hurry }})
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range []string{signOn, slow} {
		if _, err := run.Catalog().Put(t.Context(), "", []byte(src), true); err != nil {
			t.Fatalf("%v: %+v", err, err.(*engine.Error).Problems)
		}
	}
	return run
}

// spied hands calls to the real engine unless a test puts a function in the way.
type spied struct {
	server.Runner
	start  func(engine.StartRequest) (*engine.Execution, error)
	resume func(engine.ResumeRequest) (*engine.Execution, error)
	get    func(id string)
}

func (s *spied) Start(ctx context.Context, q engine.StartRequest) (*engine.Execution, error) {
	if s.start != nil {
		return s.start(q)
	}
	return s.Runner.Start(ctx, q)
}

func (s *spied) Resume(ctx context.Context, id string, q engine.ResumeRequest) (*engine.Execution, error) {
	if s.resume != nil {
		return s.resume(q)
	}
	return s.Runner.Resume(ctx, id, q)
}

func (s *spied) Get(ctx context.Context, id string, a engine.Access) (*engine.Execution, error) {
	if s.get != nil {
		s.get(id)
	}
	return s.Runner.Get(ctx, id, a)
}
