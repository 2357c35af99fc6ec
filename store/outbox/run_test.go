package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// start runs an outbox until the test ends; it must then have ended well.
func start(t *testing.T, b *outbox.Outbox) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// textTo is a text message to somebody.
func textTo(whom, text string) outbox.Message {
	return outbox.Message{Channel: "EMAIL", To: whom + "@example.com", Text: text}
}

// never is a retry timer that the test does not fire.
func never(time.Duration) <-chan time.Time { return nil }

func TestRunSendsWhatIsThereAndWhatComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(t, text("before"))
	start(t, outbox.New(w.DB, "env", w.send, outbox.Options{After: never}))
	if m := <-w.got; m.Text != "before" {
		t.Errorf("got %q", m.Text)
	}
	for i := range 20 {
		w.add(t, text(fmt.Sprint(i)))
		if m := <-w.got; m.Text != fmt.Sprint(i) {
			t.Errorf("got %q", m.Text)
		}
	}
}

// A gateway that hangs on some messages does not hold up the others.
func TestRunGoesOnAroundSlowSendings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	release := make(chan struct{})
	b := outbox.New(w.DB, "env", func(ctx context.Context, m outbox.Message) error {
		if m.Text == "slow" {
			<-release
		}
		return w.send(ctx, m)
	}, outbox.Options{After: never, Parallel: 6})
	w.add(t, textTo("x", "slow"), textTo("y", "slow"))
	start(t, b)
	for i := range 10 {
		w.add(t, text(fmt.Sprint(i)))
		if m := <-w.got; m.Text != fmt.Sprint(i) {
			t.Errorf("got %q", m.Text)
		}
	}
	close(release)
	<-w.got
	<-w.got
}

func TestRunTriesAgainWhenTheTimerFires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	timers, fire := make(chan time.Duration, 10), make(chan time.Time)
	b := outbox.New(w.DB, "env", w.send, outbox.Options{After: func(d time.Duration) <-chan time.Time {
		timers <- d
		return fire
	}})
	fails := 2
	w.fail = func(outbox.Message) error {
		if fails--; fails >= 0 {
			return errors.New("down")
		}
		return nil
	}
	w.add(t, text("thrice"))
	start(t, b)
	for i, wait := range []time.Duration{time.Second, 2 * time.Second} {
		<-w.got
		if d := <-timers; d != wait {
			t.Errorf("failure %d: waits %v", i, d)
		}
		w.advance(wait)
		fire <- time.Time{}
	}
	<-w.got
	if got := w.texts(); !slices.Equal(got, []string{"thrice"}) {
		t.Errorf("sent %q", got)
	}
}

func TestWakeLooksAtTheRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := outbox.New(w.DB, "env", w.send, outbox.Options{After: never})
	start(t, b)
	w.add(t, text("one"))
	<-w.got
	other := w.open(t) // another process: its commits are not seen by this DB
	err := other.Update(t.Context(), func(_ context.Context, tx *store.Tx) error { return outbox.Add(tx, "env", text("two")) })
	if err != nil {
		t.Fatal(err)
	}
	b.Wake()
	if m := <-w.got; m.Text != "two" {
		t.Errorf("got %q", m.Text)
	}
}

// What was sent when the stop came is deleted, and not sent again by the next process.
func TestStopWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	b := outbox.New(w.DB, "env", func(ctx context.Context, m outbox.Message) error {
		cancel()
		return w.send(ctx, m)
	}, outbox.Options{After: never})
	w.add(t, text("last"))
	if err := b.Run(ctx); err != nil {
		t.Error(err)
	}
	if n := w.rows(t); n != 0 || len(w.sent) != 1 {
		t.Errorf("%d rows left, %d sent", n, len(w.sent))
	}
}

func TestRunEndsWithTheStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	err := outbox.New(w.DB, "env", w.send, outbox.Options{}).Run(t.Context())
	if !errors.Is(err, store.ErrStopped) {
		t.Errorf("got %v", err)
	}
}

// A code that is replaced while it waits for a free slot is not sent.
func TestSupersededWhileWaitingForASlot(t *testing.T) {
	t.Parallel()
	for range 20 { // without the second look, it is sent in about one of three
		w := newWorld(t)
		b := outbox.New(w.DB, "env", func(ctx context.Context, m outbox.Message) error {
			if m.Text == "slow" { // holds the only slot while "old" waits for it
				w.add(t, outbox.Message{Channel: "EMAIL", Text: "new", Supersedes: "ann"})
			}
			return w.send(ctx, m)
		}, outbox.Options{After: never, Parallel: 1})
		w.add(t, text("slow"), outbox.Message{Channel: "EMAIL", Text: "old", Supersedes: "ann"})
		start(t, b)
		<-w.got
		if m := <-w.got; m.Text != "new" {
			t.Fatalf("sent %q", m.Text)
		}
	}
}
