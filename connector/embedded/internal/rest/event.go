package rest

import (
	"github.com/mfaflow/mfaflow/store/audit"
)

// Results of events.
const (
	Success = "SUCCESS"
	Failed  = "FAILED"
)

// Event is what a handler says for the audit: PingOne's action type, whose account, and
// which resource. It never holds a code, a password or an address.
type Event struct {
	Type         string // "USER.CREATED"
	User         string // id
	ResourceType string // "USER", "DEVICE"
	ResourceID   string
	Result       string // "" is Success
	Description  string
}

// Audit adds an event to the unit of work, so that it is committed with what it tells.
func (c *Call) Audit(e Event) error {
	a := audit.Event{Type: e.Type, Actor: c.Actor, User: e.User, Result: e.Result, Description: e.Description}
	a.Resource.Type, a.Resource.ID = e.ResourceType, e.ResourceID
	if a.Result == "" {
		a.Result = Success
	}
	_, err := audit.Add(c.Tx, c.Env, a)
	return err
}
