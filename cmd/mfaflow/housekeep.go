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
		select {
		case <-ctx.Done():
			return nil
		case <-after(tidyEvery):
		}
	}
}

// tidy deletes what can no longer be used and seals the audit up to a moment ago.
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
}
