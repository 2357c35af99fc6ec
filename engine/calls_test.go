package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
)

func replace(s, old, new string) string { return strings.ReplaceAll(s, old, new) }

const childFlow = `schema: flow/v1
id: child
title: Child
start: a
inputs: { name: { type: string, required: true } }
nodes:
  a: { show: ask, with: { hint: =inputs.name }, next: { submit: b, skip: skipped, cancel: canceled } }
  b: { uses: test/do, with: { text: =nodes.a.form.word }, next: done, catch: { BAD: lost } }
  done: { end: done, outputs: { word: =nodes.a.form.word } }
  lost: { end: failed }
  skipped: { end: skipped }
  canceled: { end: canceled }
` + ask

const parentFlow = `schema: flow/v1
id: parent
title: Parent
start: first
nodes:
  first:
    call: child
    with: { name: one }
    next: { done: second, skipped: second, canceled: canceled, failed: lost }
    catch: { WORSE: caught }
  second:
    call: child
    with: { name: two }
    next: { done: ok, skipped: ok, canceled: canceled, failed: lost }
  ok: { end: success, outputs: { first: "=nodes.first.outcome", word: "=nodes.second.outputs.word" } }
  caught: { end: caught, outputs: { path: =error.path, code: =error.code } }
  lost: { end: failed }
  canceled: { end: canceled }
`

func TestSubFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(childFlow, parentFlow)
	c := w.start("parent", nil)
	c.see("a")
	if c.e.Step.With["hint"] != "one" || c.e.Flow != "parent" {
		t.Errorf("step is %s", dump(c.e))
	}
	c.act("skip", nil)
	c.see("a")
	if c.e.Step.With["hint"] != "two" || c.e.Step.Values != nil {
		t.Errorf("the second call is not a fresh one: %s", dump(c.e.Step))
	}
	c.act("submit", word)
	c.ended(engine.Completed, "success", "")
	if diff := cmp.Diff(map[string]any{"first": "skipped", "word": "w"}, c.e.Outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// TestT62ErrorCrossesTheBorder: what no catch of the child took reaches the parent's,
// with code and path.
func TestT62ErrorCrossesTheBorder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(childFlow, parentFlow)
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return failWith("WORSE") })
	c := w.start("parent", nil)
	c.act("submit", word)
	c.ended(engine.Completed, "caught", "")
	want := map[string]any{"code": "WORSE", "path": []any{"first", "b"}}
	if diff := cmp.Diff(want, c.e.Outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return failWith("BAD") })
	c = w.start("parent", nil)
	c.act("submit", word)
	c.ended(engine.Failed, "failed", "BAD")
}

// TestX4DeployDuringALogin: who began on a revision ends on it, sub-flows included.
// TestEndWithAnError: what the end of a child says went wrong is the error of the end that
// the parent routes it to, whatever the child's end is called.
func TestEndWithAnError(t *testing.T) {
	t.Parallel()
	const parent = `schema: flow/v1
id: parent
title: Parent
start: first
nodes:
  first: { call: child, next: { refused: lost, plain: lost } }
  lost: { end: failed }
`
	const child = `schema: flow/v1
id: child
title: Child
start: try
nodes:
  try: { uses: test/do, with: { text: a }, next: plain, catch: { else: refused } }
  refused: { end: refused, error: { code: NOT_NOW, until: noon } }
  plain: { end: plain }
`
	w := newWorld(t)
	w.put(child, parent)
	w.start("parent", nil).ended(engine.Failed, "failed", "FLOW_FAILED")
	w.caps.set("test/do", func(context.Context, connector.Call) connector.Outcome { return failWith("BAD") })
	c := w.start("parent", nil)
	c.ended(engine.Failed, "failed", "NOT_NOW")
	if c.e.Error.Details["until"] != "noon" {
		t.Errorf("details are %v", c.e.Error.Details)
	}
}

func TestX4DeployDuringALogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(childFlow, parentFlow)
	c := w.start("parent", nil)
	first := c.e.Revision
	childTwo := replace(replace(childFlow, "a: { show", "other: { show"), "start: a", "start: other")
	childTwo = replace(childTwo, "nodes.a.", "nodes.other.")
	w.put(childTwo)
	parentTwo := replace(parentFlow, "title: Parent", "title: Parent two")
	w.put(parentTwo)
	w.open() // and in another process

	c.get()
	c.see("a")
	c.act("submit", word)
	c.see("a")
	c.act("submit", word)
	c.ended(engine.Completed, "success", "")
	if c.e.Revision != first {
		t.Error("the execution changed its revision")
	}
	d := w.start("parent", nil)
	d.see("other")
	if d.e.Revision == first {
		t.Error("a new execution runs the old revision")
	}
	if _, err := w.run.Catalog().Deploy(t.Context(), "parent", first); err != nil {
		t.Fatalf("roll back: %s", explain(err))
	}
	if e := w.start("parent", nil); e.e.Revision != first {
		t.Error("the rollback has no effect")
	}
}

func TestUploadIsAllOrNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(childFlow, parentFlow)
	put := func(src string) error {
		_, err := w.run.Catalog().Put(t.Context(), "", []byte(src), true)
		return err
	}
	// A child that no longer takes what its parent gives breaks the deployment.
	refusedBy(t, put(replace(replace(childFlow, "name:", "named:"), "inputs.name", "inputs.named")), "missing-input", "unknown-input")
	refusedBy(t, put(replace(parentFlow, "call: child", "call: nobody")), "unknown-flow")
	before, err := w.run.Catalog().Revisions(t.Context(), "child")
	if err != nil || len(before) != 1 {
		t.Fatalf("revisions: %v, %v", before, err)
	}
	up, err := w.run.Catalog().Put(t.Context(), "", []byte(childFlow), true)
	if err != nil || up.Created || !up.Deployed || up.Revision != before[0].Revision {
		t.Errorf("a known revision gave %+v, %v", up, err)
	}
	dry, err := w.run.Catalog().Validate(t.Context(), "child", []byte(replace(childFlow, "title: Child", "title: New")))
	if err != nil || dry.Deployed {
		t.Errorf("validate gave %+v, %v", dry, err)
	}
	if after, err := w.run.Catalog().Revisions(t.Context(), "child"); err != nil || len(after) != 1 {
		t.Errorf("validate made a revision: %v, %v", after, err)
	}
}

// TestPutAll: a change that holds only in all flows at once is one call, all or nothing.
func TestPutAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(childFlow, parentFlow)
	child := replace(childFlow, "end: done", "end: finished")
	parent := replace(parentFlow, "done: ", "finished: ")
	for _, alone := range []string{child, parent} {
		_, err := w.run.Catalog().Put(t.Context(), "", []byte(alone), true)
		refusedBy(t, err, "impossible-outcome", "unknown-field", "unrouted-outcome")
	}
	all := func(sources ...engine.Source) error {
		_, err := w.run.Catalog().PutAll(t.Context(), sources)
		return err
	}
	e := refused(t, all(engine.Source{File: "c.yaml", Text: []byte(child)}, engine.Source{File: "p.yaml", Text: []byte(parentFlow)}), engine.FlowInvalid)
	if len(e.Problems) == 0 || e.Problems[0].File != "p.yaml" {
		t.Errorf("problems do not name their file: %+v", e.Problems)
	}
	refusedBy(t, all(engine.Source{Text: []byte(child)}, engine.Source{Text: []byte(childFlow)}), "other-id")
	if err := all(engine.Source{Text: []byte(parent)}, engine.Source{Text: []byte(child)}); err != nil {
		t.Fatal(explain(err))
	}
	c := w.start("parent", nil)
	c.act("submit", word)
	c.see("a")
}

const outsideFlow = `schema: flow/v1
id: out
title: Out
start: a
nodes:
  a: { show: ask, next: { submit: b, skip: skipped, cancel: canceled } }
  b: { uses: test/%s, with: { text: =nodes.a.form.word }, next: ok, catch: { OUTCOME_UNKNOWN: unknown, BAD: lost } }
  ok: { end: success }
  unknown: { end: unknown }
  lost: { end: lost }
  skipped: { end: skipped }
  canceled: { end: canceled }
` + ask

// TestOutsideCall: one commit before a call that cannot be repeated, one after it.
func TestOutsideCall(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"once", "probe"} {
		w := newWorld(t)
		w.put(replace(outsideFlow, "%s", id))
		c := w.start("out", nil)
		before := w.db.Stats().Commits
		c.act("submit", word)
		c.ended(engine.Completed, "success", "")
		if got := w.db.Stats().Commits - before; got != 2 {
			t.Errorf("%s: %d commits, want 2", id, got)
		}
		if w.caps.count("test/"+id) != 1 {
			t.Errorf("%s ran %d times", id, w.caps.count("test/"+id))
		}
	}
}

