// Package audit keeps what happened, in the commit of what happened.
//
//	unit of work ── Add, Add … ──► one record <env>/audit/<id>
//	Sealer       ── behind a horizon ──► <env>/auditseal/<n>: hashes, chained and signed
//	Prune        ── oldest blocks and their entries ──► <env>/auditanchor: where the chain begins now
//	Verify       ── names the first entry that was deleted, changed, added or cut off
//
// Entries go unchained into the commit: a chain head in every unit would make all units
// wait for each other. The Sealer chains them later, when no unit can still add an entry
// before the last one it has sealed.
package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// The results of an Event.
const (
	Success = "SUCCESS"
	Failed  = "FAILED"
)

// Event is one thing that happened. It never holds a code, a seed, a token or an
// address: name the user and the device by id.
type Event struct {
	ID          string          `json:"id"` // by Add
	At          time.Time       `json:"at"` // by Add
	Type        string          `json:"type"`
	Actor       string          `json:"actor,omitempty"`
	User        string          `json:"user,omitempty"`
	Resource    Resource        `json:"resource,omitzero"`
	Result      string          `json:"result"`
	Description string          `json:"description,omitempty"`
	ExecutionID string          `json:"executionId,omitempty"`
	Data        json.RawMessage `json:"data,omitempty"`
}

// Resource is what an Event is about.
type Resource struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// The longest a line and a record may be, in bytes: what people send must not make one
// commit, or a reader of the audit, hold megabytes.
const (
	MaxEvent  = 16 << 10
	MaxRecord = 64 << 10
)

// Add appends e to the entry of tx's unit, which is one record for the unit with an id
// in order of time, and returns the record's key. Of an event that is too long, or comes after too many in
// its unit, Data is left out, and Description cut: that it happened is always kept.
func Add(tx *store.Tx, env string, e Event) (store.Key, error) {
	id, err := tx.Once("audit "+env, func() (any, error) { return tx.NewID(), nil })
	if err != nil {
		return "", fmt.Errorf("audit: %w", err)
	}
	key := prefix(env) + store.Key(id.(string))
	lines, _ := tx.Pending(key)
	n := bytes.Count(lines, []byte("\n"))
	e.ID, e.At = fmt.Sprintf("%s.%d", id, n), tx.Now().UTC()
	line, err := e.encode(MaxRecord - len(lines))
	if err != nil {
		return "", fmt.Errorf("audit: %w", err)
	}
	next := make([]byte, 0, len(lines)+len(line)+1)
	next = append(append(append(next, lines...), line...), '\n')
	tx.Put(key, next)
	return key, nil
}

// maxDescription bounds a description whose event is too long.
const maxDescription = 500

// encode is the event's line, without Data and with a short Description if it were longer
// than MaxEvent or than what room there is.
func (e Event) encode(room int) ([]byte, error) {
	line, err := json.Marshal(e)
	if err != nil || len(line) <= min(MaxEvent, room) {
		return line, err
	}
	left := len(line)
	e.Data = nil
	if len(e.Description) > maxDescription {
		e.Description = strings.ToValidUTF8(e.Description[:maxDescription], "")
	}
	e.Description = strings.TrimSpace(fmt.Sprintf("%s … %d bytes in all", e.Description, left))
	return json.Marshal(e)
}

// Read gives the events of a record, in the order of Add.
func Read(rec store.Record) ([]Event, error) {
	var events []Event
	for line := range bytes.Lines(rec.Value) {
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("audit: %s: %w", rec.Key, err)
		}
		events = append(events, e)
	}
	return events, nil
}

func prefix(env string) store.Key { return store.K(env, "audit", "") }
