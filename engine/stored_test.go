package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
)

// inject deploys flows as an earlier version would have left them: what today's rules
// say of them is not asked.
func (w *world) inject(sources map[string]string) {
	w.t.Helper()
	err := w.db.Update(w.t.Context(), func(_ context.Context, tx *store.Tx) error {
		key := store.K("default", "deploy")
		recs, err := tx.Get(key)
		if err != nil {
			return err
		}
		pins := map[string]string{}
		if recs[0].Rev != 0 {
			if err := json.Unmarshal(recs[0].Value, &pins); err != nil {
				return err
			}
		}
		for id, src := range sources {
			pins[id] = engine.RevisionOf([]byte(src))
			b, err := json.Marshal(map[string]any{"c": 1, "s": src})
			if err != nil {
				return err
			}
			tx.Put(store.K("default", "flow", id, pins[id]), b)
		}
		b, err := json.Marshal(pins)
		tx.Put(key, b)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) listFlows() map[string]engine.FlowInfo {
	w.t.Helper()
	list, err := w.run.Catalog().List(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]engine.FlowInfo{}
	for _, f := range list {
		out[f.ID] = f
	}
	return out
}

// tightened break rules that refuse an upload, and can run all the same.
var tightened = map[string]string{
	"never-equal": `schema: flow/v1
id: never-equal
title: Compare what is never equal
start: a
nodes:
  a: { show: ask, next: { submit: b, skip: c, cancel: c } }
  b: { next: [{ when: 'nodes.a.visits == "1"', then: c }, { then: d }] }
  c: { end: canceled }
  d: { end: success }
` + ask,
	"unreachable": `schema: flow/v1
id: unreachable
title: Nobody comes here
start: a
nodes:
  a: { show: ask, next: { submit: d, skip: d, cancel: d } }
  b: { end: failed }
  d: { end: success }
` + ask,
	"impossible": `schema: flow/v1
id: impossible
title: Route what does not happen
start: a
nodes:
  a: { show: ask, next: { submit: d, skip: d, cancel: d, dance: d } }
  d: { end: success }
` + ask,
}

// TestStoredFlowThatBreaksANewRuleRuns: a rule that is stricter than when a flow was
// accepted warns of it, and refuses new uploads of the like only.
func TestStoredFlowThatBreaksANewRuleRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.inject(tightened)
	list := w.listFlows()
	for id, src := range tightened {
		if f := list[id]; f.Stopped || len(f.Problems) > 0 || len(f.Tolerated) == 0 {
			t.Errorf("%s is listed as %+v", id, f)
		}
		c := w.start(id, nil)
		c.act("submit", word)
		c.ended(engine.Completed, "success", "")
		up, err := w.run.Catalog().Put(t.Context(), id, []byte(src), true)
		if err != nil || up.Created || len(up.Warnings) == 0 {
			t.Errorf("%s: the accepted text again: %+v, %v", id, up, err)
		}
		_, err = w.run.Catalog().Put(t.Context(), id, []byte(src+"# edited\n"), true)
		refused(t, err, engine.FlowInvalid)
		if _, err := w.run.Catalog().Deploy(t.Context(), id, engine.RevisionOf([]byte(src))); err != nil {
			t.Errorf("%s: deploy again: %s", id, explain(err))
		}
	}
	w.put(childFlow, parentFlow) // nobody else is refused for it
}

// stoppers cannot run in this version, each for another reason.
var stoppers = map[string]string{
	"no-yaml":       "schema: flow/v1\nid: [\n",
	"no-flow":       "- a list\n",
	"other-version": "schema: flow/v0\nid: other-version\nstart: a\nnodes:\n  a: { end: success }\n",
	"no-capability": "schema: flow/v1\nid: no-capability\nstart: a\nnodes:\n  a: { uses: test/gone, next: b }\n  b: { end: success }\n",
	"no-screen":     "schema: flow/v1\nid: no-screen\nstart: a\nnodes:\n  a: { show: gone, next: { submit: b } }\n  b: { end: success }\n",
	"no-target":     "schema: flow/v1\nid: no-target\nstart: a\nnodes:\n  a: { uses: test/do, next: gone }\n  b: { end: success }\n",
	"no-expression": "schema: flow/v1\nid: no-expression\nstart: a\nnodes:\n  a: { set: { x: =1 + }, next: [{ then: b }] }\n  b: { end: success }\n",
	"no-function":   "schema: flow/v1\nid: no-function\nstart: a\nnodes:\n  a: { set: { x: =gone(1) }, next: [{ then: b }] }\n  b: { end: success }\n",
	"circle-a":      "schema: flow/v1\nid: circle-a\nstart: a\nnodes:\n  a: { call: circle-b, next: { success: b } }\n  b: { end: success }\n",
	"circle-b":      "schema: flow/v1\nid: circle-b\nstart: a\nnodes:\n  a: { call: circle-a, next: { success: b } }\n  b: { end: success }\n",
}

const callsStopped = "schema: flow/v1\nid: calls-%s\nstart: a\nnodes:\n  a: { call: %s, next: { success: b } }\n  b: { end: success }\n"

// TestFlowThatCannotRunStopsItselfAndItsCallers and nothing else: the others are listed,
// started and uploaded, and an upload that mends it is enough.
func TestFlowThatCannotRunStopsItselfAndItsCallers(t *testing.T) {
	t.Parallel()
	for id, src := range stoppers {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(childFlow, parentFlow)
			caller := "calls-" + id
			w.inject(map[string]string{id: src, caller: strings.ReplaceAll(callsStopped, "%s", id)})
			if id[:3] == "cir" {
				w.inject(stoppers)
			}
			list := w.listFlows()
			for _, stopped := range []string{id, caller} {
				if f := list[stopped]; !f.Stopped || len(f.Problems) == 0 {
					t.Errorf("%s is listed as %+v", stopped, f)
				}
				_, err := w.run.Start(t.Context(), engine.StartRequest{Flow: stopped, Manager: true})
				refused(t, err, engine.Unavailable)
			}
			w.start("parent", nil).see("a")
			w.put(replace(childFlow, "title: Child", "title: Newer"))
			w.put("schema: flow/v1\nid: " + id + "\nstart: a\nnodes:\n  a: { end: success }\n")
			for _, mended := range []string{id, caller} {
				if f := w.listFlows()[mended]; f.Stopped {
					t.Errorf("after the mend %s is listed as %+v", mended, f)
				}
				w.start(mended, nil).ended(engine.Completed, "success", "")
			}
		})
	}
}

