package audit_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
)

func seal(t testing.TB, w *world) audit.Head {
	t.Helper()
	head, err := audit.NewSealer(w.DB, "env", audit.Options{Lag: time.Minute}).Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func verify(t testing.TB, w *world, known audit.Head) audit.Report {
	t.Helper()
	r, err := audit.Verify(t.Context(), w.DB, "env", known)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealerStaysBehindTheHorizon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := verify(t, w, audit.Head{}); r.Bad != nil || r.Sealed+r.Unsealed+r.Blocks != 0 {
		t.Errorf("nothing yet: %+v", r)
	}
	fill(t, w, 300)
	if head := seal(t, w); head.Blocks != 0 {
		t.Errorf("sealed before its time: %+v", head)
	}
	w.now = w.now.Add(2 * time.Minute)
	fill(t, w, 10)
	head := seal(t, w)
	if r := verify(t, w, head); r.Bad != nil || r.Sealed != 300 || r.Unsealed != 10 || r.Blocks != 2 || head.Blocks != 2 {
		t.Errorf("%+v", r)
	}
	if again := seal(t, w); again.Blocks != 2 {
		t.Errorf("sealed nothing as %+v", again)
	}
	w.now = w.now.Add(2 * time.Minute)
	if r := verify(t, w, seal(t, w)); r.Bad != nil || r.Sealed != 310 || r.Unsealed != 0 || r.Blocks != 3 {
		t.Errorf("%+v", r)
	}
}

// tamper is something done to 600 entries in three blocks by one who holds the master
// key, and the entry or part of the chain that Verify must name.
type tamper struct {
	do   func(tx *store.Tx, keys []store.Key)
	want func(keys []store.Key) (entry, reason string)
}

func entryIs(i int, reason string) func([]store.Key) (string, string) {
	return func(keys []store.Key) (string, string) {
		return strings.TrimPrefix(string(keys[i]), "env/audit/"), reason
	}
}

func chainIs(reason string) func([]store.Key) (string, string) {
	return func([]store.Key) (string, string) { return "", reason }
}

func copyOf(tx *store.Tx, k store.Key) []byte {
	recs, _ := tx.Get(k)
	return recs[0].Value
}

func tampers() map[string]tamper {
	return map[string]tamper{
		"nothing":       {func(*store.Tx, []store.Key) {}, nil},
		"delete first":  {func(tx *store.Tx, k []store.Key) { tx.Delete(k[0]) }, entryIs(0, "is missing")},
		"delete middle": {func(tx *store.Tx, k []store.Key) { tx.Delete(k[300]) }, entryIs(300, "is missing")},
		"delete last":   {func(tx *store.Tx, k []store.Key) { tx.Delete(k[599]) }, entryIs(599, "is missing")},
		"delete two":    {func(tx *store.Tx, k []store.Key) { tx.Delete(k[400]); tx.Delete(k[255]) }, entryIs(255, "is missing")},
		"edit":          {func(tx *store.Tx, k []store.Key) { tx.Put(k[256], []byte(`{"type":"USER.DELETED"}`)) }, entryIs(256, "was changed")},
		"append an event": {
			func(tx *store.Tx, k []store.Key) { tx.Put(k[17], append(copyOf(tx, k[17]), "{}\n"...)) },
			entryIs(17, "was changed"),
		},
		"reorder": {
			func(tx *store.Tx, k []store.Key) {
				a, b := copyOf(tx, k[100]), copyOf(tx, k[101])
				tx.Put(k[100], b)
				tx.Put(k[101], a)
			},
			entryIs(100, "was changed"),
		},
		"insert": {
			func(tx *store.Tx, k []store.Key) { tx.Put(k[50]+"0", []byte("{}\n")) },
			func(k []store.Key) (string, string) {
				return strings.TrimPrefix(string(k[50]), "env/audit/") + "0", "was added"
			},
		},
		"insert first": {
			func(tx *store.Tx, _ []store.Key) { tx.Put("env/audit/0", []byte("{}\n")) },
			func([]store.Key) (string, string) { return "0", "was added" },
		},
		"drop a block":    {func(tx *store.Tx, _ []store.Key) { tx.Delete("env/auditseal/000000000001") }, chainIs("block 1, after")},
		"drop last block": {func(tx *store.Tx, _ []store.Key) { tx.Delete("env/auditseal/000000000002") }, chainIs("was cut off after")},
		"truncate": {
			func(tx *store.Tx, k []store.Key) {
				tx.Delete("env/auditseal/000000000002")
				for _, key := range k[512:] {
					tx.Delete(key)
				}
			},
			chainIs("was cut off after"),
		},
		"swap blocks": {
			func(tx *store.Tx, _ []store.Key) {
				a, b := copyOf(tx, "env/auditseal/000000000000"), copyOf(tx, "env/auditseal/000000000001")
				tx.Put("env/auditseal/000000000000", b)
				tx.Put("env/auditseal/000000000001", a)
			},
			chainIs("block 0, after"),
		},
		"drop the head": {func(tx *store.Tx, _ []store.Key) { tx.Delete("env/audithead") }, chainIs("the head is missing")},
		"drop all of the chain": {
			func(tx *store.Tx, _ []store.Key) {
				tx.Delete("env/audithead")
				for _, n := range "012" {
					tx.Delete(store.Key("env/auditseal/00000000000" + string(n)))
				}
			},
			chainIs("the head is missing"),
		},
		"edit the head": {
			func(tx *store.Tx, _ []store.Key) {
				tx.Put("env/audithead", []byte(strings.Replace(string(copyOf(tx, "env/audithead")), `"blocks":3`, `"blocks":2`, 1)))
			},
			chainIs("the head was changed"),
		},
	}
}

func TestVerifyNamesTheFirstBadEntry(t *testing.T) {
	t.Parallel()
	for name, c := range tampers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			fill(t, w, 600)
			w.now = w.now.Add(2 * time.Minute)
			head := seal(t, w)
			keys := entries(t, w)
			w.unit(t, func(_ context.Context, tx *store.Tx) error { c.do(tx, keys); return nil })
			r := verify(t, w, head)
			if c.want == nil {
				if r.Bad != nil || r.Sealed != 600 {
					t.Errorf("%+v", r)
				}
				return
			}
			entry, reason := c.want(keys)
			if r.Bad == nil || r.Bad.Entry != entry || !strings.Contains(r.Bad.Reason, reason) {
				t.Errorf("got %v, want %q %q", r.Bad, entry, reason)
			}
		})
	}
}

