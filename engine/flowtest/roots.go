package flowtest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/flows/cond"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
)

// channels are what `sent` counts.
var channels = []string{"EMAIL", "SMS", "VOICE", "WHATSAPP", "PUSH"}

// rootTypes is what expressions of tests can read. Members of most are open: what is not
// there is told when the test runs.
var rootTypes = &cond.Type{Kind: cond.Object, Fields: map[string]cond.Field{
	"step":    {Type: object("node", "screen", "token", "title", "with", "values", "form", "actions", "message", "expiresAt", "pollAfterMs")},
	"outputs": {Type: open}, "result": {Type: object("userId", "amr", "authTime")},
	"error": {Type: object("code", "message", "details", "path")},
	"inbox": {Type: messages}, "phone": {Type: messages},
	"app":     {Type: &cond.Type{Kind: cond.List, Items: object("label", "code")}},
	"passkey": {Type: object("attestation", "assertion", "origin")}, "qr": {Type: open},
	"mobile": {Type: &cond.Type{Kind: cond.List, Items: object("phone", "code")}},
	"pushes": {Type: &cond.Type{Kind: cond.List, Items: open}},
	"sent":   {Type: counts()}, "users": {Type: open}, "devices": {Type: open},
	"audit": {Type: &cond.Type{Kind: cond.List, Items: object("type", "user", "actor", "result", "description", "resource", "executionId", "at")}},
	"trace": {Type: &cond.Type{Kind: cond.List, Items: object("node", "event", "capability", "edge", "next", "error", "step", "at")}},
}}

var (
	open     = &cond.Type{Kind: cond.Object, Open: true}
	messages = &cond.Type{Kind: cond.List, Items: object("id", "channel", "to", "subject", "text", "code", "at")}
)

func object(names ...string) *cond.Type {
	t := &cond.Type{Kind: cond.Object, Fields: map[string]cond.Field{}}
	for _, n := range names {
		t.Fields[n] = cond.Field{Type: &cond.Type{}}
	}
	return t
}

func counts() *cond.Type {
	t := object(channels...)
	for n := range t.Fields {
		t.Fields[n] = cond.Field{Type: &cond.Type{Kind: cond.Number}}
	}
	return t
}

// roots computes those roots that the paths begin with.
func (r *running) roots(ctx context.Context, paths [][]string) (map[string]any, error) {
	env := map[string]any{}
	for _, p := range paths {
		if len(p) == 0 {
			continue
		}
		if _, done := env[p[0]]; done {
			continue
		}
		v, err := r.root(ctx, p[0])
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", p[0], err)
		}
		env[p[0]] = v
	}
	return env, nil
}

func (r *running) root(ctx context.Context, name string) (any, error) {
	world := r.lab.World
	switch name {
	case "users":
		return world.Users(ctx)
	case "devices":
		return world.Devices(ctx)
	case "inbox", "phone", "sent":
		list, err := world.Messages(ctx)
		if err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(item any) bool {
			m, _ := item.(map[string]any)
			return r.oldMessages[m["id"]]
		})
		return sorting(name, list), nil
	case "app", "mobile", "pushes", "passkey", "qr":
		return r.deviceRoot(ctx, name)
	case "audit":
		events, err := r.events(ctx)
		return events[min(r.oldEvents, len(events)):], err
	case "trace":
		return r.trace(ctx)
	}
	return r.shown(name)
}

// shown are the roots that the execution itself has.
func (r *running) shown(name string) (any, error) {
	e := r.now
	if e == nil {
		e = &engine.Execution{}
	}
	whole, err := plain(e)
	if err != nil {
		return nil, err
	}
	m, _ := whole.(map[string]any)
	if m[name] == nil {
		return map[string]any{}, nil
	}
	return m[name], nil
}

// sorting puts messages where they arrive: mail in the inbox, the rest on the phone.
func sorting(name string, list []any) any {
	inbox, phone, sent := []any{}, []any{}, map[string]any{}
	for _, c := range channels {
		sent[c] = 0.0
	}
	for _, item := range list {
		m, _ := item.(map[string]any)
		channel, _ := m["channel"].(string)
		n, _ := sent[channel].(float64)
		sent[channel] = n + 1
		if channel == "EMAIL" {
			inbox = append(inbox, item)
		} else {
			phone = append(phone, item)
		}
	}
	return map[string]any{"inbox": inbox, "phone": phone, "sent": sent}[name]
}

// events are everything that was noted in this world, oldest first.
func (r *running) events(ctx context.Context) ([]any, error) {
	list := []any{}
	for rec, err := range r.lab.DB().Scan(ctx, store.Under(store.K(r.lab.Environment, "audit", ""))) {
		if err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
		events, err := audit.Read(rec)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			e.Data = nil
			v, err := plain(e)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
	}
	return list, nil
}

// trace is what the current execution did, each entry with its node as a path and its
// error as a code.
func (r *running) trace(ctx context.Context) (any, error) {
	if err := r.note(ctx); err != nil {
		return nil, err
	}
	list := []any{}
	t := r.traces[r.id]
	if t == nil {
		return list, nil
	}
	for _, e := range t.Entries {
		v, err := plain(e)
		if err != nil {
			return nil, err
		}
		m, _ := v.(map[string]any)
		m["node"] = strings.Join(e.Path, ".")
		if e.Error != nil {
			m["error"] = e.Error.Code
		}
		list = append(list, m)
	}
	return slices.Clip(list), nil
}
