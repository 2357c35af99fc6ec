package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/bolt"
	"github.com/mfaflow/mfaflow/store/memory"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// Environment is the id of every simulated environment.
const Environment = "7e577e57-0000-4000-8000-000000000001"

// baseURL is where people find the environment, and the origin of its pages.
const baseURL = "https://mfaflow.example"

// Origin is when every simulation begins.
var origin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Options make a World.
type Options struct {
	// Seed makes codes and ids the same in every run; two worlds of one seed are alike.
	Seed string

	// Dir is an empty folder for the store, which then outlives a crash as it would on
	// a real disk; "" keeps it in memory, and Crash is refused.
	Dir string
}

// World is one simulated environment. It is not safe for concurrent use, but what it
// gives away (DB, API, Now) is.
type World struct {
	opts   Options
	policy json.RawMessage
	clock  clock
	opens  int
	app    []account        // newest first
	keys   []*authenticator // the one that got a credential last first
	phones []*handset       // newest first

	plug    *plug
	db      *store.DB
	service *embedded.Service
	inbox   *embedded.Inbox
	outbox  *outbox.Outbox
}

// clock is the virtual clock. It outlives crashes.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// channels all have a sender: the world itself.
var channels = []string{"EMAIL", "SMS", "VOICE", "WHATSAPP", "PUSH"}

// cost is what a password hash costs here: nothing worth waiting for.
var cost = embedded.HashCost{MemoryKiB: 64, Passes: 1, Lanes: 1}

// New opens a new World.
func New(ctx context.Context, o Options) (*World, error) {
	policy, err := json.Marshal(p0())
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	w := &World{opts: o, policy: policy, clock: clock{now: origin}}
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

// open starts the world on its store.
func (w *World) open(ctx context.Context) error {
	var file store.Store = memory.New()
	if w.opts.Dir != "" {
		var err error
		if file, err = bolt.Open(filepath.Join(w.opts.Dir, "world.db")); err != nil {
			return fmt.Errorf("open the store: %w", err)
		}
	}
	w.opens++
	w.plug = &plug{Store: file}
	db, err := store.Open(ctx, w.plug, store.Options{Key: make([]byte, 32), Now: w.Now, Rand: stream(w.opts.Seed, w.opens)})
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	w.db = db
	w.service, err = embedded.New(ctx, db, embedded.Options{
		Environment: Environment, BaseURL: baseURL, Channels: channels, Policy: w.policy, HashCost: cost})
	if err != nil {
		return fmt.Errorf("embedded service: %w", err)
	}
	w.inbox = embedded.NewInbox(db, Environment, 0)
	w.outbox = outbox.New(db, Environment, w.inbox.Send, outbox.Options{})
	return nil
}

// DB is the world's store, since the last crash.
func (w *World) DB() *store.DB { return w.db }

// API is the embedded service, since the last crash.
func (w *World) API() pingone.API { return w.service }

// Opens is how often the store was opened: once, and once more after each crash.
func (w *World) Opens() int { return w.opens }

// Close ends the world. Its folder is the caller's to remove.
func (w *World) Close() error {
	if err := w.db.Close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

// Unplug makes every commit fail until the world crashes.
func (w *World) Unplug() { w.plug.pulled.Store(true) }

// plug is the power cable between a DB and its store.
type plug struct {
	store.Store
	pulled atomic.Bool
}

func (p *plug) Commit(ctx context.Context, checks []store.Check, writes []store.Write) error {
	if p.pulled.Load() {
		return store.ErrStopped
	}
	return p.Store.Commit(ctx, checks, writes)
}

// Crash ends everything without a farewell and starts it again on what was stored. That
// takes a millisecond, so that new ids come after the old ones.
func (w *World) Crash(ctx context.Context) error {
	if w.opts.Dir == "" {
		return fmt.Errorf("a world without a folder has nothing to start again on")
	}
	if err := w.Close(); err != nil {
		return err
	}
	w.Advance(time.Millisecond)
	return w.open(ctx)
}

// Now is the virtual time.
func (w *World) Now() time.Time {
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	return w.clock.now
}

// Advance moves the clock. Nothing else does.
func (w *World) Advance(d time.Duration) {
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	w.clock.now = w.clock.now.Add(d)
}

// Messages delivers what waits and returns all messages so far, newest first, as the
// dev inbox shows them.
func (w *World) Messages(ctx context.Context) ([]any, error) {
	if _, err := w.outbox.Drain(ctx); err != nil {
		return nil, fmt.Errorf("deliver messages: %w", err)
	}
	entries, err := w.inbox.List(ctx, embedded.InboxFilter{})
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	list := []any{}
	b, err := json.Marshal(entries)
	if err == nil {
		err = json.Unmarshal(b, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	return list, nil
}
