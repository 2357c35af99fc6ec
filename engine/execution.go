package engine

import (
	"time"
)

// Status is the state of an execution.
type Status string

// The states. WAITING and RUNNING are open, the others final.
const (
	Waiting   Status = "WAITING"   // shows a step and waits for the person
	Running   Status = "RUNNING"   // an outside call takes its time; ask again
	Completed Status = "COMPLETED" // reached an end without an error, other than failed and canceled
	Failed    Status = "FAILED"    // reached the end failed, or one with an error, or could not go on
	Canceled  Status = "CANCELED"
	Expired   Status = "EXPIRED" // the flow's own timeout passed
)

// Execution is one run of a flow as its client sees it.
type Execution struct {
	ID       string `json:"id"`
	Handle   string `json:"handle,omitempty"` // only when it is new to the client
	Flow     string `json:"flow"`
	Revision string `json:"revision"`
	Status   Status `json:"status"`

	Step        *Step          `json:"step,omitempty"`        // while WAITING
	PollAfterMs int            `json:"pollAfterMs,omitempty"` // while RUNNING
	Outcome     string         `json:"outcome,omitempty"`     // the name of the end reached
	Outputs     map[string]any `json:"outputs,omitempty"`
	Result      *Result        `json:"result,omitempty"` // who was authenticated, when COMPLETED with proofs
	Error       *ErrorInfo     `json:"error,omitempty"`

	Repeated bool `json:"repeated,omitempty"` // this answer was given before; nothing happened now

	// DeviceSession is a new remember-me value for the client to keep in the place of the
	// one it sent, which is dead. Only the answer of the step that made it carries it, and
	// a repeat of that step.
	DeviceSession string `json:"deviceSession,omitempty"`
}

// Step is what is shown to the person.
type Step struct {
	Node        string         `json:"node"`
	Screen      string         `json:"screen"`
	Token       string         `json:"token"`
	Title       string         `json:"title"`
	With        map[string]any `json:"with"`
	Values      map[string]any `json:"values,omitempty"` // what was typed before, never secret fields
	Form        map[string]any `json:"form"`             // JSON Schema 2020-12
	Actions     []StepAction   `json:"actions"`
	Message     *StepMessage   `json:"message,omitempty"`
	ExpiresAt   time.Time      `json:"expiresAt"`
	PollAfterMs int            `json:"pollAfterMs,omitempty"`
}

// StepAction is one thing the person can do.
type StepAction struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Form  bool   `json:"form"` // send the form with it
}

// StepMessage is a text for the person.
type StepMessage struct {
	Key    string         `json:"key"`
	Text   string         `json:"text"`
	Params map[string]any `json:"params,omitempty"`
}

// Result is what a COMPLETED execution proved.
type Result struct {
	UserID   string    `json:"userId"`
	AMR      []string  `json:"amr"` // RFC 8176, sorted
	AuthTime time.Time `json:"authTime"`
}

// ErrorInfo is the error an execution ended with, and the root `error` of expressions.
type ErrorInfo struct {
	Code    string         `json:"code"`
	Message string         `json:"message,omitempty"`
	Details map[string]any `json:"details,omitempty"`
	Path    []string       `json:"path,omitempty"` // node ids from the outermost flow inwards

	// Hidden is the error as trace and audit hold it, where expressions gave it names or
	// addresses of people. What clients see has none.
	Hidden *ErrorInfo `json:"hidden,omitempty"`
}

// ClientFacts are the client's word about itself; they may narrow what happens, never
// relax it (contract 1, Roots).
type ClientFacts struct {
	WebAuthn      string `json:"webauthn,omitempty"` // FULL, SECURITY_KEY_ONLY, NONE; default NONE
	Locale        string `json:"locale,omitempty"`
	DeviceSession string `json:"deviceSession,omitempty"` // secret
}

// RequestFacts are what the server saw of the request.
type RequestFacts struct {
	IP        string
	UserAgent string
	Origin    string
}

// Access says who asks. One of the two is needed.
type Access struct {
	Handle  string // of this execution
	Manager bool   // the management token was shown
}

// StartRequest begins an execution.
type StartRequest struct {
	Flow           string
	Inputs         map[string]any
	Client         ClientFacts
	Request        RequestFacts
	Manager        bool   // may start flows that are not public and set any input
	IdempotencyKey string // "" for none; MinIdempotencyKey to MaxIdempotencyKey bytes that nobody guesses
}

// ResumeRequest answers a step.
type ResumeRequest struct {
	Token   string
	Action  string
	Form    map[string]any
	Access  Access
	Client  *ClientFacts // nil: as before
	Request RequestFacts
}

// Trace is what an execution did, oldest first, without secrets.
type Trace struct {
	Execution string       `json:"execution"`
	Entries   []TraceEntry `json:"entries"`
}

// TraceEntry is one thing that happened.
type TraceEntry struct {
	At         time.Time      `json:"at"`
	Step       int            `json:"step"`
	Path       []string       `json:"path"` // node ids, outermost flow first
	Event      string         `json:"event"`
	Capability string         `json:"capability,omitempty"`
	Expression string         `json:"expression,omitempty"`
	Read       map[string]any `json:"read,omitempty"` // values the expression read, secrets masked
	Value      any            `json:"value,omitempty"`
	Next       string         `json:"next,omitempty"`
	Edge       string         `json:"edge,omitempty"` // of "next": which of the flow's edges, by flows.Edge
	Error      *ErrorInfo     `json:"error,omitempty"`
}
