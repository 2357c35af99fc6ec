package flows

import (
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/flows/cond"
	"github.com/mfaflow/mfaflow/flows/internal/yamldoc"
)

// Pos is a place in a flow's source, both counted from 1, columns in characters.
type Pos struct{ Line, Column int }

// Flow is a flow as written, every part with its position. Parse makes it, Check
// completes it (the fields that say so) and it is read only from then on.
type Flow struct {
	File   string
	Source []byte

	ID      string
	Title   string
	Start   string
	Public  bool
	Timeout time.Duration // default DefaultTimeout
	Inputs  []Input
	Outputs []Input // declared types of the outputs; empty: inferred from the ends
	Catch   []Route
	Screens map[string]*Screen           // the flow's own
	Text    map[string]map[string]string // messages: locale → key → text
	Nodes   []*Node                      // in file order

	IDPos    Pos
	StartPos Pos

	Outcomes    []string              // by Check: the values of its `end:` nodes, sorted, unique
	InputType   *cond.Type            // by Check: an object of the inputs
	OutputTypes map[string]*cond.Type // by Check: outcome → the object of its outputs
	Calls       []string              // by Check: ids of the flows it calls, sorted, unique

	doc       *yamldoc.Doc
	stored    bool            // by ParseStored
	unproven  map[string]bool // by Check: outcomes reached on some path without authentication
	callTrees map[string]bool // by Check: Calls and what those call
	users     usersKnown      // by Check: what callers must know of users
}

// DefaultTimeout ends an execution that says nothing else.
const DefaultTimeout = 30 * time.Minute

// Node finds a node by id, nil if there is none.
func (f *Flow) Node(id string) *Node {
	for _, n := range f.Nodes {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// Input is one declared input of a flow: a JSON Schema fragment and who may set it.
type Input struct {
	Pos
	Name       string
	Schema     *connector.Part
	Default    any
	HasDefault bool
	Required   bool
	Client     bool // may be set by a start without the management token
	Secret     bool
}

// Kind says what a node does.
type Kind uint8

// The kinds of nodes.
const (
	Decide Kind = iota // only a `next` list (and maybe `set`)
	Uses
	Show
	Call
	Match
	End
)

// Node is one node of the graph.
type Node struct {
	Pos
	ID   string
	Kind Kind

	Name    string // Uses: capability id or alias; Show: screen; Call: flow; End: the outcome
	On      *Expr  // Match: the expression
	With    []Member
	Narrow  []Member // Show: `actions:`, booleans by action
	Poll    *Poll    // Show
	Timeout time.Duration
	Retry   *Retry // Uses
	Save    string
	Set     []Member
	Next    []Route // see Route; a single target is one Route without On and When
	Catch   []Route
	Error   *Value   // End
	Outputs []Member // End

	NamePos Pos // of what stands after uses, show, call or end
	SavePos Pos
	NextPos Pos

	broken map[string]bool // keys whose value could not be read; the problems are reported

	Capability *connector.Entry // by Check: Uses
	Screen     *Screen          // by Check: Show
	Actions    []Action         // by Check: Show: those not narrowed to constant false
	SaveMember string           // by Check: the output member that `save` keeps; "" is the whole output
	Takes      *cond.Type       // by Check: Uses, Show: what `with` is given to; a called flow has its InputType
}

// Route is one edge. In `next` On is an outcome (screen action, match value as text,
// sub-flow outcome, "else") or When is the condition of a list; in `catch` On is an
// error code or "else".
type Route struct {
	Pos
	On      string
	When    *Expr
	To      string
	ToPos   Pos
	Message *Message
}

// Message is a text key shown on the next screen reached, with its parameters.
type Message struct {
	Pos
	Key    string
	KeyPos Pos
	With   []Member
}

// Poll asks a capability while a screen waits.
type Poll struct {
	Pos
	Uses  string
	With  []Member
	Every time.Duration
	Until *Expr
	Save  string

	UsesPos Pos
	SavePos Pos

	Capability *connector.Entry // by Check
	SaveMember string           // by Check
	Takes      *cond.Type       // by Check: what `with` is given to
}

// Retry says which errors of a capability are tried again, and how.
type Retry struct {
	Pos
	Errors  []string
	Max     int
	Delay   time.Duration
	Backoff float64
}

// Member is a named value.
type Member struct {
	Pos
	Name  string
	Value Value
}

// Value is a constant, an expression, or a map or list that holds some.
type Value struct {
	Pos
	Expr  *Expr    // "=…", else nil
	Const any      // JSON value without expressions inside
	Map   []Member // not nil: an object with an expression somewhere inside
	List  []Value  // not nil: a list with an expression somewhere inside

	source *yamldoc.Node // where Const stands
	broken bool          // a problem was reported for it
}

// Expr is an expression in its place.
type Expr struct {
	Pos
	Source  string        // without the leading "="
	Program *cond.Program // by Check

	source *yamldoc.Node
	offset int // of Source in the scalar's text
}

// Screen is what a person is shown: the view data it takes, a form as JSON Schema, and
// the actions it offers.
type Screen struct {
	Pos
	ID      string
	Title   string
	With    []Input // the view data; every member is optional
	Form    *connector.Part
	Secret  []string // names of the form's fields that are, or have inside, a secret
	Actions []Action

	stored bool // of a flow that ParseStored read
}

// Action is one thing a person can do on a screen.
type Action struct {
	ID    string
	Title string
	Form  bool // the form is sent along and validated
}

// Library is what a flow is checked against.
type Library struct {
	Capabilities *connector.Registry
	Env          []string                      // names under `env:` of the configuration
	AnyEnv       bool                          // that configuration is not at hand: any name may be there
	Flow         func(id string) (*Flow, bool) // checked flows that `call` may name; nil: none
}

// EachExpr visits every expression in the values of members, however deep it stands.
func EachExpr(list []Member, visit func(*Expr)) {
	for _, m := range list {
		m.Value.eachExpr(visit)
	}
}

func (v Value) eachExpr(visit func(*Expr)) {
	if v.Expr != nil {
		visit(v.Expr)
	}
	EachExpr(v.Map, visit)
	for _, item := range v.List {
		item.eachExpr(visit)
	}
}
