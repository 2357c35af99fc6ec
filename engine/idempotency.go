package engine

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/mfaflow/mfaflow/store"
)

// An Idempotency-Key is for the client that lost the answer of its start. It must not be
// a second handle: what is kept says which execution the key made and nothing of it, and
// gives back the first step only, while that is open.

// The length of an IdempotencyKey, in bytes. What is shorter can be guessed or is used by
// two clients at once; 128 leaves room for any random id.
const (
	MinIdempotencyKey = 16
	MaxIdempotencyKey = 128
)

// checkIdempotencyKey refuses a key of the wrong length; none is fine.
func checkIdempotencyKey(key string) error {
	if n := len(key); n != 0 && (n < MinIdempotencyKey || n > MaxIdempotencyKey) {
		return &Error{Code: BadRequest, Text: fmt.Sprintf(
			"the Idempotency-Key has %d characters, want %d to %d: send a random UUID", n, MinIdempotencyKey, MaxIdempotencyKey)}
	}
	return nil
}

// idem is what is kept of a start with an Idempotency-Key.
type idem struct {
	ID    string `json:"id"`
	Print []byte `json:"p"`
	Until int64  `json:"u"`
}

// idemID names the record of an Idempotency-Key without holding it. The manager's keys
// are not those of clients: neither can learn of the other's starts.
func (r *Runner) idemID(q StartRequest) string {
	caller := "client"
	if q.Manager {
		caller = "manager"
	}
	return hex.EncodeToString(mac(r.secrets.print, []byte("idem"), []byte(caller), []byte(q.IdempotencyKey)))
}

func (r *Runner) idemKey(id string) store.Key { return store.K(r.environment, "idem", id) }

// startPrint is the keyed fingerprint of all that a start asks for.
func (r *Runner) startPrint(q StartRequest) ([]byte, error) {
	b, err := json.Marshal([]any{q.Flow, q.Inputs, q.Client, q.Manager})
	if err != nil {
		return nil, fmt.Errorf("fingerprint of the start: %w", err)
	}
	return mac(r.secrets.print, []byte("start"), b), nil
}

// recordStart keeps what a repeat of this start is known by.
func (r *Runner) recordStart(tx *store.Tx, q StartRequest, id string, body []byte) error {
	until := millis(tx.Now().Add(r.limits.Idem))
	b, err := json.Marshal(idem{ID: id, Print: body, Until: until})
	if err != nil {
		return fmt.Errorf("encode idempotency record: %w", err)
	}
	tx.Put(r.idemKey(r.idemID(q)), b)
	tx.Put(r.timerKey(until, idemTimer+r.idemID(q)), []byte("idem")) // which removes it
	return nil
}

// repeatStart returns the answer that the same start got before, nil if there was none.
func (r *Runner) repeatStart(ctx context.Context, tx *store.Tx, q StartRequest, body []byte) (*Execution, error) {
	recs, err := tx.Get(r.idemKey(r.idemID(q)))
	if err != nil || recs[0].Rev == 0 {
		return nil, err
	}
	var i idem
	if err := json.Unmarshal(recs[0].Value, &i); err != nil {
		return nil, fmt.Errorf("decode idempotency record: %w", err)
	}
	if tx.Now().UnixMilli() >= i.Until {
		return nil, nil
	}
	if string(i.Print) != string(body) {
		return nil, &Error{Code: IdempotencyMismatch, Text: "this Idempotency-Key was used with another body"}
	}
	if recs, err = tx.Get(r.key(i.ID)); err != nil {
		return nil, err
	}
	if recs[0].Rev == 0 {
		return nil, errStartOver() // its record is kept shorter than the key
	}
	st, err := decodeState(i.ID, recs[0].Value)
	if err != nil {
		return nil, err
	}
	if !st.atFirstStep(tx.Now().UnixMilli()) {
		return nil, errStartOver()
	}
	return r.firstAnswer(ctx, st)
}

// atFirstStep reports whether nothing but the start has moved the execution: it shows its
// first screen, which is not overdue, or is on its way there.
func (s *state) atFirstStep(now int64) bool {
	h := &s.head
	switch h.Status {
	case Waiting:
		return h.Step == h.First && now < s.due()
	case Running:
		return h.First == 0
	}
	return false
}

// errStartOver refuses a repeat without a word about the execution.
func errStartOver() error {
	return &Error{Code: StaleToken, Text: "the execution that this Idempotency-Key started is past its first step: " +
		"go on with its handle, or start another with a new key"}
}

// firstAnswer is what the start was answered with.
func (r *Runner) firstAnswer(ctx context.Context, st *state) (*Execution, error) {
	b, err := r.catalog.bundle(ctx, st.head.Pins)
	if err != nil {
		return nil, err
	}
	e, err := r.view(st, b)
	if err != nil {
		return nil, err
	}
	e.Repeated = true
	e.Handle = r.secrets.handleOf(st.id, st.head.Rotation)
	e.DeviceSession = st.head.issuedValue()
	return e, nil
}
