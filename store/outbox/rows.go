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

// row is what a look at the rows finds of one.
type row struct {
	id, group string
	expires   time.Time
	queueKey
}

// rows lists the messages that may still be sent, in the order of Add, and deletes the
// dead ones. A row that cannot be read is reported and left out: it must not hold up
// the others.
func (b *Outbox) rows(ctx context.Context) ([]row, error) {
	var list []row
	newest := map[string]string{} // group → ID
	now := b.db.Now()
	for rec, err := range b.db.Scan(ctx, store.Under(prefix(b.env))) {
		var m Message
		if err == nil {
			err = json.Unmarshal(rec.Value, &m)
		}
		switch {
		case err == nil:
			list = append(list, row{m.ID, m.Supersedes, m.Expires, keyOf(m)})
			newest[m.Supersedes] = m.ID
			if m.CreatedAt.After(now) { // the local clock went back
				now = m.CreatedAt
			}
		case rec.Key == "":
			return nil, fmt.Errorf("outbox: %w", err)
		default:
			b.unreadable(strings.TrimPrefix(string(rec.Key), string(prefix(b.env))), err)
		}
	}
	live := list[:0]
	var dead []store.Key
	for _, m := range list {
		if isPast(m.expires, now) || m.group != "" && newest[m.group] != m.id {
			dead = append(dead, prefix(b.env)+store.Key(m.id))
			b.forget(m.id)
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

// isPast reports whether a message has expired; zero never does.
func isPast(expires, now time.Time) bool { return !expires.IsZero() && !now.Before(expires) }

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
