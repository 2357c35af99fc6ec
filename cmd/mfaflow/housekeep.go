package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
)

// tidyEvery is how often the house is kept.
const tidyEvery = time.Minute

// housekeep does again and again what nobody waits for, until ctx is done. What fails is
// logged and tried again: a server does not stop for it.
func (a *app) housekeep(ctx context.Context) error {
	sealer := audit.NewSealer(a.db, a.instance.Environment, audit.Options{})
	after := a.config.after
	if after == nil {
		after = time.After
	}
	for {
		a.tidy(ctx, sealer)
		a.countRows(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-after(tidyEvery):
		}
	}
}

// rowsEvery is how old the count of records may be: it walks all keys, some millions a
// second.
const rowsEvery = 5 * time.Minute

// countRows counts the records for /metrics, if that is due.
func (a *app) countRows(ctx context.Context) {
	now := a.db.Now()
	if now.Sub(time.Unix(a.rowsAt.Load(), 0)) < rowsEvery {
		return
	}
	rows, err := a.db.CountRecords(ctx)
	if err != nil {
		if ctx.Err() == nil {
			a.log.Error("records not counted", slog.Any("error", err))
		}
		return
	}
	a.rows.Store(&rows)
	a.rowsAt.Store(now.Unix())
}

// tidy deletes what can no longer be used, seals the audit up to a moment ago and deletes
// what is older than the retention says.
func (a *app) tidy(ctx context.Context, sealer *audit.Sealer) {
	n, err := a.service.Sweep(store.Background(ctx))
	if err != nil && ctx.Err() == nil {
		a.log.Error("sweep", slog.Any("error", err))
	}
	if a.messagesFull(ctx) {
		a.log.Warn(messagesFull)
	}
	if n > 0 {
		a.log.Info("swept", slog.Int("records", n))
	}
	if _, err := sealer.Seal(ctx); err != nil && ctx.Err() == nil {
		a.log.Error("audit not sealed", slog.Any("error", err))
	}
	if a.config.auditRetention == 0 {
		return
	}
	pruned, err := sealer.Prune(ctx, a.db.Now().Add(-a.config.auditRetention))
	if err != nil && ctx.Err() == nil {
		a.log.Error("audit not pruned", slog.Any("error", err))
	}
	if pruned > 0 {
		a.log.Info("audit pruned", slog.Int("entries", pruned))
	}
}
