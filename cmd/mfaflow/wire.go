package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/server"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// wireService makes the embedded PingOne service and what carries its messages.
func (a *app) wireService(ctx context.Context) error {
	if a.config.dev {
		a.inbox = embedded.NewInbox(a.db, a.instance.Environment, 0)
	}
	if err := a.wireSenders(); err != nil {
		return err
	}
	with, _ := a.senders.split()
	limits := embedded.DefaultLimits()
	if !a.config.dev {
		limits.MessagesPerUser = messagesPerUser
	} else {
		limits.UnprovenPerAddress = 0 // address limits are off in dev: it has one
	}
	options := embedded.Options{
		Limits:      &limits,
		Origins:     a.config.origins,
		TopOrigins:  a.config.topOrigins,
		Environment: a.instance.Environment, BaseURL: a.config.url, HashCost: a.config.hashCost,
		Channels: with, TestDevices: a.config.dev,
		Authorize: func(token string) bool { return a.config.dev && sameSecret(token, a.token) },
	}
	if a.config.workerID != "" {
		options.Workers = map[string]string{a.config.workerID: a.config.workerSecret}
	}
	var err error
	if a.service, err = embedded.New(ctx, a.db, options); err != nil {
		return fmt.Errorf("embedded service: %w", err)
	}
	a.outbox = outbox.New(a.db, a.instance.Environment, a.send, outbox.Options{
		Failed: func(m outbox.Message, err error) {
			a.log.Warn("message not sent", slog.String("id", m.ID), slog.String("channel", m.Channel), slog.Any("error", err))
		}})
	return nil
}

// messagesPerUser is PingOne's own limit of SMS and of e-mails a user and day.
const messagesPerUser = 50

func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func (a *app) wireServer() error {
	limits := server.DefaultLimits()
	if a.config.dev {
		limits = limits.WithoutAddresses()
	}
	options := server.Options{
		Runner: a.runner, Catalog: a.runner.Catalog(), ManagementToken: a.token, BaseURL: a.config.url,
		PingOne:      a.service,
		Environments: []server.Environment{{ID: a.instance.Environment, Name: "embedded"}},
		Dev:          a.config.dev, FlowSchema: a.flowSchema, Ready: a.ready, StoreFailed: a.db.Failed(),
		TrustedProxies: a.config.proxies, Limits: &limits, Logger: a.log, Now: a.config.now,
		Gauges: a.gauges,
	}
	if a.inbox != nil {
		options.Inbox = inboxOf{a.inbox}
	}
	var err error
	if a.server, err = server.New(options); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// ready names the flows that cannot run and the channels that have no sender: codes on
// them would reach nobody. And it tells that codes to new addresses are refused.
func (a *app) ready(ctx context.Context) server.Readiness {
	r := server.Readiness{Notes: a.stoppedFlows(ctx)}
	_, without := a.senders.split()
	for _, c := range without {
		effect := "its devices cannot be used"
		if c == "PUSH" {
			effect = "phones get no pushes, their passcodes work"
		}
		r.Notes = append(r.Notes, c+" has no sender: "+effect)
	}
	if a.messagesFull(ctx) {
		r.Notes = append(r.Notes, messagesFull)
	}
	return r
}

// stoppedFlows says of each deployed flow that cannot run why it cannot.
func (a *app) stoppedFlows(ctx context.Context) []string {
	list, err := a.runner.Catalog().List(ctx)
	if err != nil {
		return []string{"the deployed flows cannot be read: " + err.Error()}
	}
	var notes []string
	for _, f := range list {
		if f.Stopped && len(f.Problems) > 0 {
			notes = append(notes, fmt.Sprintf("flow %s cannot run: %s", f.ID, f.Problems[0]))
		}
	}
	return notes
}

// messagesFull is what an operator is told when too many messages went to new addresses.
const messagesFull = "the limit of messages to unproven addresses is reached: for up to an hour nobody can prove a new one"

// messagesFull reports whether that is so. A store that cannot be read is told elsewhere.
func (a *app) messagesFull(ctx context.Context) bool {
	full, err := a.service.MessagesFull(ctx)
	return err == nil && full
}

func (a *app) gauges() map[string]float64 {
	s := a.db.Stats()
	size, free := a.db.Space()
	gauges := map[string]float64{
		"mfaflow_store_commits":   float64(s.Commits),
		"mfaflow_store_behind":    float64(s.Behind),
		"mfaflow_store_records":   float64(s.Records),
		"mfaflow_store_conflicts": float64(s.Conflicts),

		"mfaflow_store_size_bytes":     float64(size),
		"mfaflow_store_free_bytes":     float64(free),
		"mfaflow_programs_bytes":       float64(a.runner.Catalog().CompiledBytes()),
		"mfaflow_store_rows_timestamp": float64(a.rowsAt.Load()),
	}
	if rows := a.rows.Load(); rows != nil {
		for kind, n := range *rows {
			gauges[fmt.Sprintf("mfaflow_store_rows{kind=%q}", kind)] = float64(n)
		}
	}
	return gauges
}

// inboxOf shows an embedded.Inbox to the server.
type inboxOf struct{ inbox *embedded.Inbox }

func (i inboxOf) Messages(ctx context.Context, to, channel string) ([]server.InboxMessage, error) {
	list, err := i.inbox.List(ctx, embedded.InboxFilter{To: to, Channel: channel})
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	out := make([]server.InboxMessage, 0, len(list))
	for _, m := range list {
		out = append(out, server.InboxMessage(m))
	}
	return out, nil
}