// TestRevisionThatIsGoneStopsItsFlowOnly: the store lost one record.
func TestRevisionThatIsGoneStopsItsFlowOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(childFlow, parentFlow, tightenedFree)
	err := w.db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		tx.Delete(store.K("default", "flow", "child", engine.RevisionOf([]byte(childFlow))))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.open()
	list := w.listFlows()
	if !list["child"].Stopped || !list["parent"].Stopped || list["free"].Stopped {
		t.Errorf("listed: %+v", list)
	}
	w.start("free", nil).ended(engine.Completed, "success", "")
	w.put(childFlow)
	w.start("parent", nil).see("a")
}

const tightenedFree = "schema: flow/v1\nid: free\nstart: a\nnodes:\n  a: { end: success }\n"

// openWithout opens the engine as a version that has not got some capabilities.
func (w *world) openWithout(ids ...string) {
	w.t.Helper()
	var left []connector.Capability
	for _, e := range w.opts.Capabilities.All() {
		if !slices.Contains(ids, e.ID) {
			left = append(left, e.Capability)
		}
	}
	whole := w.opts.Capabilities
	reg, err := connector.NewRegistry(left...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.opts.Capabilities = reg
	w.open()
	w.opts.Capabilities = whole
}

// TestExecutionOfAStoppedFlowWaits: it answers that it cannot go on, its timers harm
// nobody, and a version that can run it goes on where it was.
func TestExecutionOfAStoppedFlowWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(strings.Replace(capabilityFlow, "ID", "calls-do", 1))
	w.put(strings.NewReplacer("ID", "other", "test/do", "test/login").Replace(capabilityFlow))
	c, dropped, late := w.start("calls-do", nil), w.start("calls-do", nil), w.start("calls-do", nil)
	other := w.start("other", nil)
	w.openWithout("test/do")
	_, err := w.run.Get(t.Context(), c.id, engine.Access{Handle: c.handle})
	refused(t, err, engine.Unavailable)
	refused(t, c.try("submit", word), engine.Unavailable)
	_, err = w.run.Get(t.Context(), c.id, engine.Access{Handle: "wrong"})
	refused(t, err, engine.NotFound)
	w.clock.move(6 * time.Minute) // the screen's timeout has passed
	w.tick()
	if next, err := w.run.Tick(t.Context()); err != nil || !next.After(w.clock.Now()) {
		t.Errorf("the next timer is at %v, %v: want later than %v", next, err, w.clock.Now())
	}
	other.get()
	other.see("slow")
	other.act("submit", word)
	other.ended(engine.Completed, "success", "")
	if e, err := w.run.Cancel(t.Context(), dropped.id, engine.Access{Handle: dropped.handle}); err != nil || e.Status != engine.Canceled {
		t.Errorf("cancel: %v, %v", e, err)
	}
	w.open()
	w.clock.move(time.Minute)
	w.tick()
	c.get()
	c.see("slow")
	c.act("submit", word)
	c.ended(engine.Completed, "success", "")
	w.openWithout("test/do")
	w.clock.move(time.Hour)
	w.tick()
	late.get()
	late.ended(engine.Expired, "", "FLOW_EXPIRED")
}