// Someone who put an older head and chain back, whole and signed, is found by the head
// that was published; so is one who signed a new chain.
func TestVerifyWithAKnownHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fill(t, w, 10)
	w.now = w.now.Add(2 * time.Minute)
	seal(t, w)
	recs, err := w.Get(t.Context(), "env/audithead")
	if err != nil {
		t.Fatal(err)
	}
	keys := entries(t, w)
	fill(t, w, 10)
	w.now = w.now.Add(2 * time.Minute)
	known := seal(t, w)
	young := entries(t, w)[len(keys):]
	w.unit(t, func(_ context.Context, tx *store.Tx) error {
		tx.Put("env/audithead", recs[0].Value)
		tx.Delete("env/auditseal/000000000001")
		for _, k := range young {
			tx.Delete(k)
		}
		return nil
	})
	if r := verify(t, w, audit.Head{}); r.Bad != nil {
		t.Errorf("without the known head: %v", r.Bad)
	}
	if r := verify(t, w, known); r.Bad == nil || !strings.Contains(r.Bad.Reason, "cut off") {
		t.Errorf("cut off: %v", r.Bad)
	}
	fill(t, w, 10)
	w.now = w.now.Add(2 * time.Minute)
	seal(t, w)
	if r := verify(t, w, known); r.Bad == nil || !strings.Contains(r.Bad.Reason, "another than the known") {
		t.Errorf("made anew: %v", r.Bad)
	}
}

// A first block made anew, over a changed entry, does not fit the blocks after it.
func TestVerifyFollowsTheChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fill(t, w, 300)
	w.now = w.now.Add(2 * time.Minute)
	seal(t, w)
	kept, err := w.Get(t.Context(), "env/auditseal/000000000001", "env/audithead")
	if err != nil {
		t.Fatal(err)
	}
	key := entries(t, w)[3]
	w.unit(t, func(_ context.Context, tx *store.Tx) error {
		tx.Put(key, []byte("{}\n"))
		tx.Delete("env/auditseal/000000000000")
		tx.Delete("env/auditseal/000000000001")
		tx.Delete("env/audithead")
		return nil
	})
	seal(t, w)
	w.unit(t, func(_ context.Context, tx *store.Tx) error {
		for _, rec := range kept {
			tx.Put(rec.Key, rec.Value)
		}
		return nil
	})
	if r := verify(t, w, audit.Head{}); r.Bad == nil || !strings.Contains(r.Bad.Reason, "block 1, after") {
		t.Errorf("got %+v", r)
	}
}

// A damaged record is named, not an error of the whole.
func TestVerifyNamesADamagedEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fill(t, w, 10)
	w.now = w.now.Add(2 * time.Minute)
	head := seal(t, w)
	key := entries(t, w)[4]
	if err := w.raw.Commit(t.Context(), nil, []store.Write{{Key: key, Value: []byte("rot")}}); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, w, head); r.Bad == nil || "env/audit/"+r.Bad.Entry != string(key) {
		t.Errorf("got %v", r.Bad)
	}
}

func TestRunSealsAndPublishes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fill(t, w, 5)
	w.now = w.now.Add(5 * time.Minute)
	ticks, heads := make(chan time.Time), make(chan audit.Head, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	s := audit.NewSealer(w.DB, "env", audit.Options{
		After:   func(time.Duration) <-chan time.Time { return ticks },
		Publish: func(h audit.Head) { heads <- h },
	})
	go func() { done <- s.Run(ctx) }()
	if h := <-heads; h.Blocks != 1 {
		t.Errorf("%+v", h)
	}
	ticks <- time.Time{}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
