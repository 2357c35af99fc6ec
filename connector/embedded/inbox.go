package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// Sender carries messages of one or more channels. It may be called again with a message
// that it already sent; Message.ID tells.
type Sender interface {
	Send(ctx context.Context, m outbox.Message) error
}

// DefaultInboxSize is how many messages an Inbox keeps.
const DefaultInboxSize = 1000

// Inbox is the Sender of development: it keeps messages in the store, where a test or a
// developer reads the codes, also after the process was killed. Safe for concurrent use.
type Inbox struct {
	db   *store.DB
	env  string
	size int

	mu    sync.Mutex
	count int // messages kept, at least; -1 not counted yet
}

var _ Sender = (*Inbox)(nil)

// InboxEntry is one message, as GET /dev/inbox shows it.
type InboxEntry struct {
	ID      string          `json:"id"`
	Channel string          `json:"channel"`
	To      string          `json:"to"`
	Subject string          `json:"subject,omitempty"`
	Text    string          `json:"text"`
	Code    string          `json:"code,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"` // of a push
	At      time.Time       `json:"at"`
}

// InboxFilter selects messages; an empty member selects all.
type InboxFilter struct {
	To      string // ignoring case
	Channel string // ignoring case
}

// NewInbox makes the inbox of an environment; size 0 keeps DefaultInboxSize messages.
func NewInbox(db *store.DB, env string, size int) *Inbox {
	if size <= 0 {
		size = DefaultInboxSize
	}
	return &Inbox{db: db, env: env, size: size, count: -1}
}

func (i *Inbox) key(id string) store.Key { return store.K(i.env, "inbox", id) }

// Send keeps a message. Its id is its key, so that a second delivery changes nothing.
func (i *Inbox) Send(ctx context.Context, m outbox.Message) error {
	fresh := false
	err := i.db.Update(ctx, func(_ context.Context, tx *store.Tx) error {
		recs, err := tx.Get(i.key(m.ID))
		if err != nil {
			return fmt.Errorf("read message %s: %w", m.ID, err)
		}
		if fresh = recs[0].Rev == 0; !fresh {
			return nil
		}
		b, err := json.Marshal(InboxEntry{ID: m.ID, Channel: m.Channel, To: m.To, Subject: m.Subject, Text: m.Text,
			Code: m.Code, Data: m.Data, At: tx.Now().UTC().Truncate(time.Millisecond)})
		if err != nil {
			return fmt.Errorf("encode message %s: %w", m.ID, err)
		}
		tx.Put(i.key(m.ID), b)
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep message %s: %w", m.ID, err)
	}
	if !fresh {
		return nil
	}
	return i.trim(ctx)
}

// trim drops the oldest tenth when there are more than size. Ids rise with time.
func (i *Inbox) trim(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.count++; i.count > 0 && i.count <= i.size {
		return nil
	}
	all, err := i.List(ctx, InboxFilter{})
	if err != nil {
		return err
	}
	i.count = len(all)
	if i.count <= i.size {
		return nil
	}
	keep := i.size - i.size/10
	err = i.db.Update(ctx, func(_ context.Context, tx *store.Tx) error {
		for _, old := range all[keep:] {
			tx.Delete(i.key(old.ID))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("trim the inbox: %w", err)
	}
	i.count = keep
	return nil
}

// List returns messages, newest first.
func (i *Inbox) List(ctx context.Context, f InboxFilter) ([]InboxEntry, error) {
	out := []InboxEntry{}
	for rec, err := range i.db.Scan(ctx, store.Under(i.key(""))) {
		if err != nil {
			return nil, fmt.Errorf("read the inbox: %w", err)
		}
		var e InboxEntry
		if err := json.Unmarshal(rec.Value, &e); err != nil {
			return nil, fmt.Errorf("message %s: %w", rec.Key, err)
		}
		if (f.To == "" || strings.EqualFold(f.To, e.To)) && (f.Channel == "" || strings.EqualFold(f.Channel, e.Channel)) {
			out = append(out, e)
		}
	}
	slices.Reverse(out)
	return out, nil
}
