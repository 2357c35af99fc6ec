package engine_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/bolt"
	"github.com/mfaflow/mfaflow/store/memory"
)

// BenchmarkStep answers one screen: token, form, one capability with input and output
// validated, one match, the next screen, one commit.
func BenchmarkStep(b *testing.B) {
	for name, open := range map[string]func(*testing.B) store.Store{
		"memory": func(*testing.B) store.Store { return memory.New() },
		"bolt": func(b *testing.B) store.Store {
			s, err := bolt.Open(filepath.Join(b.TempDir(), "db"))
			if err != nil {
				b.Fatal(err)
			}
			return s
		},
	} {
		b.Run(name, func(b *testing.B) { benchmarkStep(b, open(b)) })
	}
}

func benchmarkStep(b *testing.B, s store.Store) {
	ctx := context.Background()
	db, err := store.Open(ctx, s, store.Options{Key: []byte(strings.Repeat("k", 32))})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	out := output(map[string]any{"id": "thing", "status": "OPEN", "text": strings.Repeat("x", 600)})
	reg, err := connector.NewRegistry(connector.Capability{
		ID: "test/make", Joined: true,
		Schema: []byte(strings.NewReplacer("%q", `"read"`, "%v", "false", "%s", "").Replace(testSchema)),
		Run:    func(context.Context, connector.Call) connector.Outcome { return connector.Complete{Output: out} },
	})
	if err != nil {
		b.Fatal(err)
	}
	r, err := engine.New(engine.Options{DB: db, Capabilities: reg, Limits: engine.Limits{TotalVisits: 1 << 40}})
	if err != nil {
		b.Fatal(err)
	}
	_, err = r.Catalog().Put(ctx, "", []byte(`schema: flow/v1
id: f
title: F
start: a
nodes:
  a: { show: ask, next: { submit: b, skip: ok, cancel: ok } }
  b: { uses: test/make, with: { text: =nodes.a.form.word }, save: thing, next: c }
  c: { match: vars.thing.status, next: { OPEN: a, else: ok } }
  ok: { end: success }
`+ask), true)
	if err != nil {
		b.Fatal(explain(err))
	}
	before := db.Stats()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var e *engine.Execution
		var err error
		for n := 0; err == nil && pb.Next(); n++ {
			if n%20 == 0 { // a login has steps, not thousands of them
				if e, err = r.Start(ctx, engine.StartRequest{Flow: "f", Manager: true}); err != nil {
					break
				}
			}
			e, err = r.Resume(ctx, e.ID, engine.ResumeRequest{
				Token: e.Step.Token, Action: "submit", Form: word, Access: engine.Access{Manager: true}})
		}
		if err != nil {
			b.Error(err)
		}
	})
	after := db.Stats()
	b.ReportMetric(float64(after.Commits-before.Commits)/float64(b.N), "commits/op")
	b.ReportMetric(float64(after.Bytes-before.Bytes)/float64(b.N), "storedB/op")
}
