package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/mfaflow/mfaflow/capabilities"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/server"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
	"github.com/mfaflow/mfaflow/store/bolt"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// app is everything wired together.
type app struct {
	config *config
	log    *slog.Logger

	db      *store.DB
	service *embedded.Service
	outbox  *outbox.Outbox
	inbox   *embedded.Inbox // in dev
	senders senders
	caps    *connector.Registry
	runner  *engine.Runner
	server  *server.Server

	rows   atomic.Pointer[map[string]int64] // records by kind, as counted last
	rowsAt atomic.Int64                     // when, in Unix seconds

	instance instance
	token    string
	first    bool // no start has come as far as its greeting yet
	seen     map[string][sha256.Size]byte
}

// instance is what is fixed at first start.
type instance struct {
	Environment string `json:"environment"`
	Greeted     bool   `json:"greeted,omitempty"` // the token was printed
	Demo        bool   `json:"demo,omitempty"`    // the demo user is here, so this is dev's for ever
}

var instanceKey = store.K("system", "instance")

// openApp opens the store and wires the parts. Nothing runs yet.
func openApp(ctx context.Context, c *config, log *slog.Logger) (*app, error) {
	a := &app{config: c, log: log, seen: map[string][sha256.Size]byte{}}
	if err := os.MkdirAll(c.data, 0o700); err != nil {
		return nil, usagef("data is %q: %w; name a folder that can be made and written", c.data, err)
	}
	warnings, err := c.guardFiles()
	if err != nil {
		return nil, err
	}
	for _, w := range append(warnings, c.warnings...) {
		log.Warn(w)
	}
	key, err := c.masterKey()
	if err != nil {
		return nil, err
	}
	if isGuessableKey(key) || isText(key) {
		log.Warn("the master key was not drawn at random, so that it may be guessed: give the next store another; " + makeSecret)
	}
	file, err := bolt.Open(c.path("mfaflow.db"))
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	if a.db, err = store.Open(ctx, file, store.Options{Key: key, Now: c.now}); err != nil {
		return nil, errors.Join(fmt.Errorf("open the store: %w", err), file.Close())
	}
	if err := a.wire(ctx); err != nil {
		return nil, errors.Join(err, a.db.Close())
	}
	return a, nil
}

