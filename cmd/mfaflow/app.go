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
	"os"

	"github.com/google/uuid"

	"github.com/mfaflow/mfaflow/capabilities"
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows"
	"github.com/mfaflow/mfaflow/server"
	"github.com/mfaflow/mfaflow/store"
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

	instance instance
	token    string
	first    bool // this start made the store
	seen     map[string][sha256.Size]byte
}

// instance is what is fixed at first start.
type instance struct {
	Environment string `json:"environment"`
}

var instanceKey = store.K("system", "instance")

// openApp opens the store and wires the parts. Nothing runs yet.
func openApp(ctx context.Context, c *config, log *slog.Logger) (*app, error) {
	a := &app{config: c, log: log, seen: map[string][sha256.Size]byte{}}
	if err := os.MkdirAll(c.data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	key, err := c.masterKey()
	if err != nil {
		return nil, err
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
	if err := a.deployFirst(ctx); err != nil {
		return err
	}
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
			a.first = false
			return json.Unmarshal(recs[0].Value, &a.instance)
		}
		a.first = true
		a.instance.Environment = a.config.environment
		if a.instance.Environment == "" {
			id, err := uuid.FromBytes(tx.Random(16))
			if err != nil {
				return err
			}
			id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // a random UUID, version 4
			a.instance.Environment = id.String()
		}
		b, err := json.Marshal(a.instance)
		if err != nil {
			return err
		}
		tx.Put(instanceKey, b)
		return nil
	})
	if err != nil {
		return fmt.Errorf("instance record: %w", err)
	}
	if c := a.config.environment; c != "" && c != a.instance.Environment {
		return usagef("the data folder %s belongs to environment %s, not %s", a.config.data, a.instance.Environment, c)
	}
	return nil
}

// deployFirst deploys the templates at first start, and the folder of flows at each.
func (a *app) deployFirst(ctx context.Context) error {
	if a.first {
		list, err := readFlows(flows.Templates())
		if err != nil {
			return err
		}
		if err := a.deployAll(ctx, list); err != nil {
			return err
		}
	}
	if a.config.flows == "" {
		return nil
	}
	list, err := readFlows(os.DirFS(a.config.flows))
	if err != nil {
		return err
	}
	for _, s := range list {
		a.seen[s.name] = sha256.Sum256(s.text)
	}
	return a.deployAll(ctx, list)
}

// deployAll deploys flows in whatever order lets each find those it calls.
func (a *app) deployAll(ctx context.Context, list []source) error {
	for len(list) > 0 {
		var left []source
		var failed error
		for _, s := range list {
			if _, err := a.runner.Catalog().Put(ctx, "", s.text, true); err != nil {
				failed = errors.Join(failed, fmt.Errorf("deploy %s: %w%s", s.name, err, problemLines(err)))
				left = append(left, s)
			}
		}
		if len(left) == len(list) {
			return failed
		}
		list = left
	}
	return nil
}

func problemLines(err error) (text string) {
	var e *engine.Error
	if errors.As(err, &e) {
		for _, p := range e.Problems {
			text += fmt.Sprintf("\n  %d:%d: %s [%s]", p.Line, p.Column, p.Text, p.Rule)
		}
	}
	return text
}

// deployChanged deploys the flows whose files changed and logs what is wrong with them.
func (a *app) deployChanged(ctx context.Context, list []source) {
	for _, s := range list {
		sum := sha256.Sum256(s.text)
		if a.seen[s.name] == sum {
			continue
		}
		a.seen[s.name] = sum
		up, err := a.runner.Catalog().Put(ctx, "", s.text, true)
		if err != nil {
			a.log.Error("flow not deployed", slog.String("file", s.name), slog.String("error", err.Error()+problemLines(err)))
			continue
		}
		a.log.Info("flow deployed", slog.String("flow", up.ID), slog.String("revision", up.Revision))
	}
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
		fmt.Fprintf(w, "demo user   %s / %s\n", demoUser, demoPassword)
	}
}
