package store

import "context"

type backgroundKey struct{}

// Background marks the commits made under ctx as work that nobody waits for (sweepers,
// the outbox, the audit sealer). A store that groups commits serves them after those of
// people, but at least one with each group.
func Background(ctx context.Context) context.Context {
	return context.WithValue(ctx, backgroundKey{}, true)
}

// IsBackground says whether ctx was marked by Background.
func IsBackground(ctx context.Context) bool { return ctx.Value(backgroundKey{}) != nil }
