package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
)

// The trace of a step rides in the audit record of its unit, so it costs no record of
// its own; the execution remembers the record's key.

// maxTraceValue bounds one value in a trace, in bytes of JSON: a trace explains a
// decision, it does not copy the data.
const maxTraceValue = 512

// maxTraceSteps is how many of the last steps a trace covers: the record of an execution
// is written each step, so it cannot carry the key of every audit record for ever.
const maxTraceSteps = 200

// maxTraceBytes bounds the trace of one step, so that the audit keeps it whole: see
// audit.MaxEvent.
const maxTraceBytes = audit.MaxEvent - 4<<10

// encodeTrace leaves out the values that were read if all together are too long, and
// then the oldest entries.
func encodeTrace(entries []TraceEntry) ([]byte, error) {
	b, err := json.Marshal(entries)
	if err != nil || len(b) <= maxTraceBytes {
		return b, err
	}
	entries = slices.Clone(entries)
	for i := range entries {
		entries[i].Read, entries[i].Value = nil, nil
	}
	for {
		if b, err = json.Marshal(entries); err != nil || len(b) <= maxTraceBytes || len(entries) == 1 {
			return b, err
		}
		entries = entries[(len(entries)+1)/2:]
	}
}

func joinPath(path []string) string { return strings.Join(path, ".") }

// lookup follows a path through maps; what is not there is nil.
func lookup(v any, path []string) any {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func shorten(v any) any {
	b, err := json.Marshal(v)
	if err != nil || len(b) <= maxTraceValue {
		return v
	}
	return fmt.Sprintf("… %d bytes", len(b))
}

// record adds the audit event of this unit, with the trace in its data.
func (w *walker) record(kind string) error {
	data, err := encodeTrace(w.trace)
	if err != nil {
		return fmt.Errorf("encode trace: %w", err)
	}
	result := "SUCCESS"
	if s := w.st.head.Status; s == Failed || s == Expired {
		result = "FAILED"
	}
	key, err := audit.Add(w.tx, w.r.environment, audit.Event{
		Type: kind, User: w.user(), Result: result, ExecutionID: w.st.id, Data: data, Description: w.ending(),
		Resource: audit.Resource{Type: "FLOW", ID: w.st.head.Flow},
	})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	log := append(w.st.head.Log, lastSegment(key))
	w.st.head.Log = log[max(0, len(log)-maxTraceSteps):]
	return nil
}

// ending says in the audit how an execution ended: outcome or error, and its outputs,
// without secrets and names of people. So a skipped enrolment and a second factor that was not asked
// for stand there.
func (w *walker) ending() string {
	h := &w.st.head
	if !h.Status.final() {
		return ""
	}
	text := h.Outcome
	if h.Error != nil {
		text = strings.TrimSpace(text + " " + w.hideError(h.Error).Code)
	}
	if w.gaveBack == nil {
		return text
	}
	b, err := json.Marshal(shorten(w.gaveBack))
	if err != nil {
		return text
	}
	return text + " " + string(b)
}

func lastSegment(k store.Key) string {
	s := string(k)
	return s[strings.LastIndexByte(s, '/')+1:]
}

// user is who was authenticated so far, "" if nobody.
func (w *walker) user() string {
	if len(w.st.head.Proofs) == 0 {
		return ""
	}
	return w.st.head.Proofs[0].User
}

// Trace returns what an execution did. It reads only; errors: NOT_FOUND, UNAVAILABLE.
func (r *Runner) Trace(ctx context.Context, id string) (*Trace, error) {
	st, err := r.read(ctx, id)
	if err != nil {
		return nil, err
	}
	keys := make([]store.Key, len(st.head.Log))
	for i, l := range st.head.Log {
		keys[i] = store.K(r.environment, "audit", l)
	}
	records, err := r.db.Get(ctx, keys...)
	if err != nil {
		return nil, refuse(err)
	}
	t := &Trace{Execution: id, Entries: []TraceEntry{}}
	for _, rec := range records {
		if rec.Rev == 0 {
			continue // retention took it
		}
		events, err := audit.Read(rec)
		if err != nil {
			return nil, refuse(err)
		}
		for _, e := range events {
			if e.ExecutionID != id || len(e.Data) == 0 {
				continue
			}
			var entries []TraceEntry
			if err := json.Unmarshal(e.Data, &entries); err != nil {
				return nil, refuse(fmt.Errorf("decode trace: %w", err))
			}
			t.Entries = append(t.Entries, entries...)
		}
	}
	return t, nil
}