// TestOutsideCallLost: the process dies during the call. A probe reads the truth back;
// a call that can be made only once is never made again.
func TestOutsideCallLost(t *testing.T) {
	t.Parallel()
	for id, outcome := range map[string]string{"once": "unknown", "probe": "success"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *engine.Options) {
				never := make(chan time.Time)
				o.After = func(time.Duration) <-chan time.Time { return never }
			})
			w.put(replace(outsideFlow, "%s", id))
			c := w.start("out", nil)
			called, release := make(chan struct{}), make(chan struct{})
			w.caps.set("test/"+id, func(context.Context, connector.Call) connector.Outcome {
				close(called)
				<-release
				return done(map[string]any{})
			})
			dead := w.run
			ended := make(chan error)
			go func() {
				_, err := dead.Resume(context.WithoutCancel(t.Context()), c.id, engine.ResumeRequest{
					Token: c.e.Step.Token, Action: "submit", Form: word, Access: engine.Access{Handle: c.handle}})
				ended <- err
			}()
			<-called
			w.open()
			if c.get(); c.e.Status != engine.Running || c.e.PollAfterMs == 0 {
				t.Fatalf("want RUNNING, got %s", dump(c.e))
			}
			refused(t, c.tryToken("x", "submit", word), engine.NotWaiting)
			w.clock.move(26 * time.Second)
			w.tick()
			c.get()
			c.ended(engine.Completed, outcome, "")
			if n := w.caps.count("test/" + id); n != 1 {
				t.Errorf("the call was made %d times", n)
			}
			close(release) // the dead process was only slow: its outcome must change nothing
			if err := <-ended; err != nil {
				t.Errorf("late owner: %v", err)
			}
			c.get()
			c.ended(engine.Completed, outcome, "")
		})
	}
}

// TestLongCall: a request waits so long and no longer; the step goes on without it.
func TestLongCall(t *testing.T) {
	t.Parallel()
	fire := make(chan time.Time, 1)
	w := newWorld(t, func(o *engine.Options) {
		o.After = func(time.Duration) <-chan time.Time { return fire }
	})
	w.put(replace(outsideFlow, "%s", "once"))
	c := w.start("out", nil)
	token := c.e.Step.Token
	called, release, finished := make(chan struct{}), make(chan struct{}), make(chan struct{})
	w.caps.set("test/once", func(context.Context, connector.Call) connector.Outcome {
		close(called)
		<-release
		defer close(finished)
		return done(map[string]any{})
	})
	go func() { <-called; fire <- time.Time{} }()
	c.act("submit", word)
	if c.e.Status != engine.Running || c.e.PollAfterMs == 0 {
		t.Fatalf("want RUNNING, got %s", dump(c.e))
	}
	close(release)
	<-finished
	for c.get().Status == engine.Running { // the commit follows the call
	}
	c.ended(engine.Completed, "success", "")
	if err := c.tryToken(token, "submit", word); err != nil || !c.e.Repeated {
		t.Errorf("repeat after 202: %v %s", err, dump(c.e))
	}
}

const resourceFlow = `schema: flow/v1
id: res
title: Res
start: a
timeout: 10m
nodes:
  a: { uses: test/make, save: thing, next: b }
  b: { show: ask, next: { submit: ok, skip: lost, cancel: canceled } }
  ok: { end: success }
  lost: { end: failed }
  canceled: { end: canceled }
` + ask

// TestOpenResources: what an execution began is canceled with it, unless it completed
// or the resource is done.
func TestOpenResources(t *testing.T) {
	t.Parallel()
	end := func(status, how string) (canceled int) {
		w := newWorld(t)
		w.put(resourceFlow)
		w.caps.set("test/make", func(context.Context, connector.Call) connector.Outcome {
			return done(map[string]any{"id": "r1", "status": status})
		})
		w.caps.set("test/unmake", func(_ context.Context, call connector.Call) connector.Outcome {
			if call.Input["id"] != "r1" {
				t.Errorf("cancels %v", call.Input)
			}
			return failWith("BAD") // a refusal is no error
		})
		c := w.start("res", nil)
		switch how {
		case "expire":
			w.clock.move(11 * time.Minute)
			w.tick()
			c.get()
			c.ended(engine.Expired, "", connector.CodeFlowExpired)
		case "delete":
			e, err := w.run.Cancel(t.Context(), c.id, engine.Access{Handle: c.handle})
			if err != nil || e.Status != engine.Canceled {
				t.Fatalf("cancel: %v, %s", err, dump(e))
			}
			_, err = w.run.Cancel(t.Context(), c.id, engine.Access{Handle: c.handle})
			refused(t, err, engine.NotWaiting)
		default:
			c.act(how, word)
		}
		return w.caps.count("test/unmake")
	}
	for how, want := range map[string]int{"submit": 0, "skip": 1, "cancel": 1, "expire": 1, "delete": 1} {
		if got := end("OPEN", how); got != want {
			t.Errorf("%s: canceled %d times, want %d", how, got, want)
		}
		if got := end("DONE", how); got != 0 {
			t.Errorf("%s of a finished resource: canceled %d times", how, got)
		}
	}
}

