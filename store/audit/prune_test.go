package audit_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
)

func prune(t testing.TB, w *world, before time.Time) int {
	t.Helper()
	n, err := audit.NewSealer(w.DB, "env", audit.Options{Lag: time.Minute}).Prune(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// sealThreeDays makes 600 entries in three blocks, one a day, and returns its head.
func sealThreeDays(t testing.TB, w *world) audit.Head {
	t.Helper()
	var head audit.Head
	for range 3 {
		fill(t, w, 200)
		w.now = w.now.Add(24 * time.Hour)
		head = seal(t, w)
	}
	return head
}

// TestPrunedChainVerifies from its anchor: after each block, when all is gone, and when
// it grows again.
func TestPrunedChainVerifies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begin := w.now
	head := sealThreeDays(t, w)
	if n := prune(t, w, begin); n != 0 {
		t.Errorf("%d entries were deleted before their time", n)
	}
	for day := 1; day <= 3; day++ {
		if n := prune(t, w, begin.Add(time.Duration(day)*24*time.Hour)); n != 200 {
			t.Errorf("day %d: %d entries were deleted, want 200", day, n)
		}
		r := verify(t, w, head)
		if r.Bad != nil || r.Sealed != 600-200*day || r.Anchor.Blocks != day || r.Blocks != 3 {
			t.Errorf("day %d: %+v", day, r)
		}
		if got := len(entries(t, w)); got != 600-200*day {
			t.Errorf("day %d: %d entries are left", day, got)
		}
	}
	fill(t, w, 10)
	if n := prune(t, w, w.now.Add(time.Hour)); n != 0 {
		t.Errorf("%d entries went that no block held", n)
	}
	w.now = w.now.Add(time.Hour)
	if r := verify(t, w, seal(t, w)); r.Bad != nil || r.Sealed != 10 || r.Blocks != 4 {
		t.Errorf("grown again: %+v", r)
	}
}

// TestPruneLeavesNoRecords but head and anchor, so that what it frees is free.
func TestPruneLeavesNoRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sealThreeDays(t, w)
	prune(t, w, w.now)
	var left []string
	for rec, err := range w.Scan(t.Context(), store.Under("env/")) {
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, string(rec.Key))
	}
	if got := strings.Join(left, " "); got != "env/auditanchor env/audithead" {
		t.Errorf("left: %s", got)
	}
}

