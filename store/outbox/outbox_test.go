package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/memory"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// world is a DB with a clock, and a gateway that notes what it is given.
type world struct {
	*store.DB
	raw store.Store

	mu   sync.Mutex
	now  time.Time
	sent []outbox.Message
	fail func(outbox.Message) error // nil: nothing fails
	got  chan outbox.Message        // each message given to the gateway
}

func newWorld(t testing.TB) *world {
	w := &world{raw: memory.New(), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), got: make(chan outbox.Message, 100)}
	w.DB = w.open(t)
	return w
}

func (w *world) open(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), w.raw, store.Options{Key: make([]byte, 32), Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) send(_ context.Context, m outbox.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	if w.fail != nil {
		err = w.fail(m)
	}
	if err == nil {
		w.sent = append(w.sent, m)
	}
	w.got <- m
	return err
}

// texts are those of the messages sent, in order.
func (w *world) texts() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	texts := []string{}
	for _, m := range w.sent {
		texts = append(texts, m.Text)
	}
	return texts
}

func (w *world) add(t testing.TB, ms ...outbox.Message) {
	t.Helper()
	err := w.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		for _, m := range ms {
			if err := outbox.Add(tx, "env", m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) rows(t testing.TB) (n int) {
	t.Helper()
	for range w.Scan(t.Context(), store.Under("env/outbox/")) {
		n++
	}
	return n
}

func text(s string) outbox.Message {
	return outbox.Message{Channel: "EMAIL", To: "a@example.com", Text: s}
}

func drain(t testing.TB, b *outbox.Outbox, want int) error {
	t.Helper()
	n, err := b.Drain(t.Context())
	if n != want {
		t.Errorf("sent %d, want %d (%v)", n, want, err)
	}
	return err
}

func TestDrainSendsInOrderAndDeletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := outbox.New(w.DB, "env", w.send, outbox.Options{})
	w.add(t, text("one"), text("two"))
	w.add(t, text("three"))
	if err := drain(t, b, 3); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"one", "two", "three"}, w.texts()); diff != "" {
		t.Error(diff)
	}
	m := w.sent[0]
	if len(m.ID) != 36 || m.Environment != "env" || !m.CreatedAt.Equal(w.now) || w.rows(t) != 0 {
		t.Errorf("%+v, %d rows left", m, w.rows(t))
	}
	_ = drain(t, b, 0)
}

func TestADroppedUnitSendsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_ = w.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		return errors.Join(outbox.Add(tx, "env", text("never")), errors.New("refused"))
	})
	_ = drain(t, outbox.New(w.DB, "env", w.send, outbox.Options{}), 0)
}

func TestDeadCodesAreNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := outbox.New(w.DB, "env", w.send, outbox.Options{})
	code := func(group, text string, live time.Duration) outbox.Message {
		return outbox.Message{Text: text, Supersedes: group, Expires: w.now.Add(live)}
	}
	w.add(t, code("ann", "ann 1", time.Hour), code("ben", "ben 1", time.Hour), code("", "free 1", time.Hour))
	w.add(t, code("ann", "ann 2", time.Minute), code("", "free 2", time.Hour), code("cid", "cid 1", time.Minute))
	w.add(t, code("cid", "cid 2", time.Hour))
	w.advance(time.Minute) // ann 2 has expired, and ann 1, though not yet expired, was replaced by it
	_ = drain(t, b, 4)
	if diff := cmp.Diff([]string{"ben 1", "free 1", "free 2", "cid 2"}, w.texts()); diff != "" {
		t.Error(diff)
	}
	if n := w.rows(t); n != 0 {
		t.Errorf("%d rows left", n)
	}
}

// A code that is replaced while the pass is under way is not sent either.
func TestSupersededDuringThePass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := outbox.New(w.DB, "env", func(ctx context.Context, m outbox.Message) error {
		if m.Text == "first" {
			w.add(t, outbox.Message{Text: "new", Supersedes: "ann"})
		}
		return w.send(ctx, m)
	}, outbox.Options{})
	w.add(t, text("first"), outbox.Message{Text: "old", Supersedes: "ann"})
	_ = drain(t, b, 2)
	if diff := cmp.Diff([]string{"first", "new"}, w.texts()); diff != "" {
		t.Error(diff)
	}
}

func TestFailuresWaitAndDoNotBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var reported []string
	b := outbox.New(w.DB, "env", w.send, outbox.Options{Failed: func(m outbox.Message, err error) {
		reported = append(reported, m.Text+": "+err.Error())
	}})
	broken := errors.New("gateway says no")
	w.fail = func(m outbox.Message) error {
		switch m.Text {
		case "bad":
			return broken
		case "worse":
			panic("oops")
		}
		return nil
	}
	w.add(t, text("bad"), text("worse"), text("good"))
	if err := drain(t, b, 1); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]string{"bad: gateway says no", "worse: panic: oops"}, reported); diff != "" {
		t.Error(diff)
	}
	for i, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		w.advance(wait*time.Second - 1)
		if err := drain(t, b, 0); err != nil {
			t.Errorf("failure %d: tried again after less than %d s", i, wait)
		}
		w.advance(1)
		if err := drain(t, b, 0); err == nil {
			t.Errorf("failure %d: not tried again after %d s", i, wait)
		}
	}
	w.fail = nil
	w.advance(time.Minute)
	_ = drain(t, b, 2)
	if diff := cmp.Diff([]string{"good", "bad", "worse"}, w.texts()); diff != "" {
		t.Error(diff)
	}
}

func TestFailuresEndWithExpiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := outbox.New(w.DB, "env", w.send, outbox.Options{})
	w.fail = func(outbox.Message) error { return errors.New("down") }
	w.add(t, outbox.Message{Text: "code", Expires: w.now.Add(10 * time.Second)})
	_ = drain(t, b, 0)
	w.advance(10 * time.Second)
	w.fail = nil
	if err := drain(t, b, 0); err != nil || w.rows(t) != 0 {
		t.Errorf("%v, %d rows left", err, w.rows(t))
	}
}

// A crash between sending and deleting sends once more, with the same ID.
func TestAtLeastOnceOverACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	crashing := outbox.New(w.DB, "env", func(ctx context.Context, m outbox.Message) error {
		_ = w.send(ctx, m)
		return errors.New("the process ends here")
	}, outbox.Options{})
	w.add(t, text("once or twice"))
	_ = drain(t, crashing, 0)
	_ = drain(t, outbox.New(w.open(t), "env", w.send, outbox.Options{}), 1) // the process after it
	if len(w.sent) != 2 || w.sent[0].ID != w.sent[1].ID {
		t.Errorf("%+v", w.sent)
	}
}

func TestUnreadableRowsAreReportedAndLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var reported []string
	b := outbox.New(w.DB, "env", w.send, outbox.Options{Failed: func(m outbox.Message, _ error) { reported = append(reported, m.ID) }})
	if err := w.raw.Commit(t.Context(), nil, []store.Write{{Key: "env/outbox/0", Value: []byte("rot")}}); err != nil {
		t.Fatal(err)
	}
	w.add(t, text("good"))
	_ = drain(t, b, 1)
	_ = drain(t, b, 0)
	if !slices.Equal(reported, []string{"0"}) {
		t.Errorf("reported %q", reported)
	}
}

func TestManyExpiredRowsGoInFewUnits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ms []outbox.Message
	for i := range 1200 {
		ms = append(ms, outbox.Message{Text: fmt.Sprint(i), Expires: w.now.Add(time.Second)})
	}
	w.add(t, ms...)
	w.advance(time.Second)
	before := w.Stats().Commits
	_ = drain(t, outbox.New(w.DB, "env", w.send, outbox.Options{}), 0)
	if n := w.Stats().Commits - before; n != 3 || w.rows(t) != 0 {
		t.Errorf("%d commits, %d rows left", n, w.rows(t))
	}
}
