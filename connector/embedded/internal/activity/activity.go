// Package activity shows the audit as PingOne does (reference pingone-platform-api 7):
// one record for each thing that happened, newest first.
//
//	E/audit/<id>   one record a unit of work, its id rising with time (store/audit)
//
// The store reads forwards only. A list goes back through windows of time, which grow
// where little happened and shrink where much did.
package activity

import (
	"strconv"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store/audit"
)

// Activity is the resource.
type Activity struct {
	Links         rest.LinkSet `json:"_links"`
	ID            string       `json:"id"`
	RecordedAt    *rest.Time   `json:"recordedAt"`
	CorrelationID string       `json:"correlationId"`
	Action        Action       `json:"action"`
	Actors        Actors       `json:"actors"`
	Resources     []Resource   `json:"resources"`
	Result        Result       `json:"result"`
}

// Action is what was done: PingOne's type where it has one, else one of FLOW.
type Action struct {
	Type        string `json:"type"`
	Description string `json:"description"`
}

// Actors are who did it: the client that asked, and the user for whom.
type Actors struct {
	Client *Actor `json:"client,omitempty"`
	User   *Actor `json:"user,omitempty"`
}

// Actor is one of the two.
type Actor struct {
	ID          string   `json:"id"`
	Name        string   `json:"name,omitempty"`
	Environment rest.Ref `json:"environment"`
	Type        string   `json:"type"` // CLIENT, USER
	Href        string   `json:"href,omitempty"`
}

// Resource is what it was done to.
type Resource struct {
	Type        string   `json:"type"`
	ID          string   `json:"id"`
	Environment rest.Ref `json:"environment"`
}

// Result is how it ended.
type Result struct {
	Status      string `json:"status"` // SUCCESS, FAILED
	Description string `json:"description,omitempty"`
}

// show makes an event a resource. The records of one flow have the execution's id as
// correlation, any other those of one unit of work the unit's.
func show(c *rest.Call, e audit.Event, correlation string) Activity {
	a := Activity{
		Links: rest.LinkSet{"self": c.Links.API("activities", e.ID), "environment": c.Links.API()},
		ID:    e.ID, RecordedAt: rest.At(e.At.Truncate(time.Millisecond)), CorrelationID: correlation,
		Action: Action{Type: e.Type, Description: words(e.Type)}, Resources: []Resource{},
		Result: Result{Status: e.Result, Description: e.Description},
	}
	env := rest.Ref{ID: c.Env}
	if e.Actor != "" {
		a.Actors.Client = &Actor{ID: clientID(c.Env, e.Actor), Name: e.Actor, Environment: env, Type: "CLIENT"}
	}
	if e.User != "" {
		a.Actors.User = &Actor{ID: e.User, Environment: env, Type: "USER", Href: c.Links.API("users", e.User).Href}
	}
	if e.Resource.ID != "" {
		a.Resources = append(a.Resources, Resource{Type: e.Resource.Type, ID: e.Resource.ID, Environment: env})
	}
	return a
}

// clientID is the id of one of the few clients that there are.
func clientID(env, name string) string { return rest.FixedID(env, "client/"+name) }

// words says an action's type as people do: "Otp check failed".
func words(kind string) string {
	s := strings.ToLower(strings.NewReplacer(".", " ", "_", " ").Replace(kind))
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// attributes reads an activity's attributes by their names in a filter.
func (a Activity) attributes(name string) any {
	switch name {
	case "recordedat":
		return a.RecordedAt.Time
	case "correlationid":
		return a.CorrelationID
	case "action.type":
		return a.Action.Type
	case "actors.client.id":
		return a.Actors.Client.id()
	case "actors.user.id":
		return a.Actors.User.id()
	}
	if len(a.Resources) == 0 {
		return nil
	}
	if name == "resources.id" {
		return a.Resources[0].ID
	}
	return a.Resources[0].Type
}

func (a *Actor) id() any {
	if a == nil {
		return nil
	}
	return a.ID
}

// split takes an event's id apart: the record's id and the place in it.
func split(id string) (record string, n int, ok bool) {
	record, place, _ := strings.Cut(id, ".")
	n, err := strconv.Atoi(place)
	return record, n, err == nil && n >= 0 && place == strconv.Itoa(n) && rest.IsID(record)
}
