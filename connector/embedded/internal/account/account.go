package account

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mfaflow/mfaflow/store"
)

// Account is the hot record.
type Account struct {
	ID        string   `json:"-"`
	Off       bool     `json:"o,omitempty"` // disabled
	MFA       bool     `json:"m,omitempty"` // mfaEnabled
	Fails     int      `json:"f,omitempty"` // wrong passwords since the last right one
	LockedTo  int64    `json:"l,omitempty"` // the password is locked until then, Unix ms
	LockedAt  int64    `json:"k,omitempty"` // locked by an administrator, Unix ms; until unlocked
	CodeFails int      `json:"c,omitempty"` // wrong codes in a row, if the settings have a lockout
	CodesTo   int64    `json:"t,omitempty"` // locked until then by those, Unix ms
	Unordered bool     `json:"u,omitempty"` // order removed: no default device
	Epoch     int      `json:"e,omitempty"` // of credentials: see RaiseEpoch
	Devices   []Device `json:"d,omitempty"` // active ones in their order, then pending ones
}

// Key is the record of a user in an environment.
func Key(env, user string) store.Key { return store.K(env, "user", user) }

// Load reads a user's record inside a unit; nil when there is none.
func Load(tx *store.Tx, env, user string) (*Account, error) {
	recs, err := tx.Get(Key(env, user))
	if err != nil {
		return nil, fmt.Errorf("read user %s: %w", user, err)
	}
	return Decode(user, recs[0])
}

// Decode reads a record; nil for an absent one.
func Decode(user string, rec store.Record) (*Account, error) {
	if rec.Rev == 0 {
		return nil, nil
	}
	a := &Account{ID: user}
	if err := json.Unmarshal(rec.Value, a); err != nil {
		return nil, fmt.Errorf("record of user %s: %w", user, err)
	}
	return a, nil
}

// Save writes the record in the unit.
func (a *Account) Save(tx *store.Tx, env string) error {
	b, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode user %s: %w", a.ID, err)
	}
	tx.Put(Key(env, a.ID), b)
	return nil
}

// RaiseEpoch ends what was proven with the user's credentials so far. A new or withdrawn
// password raises the epoch, and so do a lock by an administrator, disabling the user,
// switching MFA off and the removal of a device: a proof or a remembered browser that was
// made under an older epoch counts no more. A lock by wrong passwords does not, because
// strangers cause it.
func (a *Account) RaiseEpoch() { a.Epoch++ }

// Stamp names the user and the epoch, as pingone.CredentialEpoch carries them.
func (a *Account) Stamp() string { return StampOf(a.ID, a.Epoch) }

// StampOf is the stamp of an epoch that was kept.
func StampOf(user string, epoch int) string { return fmt.Sprintf("%s.%d", user, epoch) }

// PasswordLocked reports whether the password is locked out, and for how long.
func (a *Account) PasswordLocked(now time.Time) (time.Duration, bool) {
	left := time.UnixMilli(a.LockedTo).Sub(now)
	return max(left, 0), left > 0
}

// PasswordWrong counts a wrong password. It returns how many may follow before the
// lock; the one that reaches count locks for d. A lock that has passed starts anew.
func (a *Account) PasswordWrong(count int, d time.Duration, now time.Time) (left int) {
	a.LockedTo = 0
	a.Fails++
	if a.Fails >= count {
		a.Fails, a.LockedTo = 0, now.Add(d).UnixMilli()
		return 0
	}
	return count - a.Fails
}

// PasswordRight forgets failures and lock. It reports whether there was anything to
// forget.
func (a *Account) PasswordRight() bool {
	dirty := a.Fails != 0 || a.LockedTo != 0
	a.Fails, a.LockedTo = 0, 0
	return dirty
}

// CodeWrong counts a wrong code of any device. The one that reaches count locks the
// account for d.
func (a *Account) CodeWrong(count int, d time.Duration, now time.Time) {
	a.CodesTo = 0
	a.CodeFails++
	if a.CodeFails >= count {
		a.CodeFails, a.CodesTo = 0, now.Add(d).UnixMilli()
	}
}

// CodeRight forgets wrong codes. It reports whether there were any.
func (a *Account) CodeRight() bool {
	dirty := a.CodeFails != 0 || a.CodesTo != 0
	a.CodeFails, a.CodesTo = 0, 0
	return dirty
}

// CodesLocked reports whether wrong codes have locked the account.
func (a *Account) CodesLocked(now time.Time) bool {
	return now.Before(time.UnixMilli(a.CodesTo))
}

// Device finds a device by id.
func (a *Account) Device(id string) *Device {
	i := slices.IndexFunc(a.Devices, func(d Device) bool { return d.ID == id })
	if i < 0 {
		return nil
	}
	return &a.Devices[i]
}

// Active returns the ids of the activated devices in their order.
func (a *Account) Active() []string { return a.ids(false) }

// Pending returns the ids of the devices that wait for their activation.
func (a *Account) Pending() []string { return a.ids(true) }

func (a *Account) ids(pending bool) []string {
	out := []string{}
	for _, d := range a.Devices {
		if d.Pending == pending {
			out = append(out, d.ID)
		}
	}
	return out
}

// Add appends a device: active ones have an order of their own, and pending ones too.
func (a *Account) Add(d Device) { a.Devices = append(a.Devices, d) }

// Remove takes a device out; the next in the order moves up.
func (a *Account) Remove(id string) {
	a.Devices = slices.DeleteFunc(a.Devices, func(d Device) bool { return d.ID == id })
}

// Activate moves a pending device behind the active ones with clean counters. The step
// of the code that activated it stays used.
func (a *Account) Activate(id string) {
	d := *a.Device(id)
	a.Remove(id)
	a.Add(Device{ID: id, Gen: d.Gen + 1, Step: d.Step})
}

// Reorder puts the named active devices first, the others behind in their former
// order. It reports false, and changes nothing, for an id that is unknown, pending or
// named twice.
func (a *Account) Reorder(ids []string) bool {
	var head []Device
	for i, id := range ids {
		d := a.Device(id)
		if d == nil || d.Pending || slices.Contains(ids[:i], id) {
			return false
		}
		head = append(head, *d)
	}
	for _, d := range a.Devices {
		if !slices.Contains(ids, d.ID) {
			head = append(head, d)
		}
	}
	a.Devices, a.Unordered = head, false
	return true
}
