package browser

import (
	"encoding/json"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// record is what is kept of a remembered browser.
type record struct {
	ID       string `json:"-"`
	Seed     []byte `json:"s"`           // goes into its values
	Number   uint32 `json:"n"`           // of the value that is live
	Used     int64  `json:"l,omitempty"` // when that became live, Unix ms as all times here
	By       string `json:"x,omitempty"` // the execution that used up the one before
	Epoch    int    `json:"z,omitempty"` // of the user's credentials when it was made
	Until    int64  `json:"e"`
	Blocked  int64  `json:"b,omitempty"`
	Policy   string `json:"p"`           // by which it was made
	Alone    bool   `json:"o,omitempty"` // its user had no device then
	Session  string `json:"i,omitempty"` // session.id of the creation; each check must name it
	Network  string `json:"w,omitempty"` // of the creation, if it named an address; so must checks
	Nickname string `json:"k,omitempty"`
	Agent    string `json:"a,omitempty"`
	Facts    facts  `json:"f,omitzero"`
	Created  int64  `json:"c"`
	Updated  int64  `json:"u"`
}

func listKey(env, user string) store.Key { return store.K(env, "browsers", user) }

func key(env, user, id string) store.Key { return store.K(env, "browser", user, id) }

// ids lists the user's browsers, oldest first.
func ids(c *rest.Call, user string) (all []string, err error) {
	_, err = c.Get(listKey(c.Env, user), &all)
	return all, err
}

// saveIDs writes the list, or deletes an empty one.
func saveIDs(c *rest.Call, user string, all []string) error {
	if len(all) == 0 {
		c.Tx.Delete(listKey(c.Env, user))
		return nil
	}
	return c.Put(listKey(c.Env, user), all)
}

// load reads a browser; nil for one that is not there or has expired.
func load(c *rest.Call, user, id string) (*record, error) {
	r := &record{ID: id}
	found, err := c.Get(key(c.Env, user, id), r)
	if err != nil || !found || !c.Tx.Now().Before(time.UnixMilli(r.Until)) {
		return nil, err
	}
	return r, nil
}

func (r *record) save(c *rest.Call, user string) error {
	r.Updated = c.Tx.Now().UnixMilli()
	return c.Put(key(c.Env, user, r.ID), r)
}

// all reads the browsers that have not expired.
func all(c *rest.Call, user string) ([]*record, error) {
	list, err := ids(c, user)
	if err != nil {
		return nil, err
	}
	var out []*record
	for _, id := range list {
		r, err := load(c, user, id)
		if err != nil {
			return nil, err
		}
		if r != nil {
			out = append(out, r)
		}
	}
	return out, nil
}

// drop deletes a browser.
func drop(c *rest.Call, user, id string) error {
	list, err := ids(c, user)
	if err != nil {
		return err
	}
	left := make([]string, 0, len(list))
	for _, other := range list {
		if other != id {
			left = append(left, other)
		}
	}
	c.Tx.Delete(key(c.Env, user, id))
	return saveIDs(c, user, left)
}

// Records is the range of all browsers.
func Records(env string) store.Range { return store.Under(store.K(env, "browser", "")) }

// Expired reports whether a browser is remembered no longer. The list of its user still
// names it, which does no harm.
func Expired(rec store.Record, now time.Time) bool {
	var r record
	return json.Unmarshal(rec.Value, &r) == nil && !now.Before(time.UnixMilli(r.Until))
}
