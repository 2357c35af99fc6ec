package authn

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// record is what is kept of a deviceAuthentication.
type record struct {
	ID       string         `json:"-"`
	User     string         `json:"u"` // "" until a passkey says who it is
	Policy   string         `json:"p"`
	Status   Status         `json:"s"`
	Device   string         `json:"d,omitempty"` // selected
	Once     *once          `json:"o,omitempty"` // selected, in the place of a device
	Code     *otp.Code      `json:"c,omitempty"` // the live code, if one was sent
	Ask      *ask           `json:"k,omitempty"` // the live challenge, if a passkey was asked
	Discreet bool           `json:"y,omitempty"` // a stranger asks: answers tell nothing of the account
	Passkeys bool           `json:"v,omitempty"` // of the user's devices only those are asked
	Silent   bool           `json:"f,omitempty"` // nothing is sent and no code is right
	Stand    *standIn       `json:"j,omitempty"` // in the place of the devices
	Own      []byte         `json:"h,omitempty"` // challenge that the request brought, until a passkey is asked
	RP       string         `json:"i,omitempty"` // relying party that the request names
	Compat   string         `json:"b,omitempty"` // what the browser can do with passkeys
	Template string         `json:"n,omitempty"` // of its messages; "" is strong_authentication
	Resent   map[string]int `json:"r,omitempty"` // codes sent again, by device
	AMR      []string       `json:"a,omitempty"` // when COMPLETED
	Error    *failure       `json:"e,omitempty"` // when FAILED
	Push     *push          `json:"w,omitempty"` // while PUSH_CONFIRMATION_REQUIRED
	Asked    *request       `json:"q,omitempty"` // what apps are told of who asks
	App      string         `json:"l,omitempty"` // the native app that authenticates its own user
	Epoch    int            `json:"z,omitempty"` // of the user's credentials, when COMPLETED
	Created  int64          `json:"t"`           // Unix ms
	Modified int64          `json:"m"`
}

// failure is the error member of a FAILED resource.
type failure struct {
	Code        string     `json:"code"`
	Message     string     `json:"message"`
	Unavailable []rest.Ref `json:"unavailableDevices,omitempty"`
}

func key(env, id string) store.Key { return store.K(env, "da", id) }

// save writes the record. Whatever ended the wait for a push takes it from the phone.
func (r *record) save(c *rest.Call) error {
	if r.Status != PushConfirmationRequired {
		if err := r.withdraw(c); err != nil {
			return err
		}
	}
	r.Modified = c.Tx.Now().UnixMilli()
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode deviceAuthentication %s: %w", r.ID, err)
	}
	c.Tx.Put(key(c.Env, r.ID), b)
	return nil
}

func decode(id string, b []byte) (*record, error) {
	r := &record{ID: id}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("record of deviceAuthentication %s: %w", id, err)
	}
	return r, nil
}

// MadeBefore is the range of deviceAuthentications made before a time, by the time that
// is in their ids.
func MadeBefore(env string, t time.Time) store.Range {
	ms := fmt.Sprintf("%012x", t.UnixMilli())
	return store.Range{From: key(env, ""), To: key(env, ms[:8]+"-"+ms[8:])}
}
