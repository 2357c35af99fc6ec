// Package outbox delivers messages that are written in the same commit as what they
// tell of.
//
//	unit of work ── Add ──► row <env>/outbox/<id> ──► send(id as idempotency key) ──► row deleted
//
// Rows are found by scanning, never by a cursor, so none is overlooked that a slow unit
// commits late. A message goes out at least once, and at most once more for each crash
// between sending and deleting; a receiver that knows its ID can drop the second. Before
// each sending a row that has expired, or that a newer one of its group has replaced, is
// dropped: a dead code is not sent.
//
// Run sends the messages of each channel side by side, in turns that are fair to clients and
// targets (see Lane), and one at a time to a target. A gateway that hangs for some holds up
// neither other channels nor, for longer than Options.Slow, other targets: a failed message
// waits for its next try by itself. Of the rows that wait it keeps some 200 bytes each.
//
// One process may deliver for an environment: rows carry no claims.
package outbox

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// Message is one message to one person.
type Message struct {
	ID          string          `json:"id"` // idempotency key; by Add if empty, else it must be time-ordered
	Environment string          `json:"environment"`
	Channel     string          `json:"channel"` // EMAIL, SMS, VOICE, WHATSAPP or PUSH
	To          string          `json:"to"`
	Subject     string          `json:"subject,omitempty"`
	Text        string          `json:"text"`
	Code        string          `json:"code,omitempty"`       // the one-time code in Text, for the dev inbox
	Data        json.RawMessage `json:"data,omitempty"`       // what an app is told beside Text, a JSON object; PUSH only
	Supersedes  string          `json:"supersedes,omitempty"` // group of which only the newest message is sent
	Expires     time.Time       `json:"expires,omitzero"`     // not sent from then on; zero: never expires
	CreatedAt   time.Time       `json:"createdAt"`            // by Add
	Lane        Lane            `json:"lane,omitzero"`
}

// Lane says with whom a message shares its turn. The zero Lane is that of To, for nobody.
type Lane struct {
	Target string `json:"target,omitempty"` // equal for all spellings of To; "" is To itself
	Source string `json:"source,omitempty"` // the client for whom it is sent; "" is unknown
	Proven bool   `json:"proven,omitempty"` // the target is known to be its user's
}

// Add writes the message in the unit of tx, for delivery after its commit.
func Add(tx *store.Tx, env string, m Message) error {
	if m.ID == "" {
		m.ID = tx.NewID()
	}
	m.Environment, m.CreatedAt = env, tx.Now().UTC()
	row, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	tx.Put(prefix(env)+store.Key(m.ID), row)
	return nil
}

func prefix(env string) store.Key { return store.K(env, "outbox", "") }
