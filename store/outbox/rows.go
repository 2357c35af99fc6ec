package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// dropAtOnce bounds the unit that deletes dead rows.
const dropAtOnce = 500

// rows reads the messages that may still be sent, in the order of Add, and deletes the
// dead ones. A row that cannot be read is reported and left out: it must not hold up
// the others.
func (b *Outbox) rows(ctx context.Context) ([]Message, error) {
	var list []Message
	newest := map[string]string{} // group → ID
	for rec, err := range b.db.Scan(ctx, store.Under(prefix(b.env))) {
		var m Message
		if err == nil {
			err = json.Unmarshal(rec.Value, &m)
		}
		switch {
		case err == nil:
			list = append(list, m)
			newest[m.Supersedes] = m.ID
		case rec.Key == "":
			return nil, fmt.Errorf("outbox: %w", err)
		default:
			b.unreadable(strings.TrimPrefix(string(rec.Key), string(prefix(b.env))), err)
		}
	}
	now := b.now(list)
	live := list[:0]
	var dead []store.Key
	for _, m := range list {
		if m.expired(now) || m.Supersedes != "" && newest[m.Supersedes] != m.ID {
			dead = append(dead, prefix(b.env)+store.Key(m.ID))
			b.forget(m.ID)
			continue
		}
		live = append(live, m)
	}
	return live, b.drop(ctx, dead)
}

// unreadable reports a row once.
func (b *Outbox) unreadable(id string, err error) {
	reported := false
	b.set(id, func(s *state) { reported = s.failed > 0; s.failed++ })
	if !reported {
		b.o.Failed(Message{ID: id}, err)
	}
}

// now is the local clock or, if that went back, the time of the youngest message.
func (b *Outbox) now(list []Message) time.Time {
	now := b.db.Now()
	for _, m := range list {
		if m.CreatedAt.After(now) {
			now = m.CreatedAt
		}
	}
	return now
}

func (m Message) expired(now time.Time) bool { return !m.Expires.IsZero() && !now.Before(m.Expires) }

// drop deletes rows in the background, after everything that people wait for.
func (b *Outbox) drop(ctx context.Context, keys []store.Key) error {
	ctx = store.Background(ctx)
	var errs []error
	for len(keys) > 0 {
		n := min(len(keys), dropAtOnce)
		errs = append(errs, b.db.Update(ctx, func(_ context.Context, tx *store.Tx) error {
			for _, k := range keys[:n] {
				tx.Delete(k)
			}
			return nil
		}))
		keys = keys[n:]
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("outbox: dropping rows: %w", err)
	}
	return nil
}
