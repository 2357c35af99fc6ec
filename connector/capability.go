package connector

import (
	"context"
	"time"
)

// Effect says what running a capability does to the world, and so what the engine
// may do when it cannot know whether a run happened (design: external effects).
type Effect string

// The effects a schema may declare as `x-effect`.
const (
	Read       Effect = "read"       // changes nothing: run again freely
	Idempotent Effect = "idempotent" // sets an absolute state: run again
	Probe      Effect = "probe"      // Recover reads the truth back after a lost answer
	Once       Effect = "once"       // never run again: a lost answer is OUTCOME_UNKNOWN
)

// Capability is one thing that a flow node can do.
//
// It is a plain value: make one, list it, hand the list to NewRegistry.
type Capability struct {
	ID    string // "mfa/create-device": connector, slash, kebab-case name
	Alias string // the name DaVinci exports use, "pingOneMfaConnector.createDevice"; "" if none

	// Schema is the JSON document described at ParseSchema.
	Schema []byte

	// Joined says that all effects of Run go through the unit of work found in its
	// context, so that they commit with the step or not at all. The engine then needs
	// no commit before the call, whatever the declared effect.
	Joined bool

	// Run does the work. The input has passed the schema. It must not keep call or
	// what it points to after it returned.
	Run func(ctx context.Context, call Call) Outcome

	// Recover is for x-effect probe: it reads back whether an earlier Run with the
	// same call took effect, and completes or fails as that Run would have.
	Recover func(ctx context.Context, call Call) Outcome

	// Confirm is for x-authenticates: it reports why a proof of an earlier Run counts no
	// more, nil if it does. The engine asks before it runs anything else for the user, and
	// once more before the execution completes; what Confirm reads through the unit of work
	// in ctx is checked at its commit. Codes: ACCOUNT_NOT_USABLE, NO_USABLE_DEVICES,
	// CREDENTIALS_CHANGED, or the error that kept it from telling. Without Confirm a proof
	// counts until the execution ends.
	Confirm func(ctx context.Context, p Proof) *Fail

	// IsProven is for a Run that gives an Undo: it reports whether its subject has been
	// proven to be somebody's in the meantime, by whatever way. Then it is not undone, nor
	// when IsProven fails. Without it an undo waits only for executions that authenticate
	// its subject.
	IsProven func(ctx context.Context, subject string) (bool, *Fail)
}

// Call is what a run gets.
type Call struct {
	// Input has passed the input schema. Values are those of encoding/json.
	Input map[string]any

	// Key is the idempotency key: the same for every attempt at this visit of this
	// node, also after a crash; different for any other. Send it where the other
	// side takes one.
	Key string
}

// Outcome is what should happen next: Complete or Fail, nothing else.
type Outcome interface{ outcome() }

// Complete says that the capability did its work.
type Complete struct {
	// Output is the documented output: rawResponse, headers, statusCode and the
	// extra members of the schema.
	Output map[string]any

	// Proof is set when the run authenticated someone. Only capabilities whose
	// schema says x-authenticates may set it.
	Proof *Proof

	// Renewal is set when the run itself changed the credentials of a user.
	Renewal *Renewal

	// Undo is set when the run made something that is to go, or to be put out of use, if the
	// execution is left: it ends in any other way than COMPLETED, be it canceled, failed or
	// expired. The engine keeps it and runs it then, the last one first. It does not, if
	// another execution has authenticated the Subject by then.
	Undo *Undo

	// Keeps names the Subject of earlier Undos that are not to be run any more.
	Keeps string
}

// Undo is the run of another capability.
type Undo struct {
	Subject    string // what it is about, such as the id of a user
	Capability string // id
	Input      map[string]any
}

// Fail says that the capability could not do its work. The flow's `catch` routes it
// by Code.
type Fail struct {
	Code    string         // upper snake case: PingOne's first detail code, else its top code
	Message string         // for the flow's author and the operator, never for the end user
	Details map[string]any // JSON values; innerError members, unavailableDevices, …
	Err     error          // what the operator should see in the log; may be nil
}

func (Complete) outcome() {}
func (Fail) outcome()     {}

// Proof says that somebody was authenticated, by what and when.
type Proof struct {
	UserID   string
	Methods  []string  // RFC 8176 amr values: "pwd", "otp", "sms", "hwk", …
	At       time.Time // when the check succeeded
	Since    time.Time // when the challenge was made; zero if there was none. Older than the execution: refused
	Resource string    // id of the challenge, such as the deviceAuthentication; may be ""

	// What the proof rests on, for Confirm.
	Device     string // id of the device that was used; "" for none, or one that is the user's only once
	DeviceType string // "" for none
	Policy     string // id of the device authentication policy; "" for the default one
	Epoch      string // the state of the user's credentials; "" where the back end tells none
}

// Renewal says that a run changed the credentials of a user on behalf of the execution. What
// the execution has proven of that user before goes on to count, under the new state.
type Renewal struct {
	UserID string
	Epoch  string // the new state of the credentials; "" if the user is gone, and the proofs with them
	Device string // id of a device that the run removed; "" for none
}
