package main

import (
	"context"
	"log/slog"

	"github.com/mfaflow/mfaflow/flows/cond"
)

// addressHider is a slog.Handler that writes hashes for addresses of people. Texts come
// from anywhere: a mail server names the recipient in its refusal.
type addressHider struct {
	slog.Handler
	hash func(string) string
}

// hideAddresses gives log back with lines that hold no address.
func hideAddresses(log *slog.Logger, hash func(string) string) *slog.Logger {
	return slog.New(addressHider{log.Handler(), hash})
}

func (h addressHider) Handle(ctx context.Context, line slog.Record) error {
	hidden := slog.NewRecord(line.Time, line.Level, cond.HideText(line.Message, h.hash), line.PC)
	line.Attrs(func(a slog.Attr) bool {
		hidden.AddAttrs(h.hide(a))
		return true
	})
	return h.Handler.Handle(ctx, hidden)
}

func (h addressHider) WithAttrs(attrs []slog.Attr) slog.Handler {
	hidden := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		hidden[i] = h.hide(a)
	}
	return addressHider{h.Handler.WithAttrs(hidden), h.hash}
}

func (h addressHider) WithGroup(name string) slog.Handler {
	return addressHider{h.Handler.WithGroup(name), h.hash}
}

// hide is an attribute with its text, or that of its error, hidden.
func (h addressHider) hide(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, cond.HideText(v.String(), h.hash))
	case slog.KindGroup:
		group := make([]slog.Attr, len(v.Group()))
		for i, inner := range v.Group() {
			group[i] = h.hide(inner)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(group...)}
	}
	if err, ok := v.Any().(error); ok {
		return slog.String(a.Key, cond.HideText(err.Error(), h.hash))
	}
	return a
}