// TestOpenResourceTakenBack: what a node took back itself is not taken back again at the
// end, unless its output says that it is open.
func TestOpenResourceTakenBack(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]int{"": 1, "OPEN": 2, "DONE": 1} {
		w := newWorld(t)
		w.put(`schema: flow/v1
id: res
title: Res
start: a
nodes:
  a: { uses: test/make, save: thing, next: undo }
  undo: { uses: test/unmake, with: { id: =vars.thing.id }, next: again }
  again: { uses: test/make, next: lost }
  lost: { end: failed }
`)
		makes := 0
		w.caps.set("test/make", func(context.Context, connector.Call) connector.Outcome {
			if makes++; makes == 1 {
				return done(map[string]any{"id": "r1", "status": "OPEN"})
			}
			if output == "" {
				return done(map[string]any{"id": "r2", "status": "DONE"})
			}
			return done(map[string]any{"id": "r1", "status": output})
		})
		c := w.start("res", nil)
		c.ended(engine.Failed, "failed", connector.CodeFlowFailed)
		if got := w.caps.count("test/unmake"); got != want {
			t.Errorf("then %q: taken back %d times, want %d", output, got, want)
		}
	}
}

// Each open resource is known by its kind and id, with its newest status, and what a node
// took back is that one only.
func TestEachOpenResourceIsTakenBackByKindAndID(t *testing.T) {
	t.Parallel()
	const flow = `schema: flow/v1
id: res
title: Res
start: a
nodes:
  a: { uses: test/make, next: b }
  b: { uses: %s, next: %s }
  lost: { end: failed }
`
	const undo = "  undo: { uses: test/unmake, with: { id: r1 }, next: lost }\n"
	for name, c := range map[string]struct {
		second, next string
		a, b         string // ids; a status of the second that is final ends in "!"
		want         []string
	}{
		"finished later":          {"test/make", "lost", "r1", "r1!", nil},
		"one of two finished":     {"test/make", "lost", "r1", "r2!", []string{"test/unmake r1"}},
		"two":                     {"test/make", "lost", "r1", "r2", []string{"test/unmake r1", "test/unmake r2"}},
		"two kinds":               {"test/make-other", "lost", "r1", "r1!", []string{"test/unmake r1"}},
		"without id":              {"test/make", "lost", "", "", nil},
		"one of two taken back":   {"test/make", "undo", "r1", "r2", []string{"test/unmake r1", "test/unmake r2"}},
		"one of kinds taken back": {"test/make-other", "undo", "r1", "r1", []string{"test/unmake r1", "test/unmake-other r1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			reg, err := connector.NewRegistry(append(capabilitiesOf(w),
				w.capability("test/make-other", strings.Replace(testSchema, `"thing"`, `"other"`, 1), connector.Idempotent, true, false, ""),
				w.capability("test/unmake-other", plainSchema, connector.Idempotent, true, false,
					`, "x-cancels": {"resource": "other", "input": "id", "final": ["DONE"]}`))...)
			if err != nil {
				t.Fatal(err)
			}
			w.opts.Capabilities = reg
			w.open()
			ids := []string{c.a, c.b}
			made := func(context.Context, connector.Call) connector.Outcome {
				id, final := strings.CutSuffix(ids[0], "!")
				ids = ids[1:]
				return done(map[string]any{"id": id, "status": map[bool]string{true: "DONE", false: "OPEN"}[final]})
			}
			var got []string
			for _, id := range []string{"test/unmake", "test/unmake-other"} {
				w.caps.set(id, func(_ context.Context, call connector.Call) connector.Outcome {
					got = append(got, fmt.Sprint(id, " ", call.Input["id"]))
					return done(map[string]any{})
				})
			}
			w.caps.set("test/make", made)
			w.caps.set("test/make-other", made)
			src := fmt.Sprintf(flow, c.second, c.next)
			if c.next == "undo" {
				src += undo
			}
			w.put(src)
			w.start("res", nil).ended(engine.Failed, "failed", connector.CodeFlowFailed)
			if slices.Sort(got); !slices.Equal(got, c.want) {
				t.Errorf("took back %q, want %q", got, c.want)
			}
		})
	}
}

// What nothing can take back any more holds up no end.
func TestAnOpenResourceWithoutCancelerDoesNotHoldTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(resourceFlow)
	w.caps.set("test/make", func(context.Context, connector.Call) connector.Outcome {
		return done(map[string]any{"id": "r1", "status": "OPEN"})
	})
	c := w.start("res", nil)
	reg, err := connector.NewRegistry(slices.DeleteFunc(capabilitiesOf(w), func(c connector.Capability) bool {
		return c.ID == "test/unmake"
	})...)
	if err != nil {
		t.Fatal(err)
	}
	w.opts.Capabilities = reg
	w.open()
	if c.act("cancel", word); c.e.Status != engine.Canceled {
		t.Errorf("got %s, want CANCELED", dump(c.e))
	}
}
