package engine

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// state is an execution between two steps: a small head that every step reads, and
// slots (outputs, variables, forms) that are decoded when an expression first touches
// them and written back as they were when none did.
type state struct {
	id    string
	head  head
	slots map[string]*slot
}

type head struct {
	Flow     string            `json:"f"`
	Pins     map[string]string `json:"p"` // flow id → revision, the flow and all it calls
	Status   Status            `json:"s"`
	Created  int64             `json:"c"` // Unix milliseconds, as all times here
	Expires  int64             `json:"x"`
	Finished int64             `json:"fi,omitempty"`

	Step      int       `json:"n"`            // of the step shown; part of its token
	First     int       `json:"f1,omitempty"` // Step when a screen was shown first
	Answered  *answered `json:"a,omitempty"`
	Rotate    bool      `json:"ro,omitempty"` // someone was authenticated: the next answer rotates the handle
	Rotation  int       `json:"r,omitempty"`  // of the handle
	RotatedBy int       `json:"rb,omitempty"` // the step whose answer rotated it
	Visits    int       `json:"v"`
	Timer     int64     `json:"t,omitempty"` // when the timer record fires

	Frames  []frame        `json:"fr"`
	Client  clientFacts    `json:"cl,omitzero"`
	Address string         `json:"ad,omitempty"` // of the client that moved it last, for limits
	Message *StepMessage   `json:"m,omitempty"`
	Proofs  []proof        `json:"pr,omitempty"`
	Open    []openResource `json:"o,omitempty"`
	Undo    []undo         `json:"ud,omitempty"`
	Running *running       `json:"ru,omitempty"`
	Issued  *issued        `json:"is,omitempty"` // a remember-me value for the client
	Log     []string       `json:"l,omitempty"`  // ids of its audit records, oldest first

	Outcome string     `json:"oc,omitempty"`
	Error   *ErrorInfo `json:"e,omitempty"`
	Result  *Result    `json:"re,omitempty"`
}

// answered remembers the step answered last, so that the same answer again is told
// from another one.
type answered struct {
	Step  int    `json:"n"`
	Next  int    `json:"x"` // the step that the answer led to
	Print []byte `json:"p"` // keyed hash of action and form
}

// frame is one flow on the call stack; the last one runs.
type frame struct {
	Flow     string         `json:"f"`
	Node     string         `json:"n"`
	Deadline int64          `json:"d,omitempty"` // of the screen shown
	Attempt  int            `json:"a,omitempty"` // retries of this visit so far
	Visits   map[string]int `json:"v,omitempty"`
	Error    *ErrorInfo     `json:"e,omitempty"` // the root `error`
}

type clientFacts struct {
	WebAuthn string `json:"w,omitempty"`
	Locale   string `json:"l,omitempty"`
}

// running is an outside call (or a retry) under way.
type running struct {
	Owner string `json:"o"` // the Runner that makes it
	Retry bool   `json:"r,omitempty"`
	Until int64  `json:"u"`
}

type slot struct {
	raw []byte // nil: val is newer
	val any
	has bool // val is decoded
}

// Slot kinds. A slot's name is the frame's number, the kind and a name.
const (
	slotInputs  = "i"
	slotVar     = "v:"
	slotNode    = "n:" // what a node left behind
	slotForm    = "f:" // what was typed on a screen last, without secrets
	slotWith    = "w"  // of the screen shown
	slotActions = "a"  // offered by the screen shown
	slotOutputs = "o"  // of the end reached
)

func slotName(frame int, kind, name string) string {
	return strconv.Itoa(frame) + "." + kind + name
}

func newState(id string) *state { return &state{id: id, slots: map[string]*slot{}} }

func (s *state) get(name string) (any, bool, error) {
	sl, ok := s.slots[name]
	if !ok {
		return nil, false, nil
	}
	if !sl.has {
		if err := json.Unmarshal(sl.raw, &sl.val); err != nil {
			return nil, false, fmt.Errorf("decode slot %s: %w", name, err)
		}
		sl.has = true
	}
	return sl.val, true, nil
}

func (s *state) set(name string, v any) { s.slots[name] = &slot{val: v, has: true} }

func (s *state) drop(name string) { delete(s.slots, name) }

// dropFrame forgets everything of a frame.
func (s *state) dropFrame(n int) {
	prefix := slotName(n, "", "")
	for name := range s.slots {
		if strings.HasPrefix(name, prefix) {
			delete(s.slots, name)
		}
	}
}

func (s *state) top() *frame { return &s.head.Frames[len(s.head.Frames)-1] }
func (s *state) depth() int  { return len(s.head.Frames) - 1 }

const stateFormat = 1

// encode writes format, head and slots, each length-prefixed; slots in order of name,
// so that equal states are equal bytes.
func (s *state) encode() ([]byte, error) {
	headJSON, err := json.Marshal(&s.head)
	if err != nil {
		return nil, fmt.Errorf("encode execution: %w", err)
	}
	names := make([]string, 0, len(s.slots))
	size := len(headJSON) + 16
	for name, sl := range s.slots {
		if sl.raw == nil {
			if sl.raw, err = json.Marshal(sl.val); err != nil {
				return nil, fmt.Errorf("encode slot %s: %w", name, err)
			}
		}
		names = append(names, name)
		size += len(name) + len(sl.raw) + 8
	}
	slices.Sort(names)
	out := append(make([]byte, 0, size), stateFormat)
	out = appendBytes(out, headJSON)
	for _, name := range names {
		out = appendBytes(out, []byte(name))
		out = appendBytes(out, s.slots[name].raw)
	}
	return out, nil
}

func appendBytes(out, b []byte) []byte {
	return append(binary.AppendUvarint(out, uint64(len(b))), b...)
}

func decodeState(id string, b []byte) (*state, error) {
	if len(b) == 0 || b[0] != stateFormat {
		return nil, errors.New("execution record: unknown format")
	}
	b = b[1:]
	headJSON, b, err := cutBytes(b)
	if err != nil {
		return nil, err
	}
	s := newState(id)
	if err := json.Unmarshal(headJSON, &s.head); err != nil {
		return nil, fmt.Errorf("execution record: %w", err)
	}
	for len(b) > 0 {
		var name, raw []byte
		if name, b, err = cutBytes(b); err != nil {
			return nil, err
		}
		if raw, b, err = cutBytes(b); err != nil {
			return nil, err
		}
		s.slots[string(name)] = &slot{raw: raw}
	}
	return s, nil
}

func cutBytes(b []byte) (head, rest []byte, err error) {
	n, w := binary.Uvarint(b)
	if w <= 0 || uint64(len(b)-w) < n {
		return nil, nil, errors.New("execution record: cut short")
	}
	b = b[w:]
	return b[:n:n], b[n:], nil
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// names yields the names of a frame's slots of one kind.
func (s *state) names(frame int, kind string) func(yield func(string) bool) {
	prefix := slotName(frame, kind, "")
	return func(yield func(string) bool) {
		for name := range s.slots {
			if rest, ok := strings.CutPrefix(name, prefix); ok && !yield(rest) {
				return
			}
		}
	}
}
