package authcode

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/app"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/span"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
)

// Codes serves authenticationCodes.
type Codes struct {
	Policies *policy.Policies
	Apps     *app.Apps
	Secret   []byte // 32 bytes; codes are made from it
	Epoch    uint64
	Guesses  int // wrong codes that an app may show in GuessPeriod; 0 is no limit
}

// Routes are the routes of authenticationCodes, and of the apps that claim them.
func (s *Codes) Routes() []rest.Route {
	const all, one = "authenticationCodes", "authenticationCodes/:authenticationCodeID"
	const mine = "app/devices/:deviceID/"
	routes := []rest.Route{
		{Method: http.MethodPost, Path: all, Run: s.create},
		{Method: http.MethodGet, Path: one, Run: s.read},
		{Method: http.MethodDelete, Path: one, Run: s.remove},
		{Method: http.MethodPost, Path: mine + all + "/look", Run: s.Apps.Signed(s.look)},
		{Method: http.MethodPost, Path: mine + all, Run: s.Apps.Signed(s.claim)},
		{Method: http.MethodPost, Path: mine + one, Run: s.Apps.Signed(s.decide)},
	}
	for i := range routes {
		routes[i].Host = pingone.HostAuth
	}
	return routes
}

// Status is the state of a code, as on the wire.
type Status string

// The states. All but the first two are final.
const (
	Unclaimed Status = "UNCLAIMED"
	Claimed   Status = "CLAIMED"
	Completed Status = "COMPLETED"
	Denied    Status = "DENIED"
	Failed    Status = "FAILED"
	Expired   Status = "EXPIRED"
)

func (s Status) open() bool { return s == Unclaimed || s == Claimed }

// record is what is kept of a code.
type record struct {
	ID       string          `json:"-"`
	App      string          `json:"a"`
	Nonce    []byte          `json:"n"`           // the code is made from it
	Life     span.Duration   `json:"l"`           // as it was asked for
	NoAsking bool            `json:"o,omitempty"` // userApproval NOT_REQUIRED
	Context  json.RawMessage `json:"x,omitempty"` // clientContext
	Agent    string          `json:"b,omitempty"` // the browser that asked, as far as it was told
	Status   Status          `json:"s"`
	User     string          `json:"u,omitempty"` // who claimed it
	Device   string          `json:"d,omitempty"`
	Epoch    int             `json:"z,omitempty"` // of the user's credentials, when COMPLETED
	Error    *failure        `json:"e,omitempty"` // when FAILED
	Created  int64           `json:"t"`           // Unix ms
	Modified int64           `json:"m"`
	Until    int64           `json:"v"`
}

// failure is the error member of a FAILED resource.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func key(env, id string) store.Key { return store.K(env, "ac", id) }

func (r *record) save(c *rest.Call) error {
	r.Modified = c.Tx.Now().UnixMilli()
	return c.Put(key(c.Env, r.ID), r)
}

func (r *record) overdue(now time.Time) bool {
	return r.Status.open() && !now.Before(time.UnixMilli(r.Until))
}

// load reads a code in the unit: 404 for one that is not there.
func load(c *rest.Call, id string) (*record, error) {
	r := &record{ID: id}
	found, err := c.Get(key(c.Env, id), r)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, rest.Missing()
	}
	return r, nil
}

// current reads a code, and writes down when its time is over: whoever looks next finds
// it so.
func (s *Codes) current(c *rest.Call, id string) (*record, error) {
	r, err := load(c, id)
	if err != nil || !r.overdue(c.Tx.Now()) {
		return r, err
	}
	return r, s.end(c, r, Expired, nil)
}

// end takes a code to a final state. Its text is free for another.
func (s *Codes) end(c *rest.Call, r *record, to Status, why *failure) error {
	r.Status, r.Error = to, why
	c.Tx.Delete(s.placeKey(c.Env, s.code(r.Nonce)))
	if err := r.save(c); err != nil {
		return err
	}
	result := rest.Failed
	if to == Completed {
		result = rest.Success
	}
	return audited(c, "AUTHENTICATION_CODE.UPDATED", r, result)
}

func audited(c *rest.Call, event string, r *record, result string) error {
	return c.Audit(rest.Event{Type: event, User: r.User, ResourceType: "AUTHENTICATION_CODE", ResourceID: r.ID, Result: result,
		Description: string(r.Status)})
}