func (a *app) close() error {
	if err := a.db.Close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

func (a *app) wire(ctx context.Context) error {
	if err := a.fixInstance(ctx); err != nil {
		return err
	}
	a.log = hideAddresses(a.log, audit.Pseudonyms(a.db, a.instance.Environment))
	a.token = a.config.token
	if a.token == "" {
		a.token = base64.RawURLEncoding.EncodeToString(a.db.Derive("management token"))
	}
	if err := a.wireService(ctx); err != nil {
		return err
	}
	var err error
	a.caps, err = connector.NewRegistry(capabilities.All(capabilities.Deps{MFA: a.service, Joined: true, Now: a.config.now})...)
	if err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	a.runner, err = engine.New(engine.Options{
		DB: a.db, Capabilities: a.caps, Environment: a.instance.Environment, Env: a.config.env, Log: a.log})
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	if err := a.deployFlows(ctx); err != nil {
		return err
	}
	a.logFlows(ctx)
	if a.config.dev {
		if err := a.seedDemo(ctx); err != nil {
			return err
		}
	}
	return a.wireServer()
}

// fixInstance reads what the first start fixed, or fixes it.
func (a *app) fixInstance(ctx context.Context) error {
	err := a.db.Update(ctx, func(_ context.Context, tx *store.Tx) error {
		recs, err := tx.Get(instanceKey)
		if err != nil {
			return err
		}
		if recs[0].Rev != 0 {
			return json.Unmarshal(recs[0].Value, &a.instance)
		}
		a.instance.Environment = a.config.environment
		if a.instance.Environment == "" {
			id, err := uuid.FromBytes(tx.Random(16))
			if err != nil {
				return err
			}
			id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // a random UUID, version 4
			a.instance.Environment = id.String()
		}
		return a.instance.put(tx)
	})
	if err != nil {
		return fmt.Errorf("instance record: %w", err)
	}
	a.first = !a.instance.Greeted
	if a.instance.Demo && !a.config.dev {
		return usagef("the data folder %s has the demo user of mfaflow dev, whose password everybody knows: serve from another", a.config.data)
	}
	if c := a.config.environment; c != "" && c != a.instance.Environment {
		return usagef("the data folder %s belongs to environment %s, not %s", a.config.data, a.instance.Environment, c)
	}
	return nil
}

func (i instance) put(tx *store.Tx) error {
	b, err := json.Marshal(i)
	if err != nil {
		return err
	}
	tx.Put(instanceKey, b)
	return nil
}

// remember writes what this start has done to the instance.
func (a *app) remember(ctx context.Context) error {
	err := a.db.Update(ctx, func(_ context.Context, tx *store.Tx) error { return a.instance.put(tx) })
	if err != nil {
		return fmt.Errorf("instance record: %w", err)
	}
	return nil
}

// deployFlows deploys the templates and the folder of flows.
func (a *app) deployFlows(ctx context.Context) error {
	if err := a.upgradeTemplates(ctx); err != nil {
		return err
	}
	if a.config.flows == "" {
		return nil
	}
	list, err := readFlows(os.DirFS(a.config.flows))
	if err != nil {
		return err
	}
	a.changed(list)
	return a.deploy(ctx, list)
}

// logFlows tells which deployed flows cannot run, and which a new upload would be refused
// for. It compiles all, so that the first person need not wait for that.
func (a *app) logFlows(ctx context.Context) {
	list, err := a.runner.Catalog().List(ctx)
	if err != nil {
		a.log.Error("the deployed flows cannot be read", slog.Any("error", err))
	}
	for _, f := range list {
		for _, p := range f.Problems {
			a.log.Error("a stored flow cannot run", slog.String("flow", f.ID), slog.String("problem", p.String()))
		}
		for _, p := range f.Tolerated {
			a.log.Warn("a stored flow breaks a rule that is newer than it; mend it and upload it again", slog.String("flow", f.ID), slog.String("problem", p.String()))
		}
	}
}

// deploy deploys flows together, or none of them. What is deployed already is left as it
// is, whether it can run or not: it holds up neither a start nor the others.
func (a *app) deploy(ctx context.Context, list []source) error {
	deployed, err := a.runner.Catalog().List(ctx)
	if err != nil {
		return fmt.Errorf("deploy flows: %w", err)
	}
	var sources []engine.Source
	for _, s := range list {
		revision := engine.RevisionOf(s.text)
		if !slices.ContainsFunc(deployed, func(f engine.FlowInfo) bool { return f.Revision == revision }) {
			sources = append(sources, engine.Source{File: s.name, Text: s.text})
		}
	}
	if len(sources) == 0 {
		return nil
	}
	if _, err := a.runner.Catalog().PutAll(ctx, sources); err != nil {
		return fmt.Errorf("deploy flows: %w%s", err, problemLines(err))
	}
	return nil
}

func problemLines(err error) (text string) {
	var e *engine.Error
	if errors.As(err, &e) {
		for _, p := range e.Problems {
			text += fmt.Sprintf("\n  %s:%d:%d: %s [%s]", p.File, p.Line, p.Column, p.Text, p.Rule)
		}
	}
	return text
}

// changed reports whether any of the files is not as it was seen last.
func (a *app) changed(list []source) bool {
	seen := make(map[string][sha256.Size]byte, len(list))
	for _, s := range list {
		seen[s.name] = sha256.Sum256(s.text)
	}
	same := maps.Equal(a.seen, seen)
	a.seen = seen
	return !same
}

// deployChanged deploys the folder of flows after a change, and logs what is wrong.
func (a *app) deployChanged(ctx context.Context, list []source) {
	if !a.changed(list) {
		return
	}
	if err := a.deploy(ctx, list); err != nil {
		a.log.Error("flows not deployed", slog.Any("error", err))
		return
	}
	a.log.Info("flows deployed", slog.Int("files", len(list)))
}

// greet tells where things are. The token is printed when it was made, and in dev.
func (a *app) greet(w io.Writer) {
	fmt.Fprintf(w, "mfaflow     %s\n", a.config.url)
	fmt.Fprintf(w, "environment %s\n", a.instance.Environment)
	if a.config.token == "" && (a.first || a.config.dev) {
		fmt.Fprintf(w, "token       %s\n", a.token)
	}
	if a.config.dev {
		fmt.Fprintf(w, "inbox       %s/dev/inbox\n", a.config.url)
		fmt.Fprintf(w, "passkeys    on %s\n", strings.Replace(a.config.url, "127.0.0.1", "localhost", 1))
		fmt.Fprintf(w, "demo user   %s / %s\n", demoUser, demoPassword)
	}
}