const capabilityFlow = `schema: flow/v1
id: ID
title: Calls a capability
start: a
nodes:
  a: { show: ask, timeout: 5m, next: { submit: b, skip: b, cancel: b, timeout: slow } }
  slow: { show: ask, next: { submit: b, skip: b, cancel: b } }
  b: { uses: test/do, next: c }
  c: { end: success }
` + ask

// TestCallerThatAnUploadBreaksIsTold also when the caller breaks newer rules already.
func TestCallerThatAnUploadBreaksIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(childFlow)
	old := strings.Replace(parentFlow, "nodes:\n", "nodes:\n  nobody: { end: failed }\n", 1)
	w.inject(map[string]string{"parent": old})
	if f := w.listFlows()["parent"]; f.Stopped || len(f.Tolerated) == 0 {
		t.Fatalf("parent is listed as %+v", f)
	}
	w.put(replace(childFlow, "title: Child", "title: Newer"))
	_, err := w.run.Catalog().Put(t.Context(), "", []byte(replace(childFlow, "end: done", "end: finished")), true)
	if e := refused(t, err, engine.FlowInvalid); !slices.ContainsFunc(slices.Collect(maps.Keys(rulesOf(e))), func(r string) bool { return r == "impossible-outcome" || r == "unrouted-outcome" }) {
		t.Errorf("refused for %v", rulesOf(e))
	}
}

func rulesOf(e *engine.Error) map[string]int {
	rules := map[string]int{}
	for _, p := range e.Problems {
		rules[p.Rule]++
	}
	return rules
}

// Of a flow that cannot run, a stranger learns no more than of one that can: a private one
// is not there.
func TestAStoppedPrivateFlowIsNotToldToStrangers(t *testing.T) {
	t.Parallel()
	const flow = "schema: flow/v1\nid: %s\ntitle: T\npublic: %t\nstart: a\nnodes:\n  a: { uses: test/do, next: ok }\n  ok: { end: success }\n"
	w := newWorld(t)
	w.put(fmt.Sprintf(flow, "open", true), fmt.Sprintf(flow, "closed", false))
	start := func(id string, manager bool) error {
		_, err := w.run.Start(t.Context(), engine.StartRequest{Flow: id, Manager: manager})
		return err
	}
	refused(t, start("closed", false), engine.NotFound)
	w.openWithout("test/do")
	refused(t, start("open", false), engine.Unavailable)
	refused(t, start("closed", false), engine.NotFound)
	refused(t, start("closed", true), engine.Unavailable)
	refused(t, start("nothing", false), engine.NotFound)

	lost := fmt.Sprintf(flow, "open", true)
	if err := w.db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		tx.Delete(store.K("default", "flow", "open", engine.RevisionOf([]byte(lost))))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	w.open()
	refused(t, start("open", false), engine.Unavailable)
}
