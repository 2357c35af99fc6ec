package app

import (
	"encoding/json"
	"fmt"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// record is what is kept of the app of a device. All but the last two members is written
// once.
type record struct {
	User        string           `json:"u"`
	Application string           `json:"a"`
	Key         *jose.JSONWebKey `json:"k"`
	Seq         int64            `json:"s"`           // of the last call
	Payload     int64            `json:"p,omitempty"` // of the last payload that was used up
}

func decode(id string, b []byte) (*record, error) {
	r := &record{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("record of the app of device %s: %w", id, err)
	}
	return r, nil
}

func (r *record) save(c *rest.Call, id string) error {
	return c.Put(device.AppKey(c.Env, id), r)
}

// load reads the record in the unit; nil when the app is not paired any more.
func load(c *rest.Call, id string) (*record, error) {
	r := &record{}
	if found, err := c.Get(device.AppKey(c.Env, id), r); err != nil || !found {
		return nil, err
	}
	return r, nil
}

// peek is load without reading in the unit: whose the app is and its key never change,
// and what the unit reads before it has the user's latch would be out of date.
func peek(c *rest.Call, id string) (*record, error) {
	b, mine := c.Tx.Pending(device.AppKey(c.Env, id))
	if !mine {
		recs, err := c.DB.Get(c.Ctx, device.AppKey(c.Env, id))
		if err != nil {
			return nil, fmt.Errorf("read the app of device %s: %w", id, err)
		}
		b = recs[0].Value // none if there is no record
	}
	if b == nil {
		return nil, nil
	}
	return decode(id, b)
}

// owned reads the account of the app's user, if the device is still one of the account.
func (r *record) owned(c *rest.Call, id string) (*account.Account, error) {
	a, err := account.Load(c.Tx, c.Env, r.User)
	if err != nil || a == nil || a.Device(id) == nil {
		return nil, err
	}
	return a, nil
}
