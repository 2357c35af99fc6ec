package device

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/guess"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/notify"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/otp"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// Devices serves the devices of users.
type Devices struct {
	Policies    *policy.Policies
	Checker     otp.Checker
	Guesses     *guess.Guard
	Notify      notify.Notifier
	Row         int           // wrong codes in a row that block a device; 0 never
	Resends     int           // pairing codes sent again, a device; 0 is no limit
	MaxPending  int           // devices that wait for activation, a user; 0 is no limit
	PendingLife time.Duration // until a device that was not activated is gone
	Browsers    Elsewhere     // remembered browsers

	// PayloadOf is the device that a payload of its app is of; "" if it is not good.
	PayloadOf func(c *rest.Call, payload string) (id string, err error)

	Credentials Credentials
	Origins     func(rpID string) []string // of which a passkey of a relying party may answer
	TopOrigins  []string                   // that may frame those

	// Profile is what is known of a user, as JSON has it: authenticators show its user
	// name and what a FIDO2 policy adds.
	Profile ProfileOf
}

// latched reads the user of the path under the user's latch, without devices that were
// not activated in time: 404 for no user.
func (s *Devices) latched(c *rest.Call) (*account.Account, error) {
	id, err := c.ID("userID")
	if err != nil {
		return nil, err
	}
	if err := c.Tx.Latch(account.Key(c.Env, id)); err != nil {
		return nil, err
	}
	return s.user(c)
}

// user is latched without the latch, for reading.
func (s *Devices) user(c *rest.Call) (*account.Account, error) {
	id, err := c.ID("userID")
	if err != nil {
		return nil, err
	}
	a, err := account.Load(c.Tx, c.Env, id)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return nil, rest.Missing()
	}
	a.Devices = slices.DeleteFunc(a.Devices, func(d account.Device) bool { return s.stale(d, c.Tx.Now()) })
	return a, nil
}

// stale reports whether a device was not activated in time. Its age is in its id.
func (s *Devices) stale(d account.Device, now time.Time) bool {
	return d.Pending && s.PendingLife > 0 && now.Sub(born(d.ID)) >= s.PendingLife
}

// born reads the time in a UUIDv7.
func born(id string) time.Time {
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", "")[:12])
	if err != nil {
		return time.Time{}
	}
	var ms int64
	for _, x := range b {
		ms = ms<<8 | int64(x)
	}
	return time.UnixMilli(ms)
}

// sweep deletes the records of devices that the hot record no longer has.
func (s *Devices) sweep(c *rest.Call, user string) error {
	a, err := account.Load(c.Tx, c.Env, user)
	if err != nil || a == nil {
		return err
	}
	for _, d := range a.Devices {
		if s.stale(d, c.Tx.Now()) {
			if err := Forget(c, user, d.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// device reads user and device of the path, the user by latched or user: 404 when the
// user has no device of this id, whoever else has.
func (s *Devices) device(c *rest.Call, read func(*rest.Call) (*account.Account, error)) (*account.Account, *Record, *account.Device, error) {
	a, err := read(c)
	if err != nil {
		return nil, nil, nil, err
	}
	id, err := c.ID("deviceID")
	if err != nil {
		return nil, nil, nil, err
	}
	hot := a.Device(id)
	if hot == nil {
		return nil, nil, nil, rest.Missing()
	}
	recs, err := Load(c.Tx, c.Env, a.ID, []string{id})
	if err != nil {
		return nil, nil, nil, err
	}
	if len(recs) == 0 {
		return nil, nil, nil, rest.Missing()
	}
	return a, recs[0], hot, nil
}

func audited(c *rest.Call, event, user, id, result string) error {
	return c.Audit(rest.Event{Type: event, User: user, ResourceType: "DEVICE", ResourceID: id, Result: result})
}
