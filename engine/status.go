package engine

import "fmt"

// event is what can happen to an execution.
type event string

const (
	eventShow     event = "show"     // a screen was reached
	eventCall     event = "call"     // an outside call or a long retry begins
	eventComplete event = "complete" // an end without an error, other than failed and canceled
	eventFail     event = "fail"
	eventCancel   event = "cancel"
	eventExpire   event = "expire"
)

// transitions is the whole state machine: what is not listed cannot happen. The empty
// status is an execution in its first step.
var transitions = map[Status]map[event]Status{
	"":      open,
	Waiting: open,
	Running: open,
}

var open = map[event]Status{
	eventShow: Waiting, eventCall: Running, eventComplete: Completed,
	eventFail: Failed, eventCancel: Canceled, eventExpire: Expired,
}

// on returns the status after e, or an error when e cannot happen in s.
func (s Status) on(e event) (Status, error) {
	next, ok := transitions[s][e]
	if !ok {
		return s, fmt.Errorf("an execution that is %q cannot %s", s, e)
	}
	return next, nil
}

// final reports whether nothing can happen to the execution any more.
func (s Status) final() bool { return s != "" && transitions[s] == nil }
