package engine

import "github.com/mfaflow/mfaflow/connector"

// A remember-me value is a secret of the client's. A capability whose schema marks an
// output member `x-device-session` makes a new one, and what the client sent is dead from
// then on. The engine takes the member out of the output before anything of it is kept:
// no expression, variable, trace or log ever holds it. It waits, sealed like all of the
// execution, in the head until the next step is answered, because a client whose answer
// was lost gets it again when it repeats the step.

// issued is a new remember-me value.
type issued struct {
	Value string `json:"v"`
	Given bool   `json:"g,omitempty"` // some answer carried it
}

// maxSession is the longest remember-me value that is passed on; the server takes none
// that is longer.
const maxSession = 512

// takeSession moves a new remember-me value from an output to the client. The rest of
// this step knows the client by it.
func (w *walker) takeSession(c *connector.Entry, out map[string]any) {
	member := c.Spec.DeviceSession()
	if member == "" {
		return
	}
	value, _ := out[member].(string)
	delete(out, member)
	if value == "" || len(value) > maxSession {
		return
	}
	w.session = value
	w.ctx = w.withSource(w.ctx)
	w.st.head.Issued = &issued{Value: value}
}

// giveSession marks the value as given when a client waits for the answer of this unit.
func (w *walker) giveSession() {
	if i := w.st.head.Issued; i != nil && !i.Given && w.client {
		i.Given, w.fresh = true, true
	}
}

// forgetIssued drops a value that was given: the client has answered since.
func (h *head) forgetIssued() {
	if h.Issued != nil && h.Issued.Given {
		h.Issued = nil
	}
}

// issuedValue is the value that was given last, "" if the client has answered since.
func (h *head) issuedValue() string {
	if h.Issued == nil || !h.Issued.Given {
		return ""
	}
	return h.Issued.Value
}