// TestPruneCutShortVerifies: the process ends after one block.
func TestPruneCutShortVerifies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	head := sealThreeDays(t, w)
	commits := 0
	ctx, cancel := context.WithCancel(t.Context())
	db, err := store.Open(t.Context(), cutStore{w.raw, func() {
		if commits++; commits == 1 {
			cancel()
		}
	}}, store.Options{Key: make([]byte, 32), Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	n, err := audit.NewSealer(db, "env", audit.Options{}).Prune(ctx, w.now)
	if err == nil || n != 200 {
		t.Fatalf("cut short: %d, %v", n, err)
	}
	if r := verify(t, w, head); r.Bad != nil || r.Sealed != 400 {
		t.Errorf("%+v", r)
	}
	if n := prune(t, w, w.now); n != 400 {
		t.Errorf("then %d entries went, want 400", n)
	}
}

// cutStore tells of each commit.
type cutStore struct {
	store.Store
	committed func()
}

func (s cutStore) Commit(ctx context.Context, checks []store.Check, writes []store.Write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.Store.Commit(ctx, checks, writes)
	s.committed()
	return err
}

// TestVerifyFindsWhatTheAnchorDoesNotSay: whoever deletes more, or turns the anchor back
// or aside, is found.
func TestVerifyFindsWhatTheAnchorDoesNotSay(t *testing.T) {
	t.Parallel()
	change := func(member string, v any) func(*store.Tx, []byte) {
		return func(tx *store.Tx, _ []byte) {
			var a map[string]any
			_ = json.Unmarshal(copyOf(tx, "env/auditanchor"), &a)
			a[member] = v
			b, _ := json.Marshal(a)
			tx.Put("env/auditanchor", b)
		}
	}
	for name, tt := range map[string]struct {
		do   func(tx *store.Tx, older []byte)
		want string
	}{
		"delete the anchor":    {func(tx *store.Tx, _ []byte) { tx.Delete("env/auditanchor") }, "block 0, after"},
		"put an older one":     {func(tx *store.Tx, older []byte) { tx.Put("env/auditanchor", older) }, "block 1, after"},
		"count less":           {change("blocks", 1), "anchor was changed"},
		"count more":           {change("blocks", 3), "anchor was changed"},
		"another last entry":   {change("last", "ffffffff"), "anchor was changed"},
		"another hash":         {change("hash", []byte("x")), "anchor was changed"},
		"another time":         {change("at", time.Time{}), "anchor was changed"},
		"no signature":         {change("sig", nil), "anchor was changed"},
		"no JSON":              {func(tx *store.Tx, _ []byte) { tx.Put("env/auditanchor", []byte("{")) }, "anchor was changed"},
		"delete a block more":  {func(tx *store.Tx, _ []byte) { tx.Delete("env/auditseal/000000000002") }, "cut off"},
		"put an entry in":      {func(tx *store.Tx, _ []byte) { tx.Put("env/audit/0", []byte("{}\n")) }, "was added"},
		"delete the chain all": {func(tx *store.Tx, _ []byte) { tx.Delete("env/auditseal/000000000002"); tx.Delete("env/audithead") }, "head is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			begin := w.now
			head := sealThreeDays(t, w)
			prune(t, w, begin.Add(24*time.Hour))
			var older []byte
			w.unit(t, func(_ context.Context, tx *store.Tx) error { older = copyOf(tx, "env/auditanchor"); return nil })
			prune(t, w, begin.Add(48*time.Hour))
			w.unit(t, func(_ context.Context, tx *store.Tx) error { tt.do(tx, older); return nil })
			for _, known := range []audit.Head{{}, head} {
				if r := verify(t, w, known); r.Bad == nil || !strings.Contains(r.Bad.Error(), tt.want) {
					t.Errorf("known %d: %v, want %q", known.Blocks, r.Bad, tt.want)
				}
			}
		})
	}
}

// TestPruneStopsAtAChangedBlock: what would show that somebody changed it stays.
func TestPruneStopsAtAChangedBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sealThreeDays(t, w)
	w.unit(t, func(_ context.Context, tx *store.Tx) error {
		tx.Put("env/auditseal/000000000000", []byte(strings.Replace(string(copyOf(tx, "env/auditseal/000000000000")), `"number":0`, `"number":0,"entries":[]`, 1)))
		return nil
	})
	w.unit(t, func(_ context.Context, tx *store.Tx) error {
		tx.Put("env/auditseal/000000000000", []byte(strings.Replace(string(copyOf(tx, "env/auditseal/000000000000")), `"id":"`, `"id":"0`, 1)))
		return nil
	})
	if n, err := audit.NewSealer(w.DB, "env", audit.Options{}).Prune(t.Context(), w.now); err == nil || n != 0 {
		t.Errorf("pruned %d entries of a changed block, %v", n, err)
	}
}

// TestLongEventIsCut: it is kept that it happened, not all that was sent along.
func TestLongEventIsCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("ä", audit.MaxRecord)
	w.unit(t, func(_ context.Context, tx *store.Tx) error {
		for range 40 {
			data, err := json.Marshal(long[:audit.MaxEvent/2])
			if err != nil {
				return err
			}
			if _, err := audit.Add(tx, "env", audit.Event{Type: "LONG", User: "u", Description: long, Data: data}); err != nil {
				return err
			}
			if _, err := audit.Add(tx, "env", audit.Event{Type: "MANY", User: "u", Data: data}); err != nil {
				return err
			}
		}
		return nil
	})
	for rec, err := range w.Scan(t.Context(), store.Under("env/audit/")) {
		if err != nil {
			t.Fatal(err)
		}
		if len(rec.Value) > 2*audit.MaxRecord {
			t.Errorf("the record has %d bytes", len(rec.Value))
		}
		events, err := audit.Read(rec)
		if err != nil || len(events) != 80 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		if events[1].Data == nil || events[79].Data != nil || events[79].User != "u" {
			t.Errorf("the first short event %v, the last %v", events[1].Type, events[79])
		}
	}
}
