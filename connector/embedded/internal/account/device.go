package account

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mfaflow/mfaflow/connector/wire"
)

// Device is what the hot record knows of one device. It is written as an array with
// trailing zeros left out: 26 bytes for a quiet device, 48 for a quiet TOTP one.
type Device struct {
	ID        string
	Pending   bool  // ACTIVATION_REQUIRED
	BackedUp  bool  // passkey: a copy of it was elsewhere when it was used last
	Fails     int   // wrong codes since the last right one or the last dead code
	Row       int   // wrong codes in a row, locks included
	Gen       int   // codes of an older generation are dead
	LockedTo  int64 // cool-down after wrong codes, Unix ms
	BlockedAt int64 // blocked by an administrator or by too many failures, Unix ms
	Step      int64 // codes of an app: the step accepted last; neither it nor an earlier one is again. Passkey: its counter
	Pushes    int   // pushes that count against the limit; their times are elsewhere
	PushesTo  int64 // no push is sent until then, Unix ms
}

// The bits of Device.flags.
const (
	flagPending = 1 << iota
	flagBackedUp
)

// Rule is what a policy says about wrong codes.
type Rule struct {
	Count    int           // wrong codes until the code is dead
	CoolDown time.Duration // the device is locked for so long then; 0 does not lock
	Row      int           // wrong codes in a row until the device is blocked; 0 never
}

// Failure is what a wrong code led to.
type Failure struct {
	Left    int  // further wrong codes until the code dies; 0: it is dead
	Locked  bool // the device is now cooling down
	Blocked bool // the device is now blocked
}

// Wrong counts one wrong code. The one that reaches the rule's count kills every live
// code of the device.
func (d *Device) Wrong(r Rule, now time.Time) Failure {
	d.LockedTo = 0
	d.Fails++
	d.Row++
	f := Failure{Left: max(r.Count-d.Fails, 0)}
	if f.Left == 0 {
		d.Fails = 0
		d.Gen++
		if r.CoolDown > 0 {
			d.LockedTo, f.Locked = now.Add(r.CoolDown).UnixMilli(), true
		}
	}
	if r.Row > 0 && d.Row >= r.Row && d.BlockedAt == 0 {
		d.BlockedAt, f.Blocked = now.UnixMilli(), true
	}
	return f
}

// Right forgets the failures. It reports whether there were any.
func (d *Device) Right() bool {
	before := *d
	d.Fails, d.Row, d.LockedTo = 0, 0, 0
	return *d != before
}

// Locked reports whether the device is cooling down, and until when.
func (d *Device) Locked(now time.Time) (until time.Time, locked bool) {
	until = time.UnixMilli(d.LockedTo)
	return until, now.Before(until)
}

// Blocked reports whether the device is blocked.
func (d *Device) Blocked() bool { return d.BlockedAt != 0 }

// MarshalJSON writes [id, fails, row, gen, lockedTo, blockedAt, flags, step, pushes,
// pushesTo], zeros at the end left out.
func (d Device) MarshalJSON() ([]byte, error) {
	short, err := shorten(d.ID)
	if err != nil {
		return nil, err
	}
	nums := []int64{int64(d.Fails), int64(d.Row), int64(d.Gen), d.LockedTo, d.BlockedAt, d.flags(), d.Step,
		int64(d.Pushes), d.PushesTo}
	for len(nums) > 0 && nums[len(nums)-1] == 0 {
		nums = nums[:len(nums)-1]
	}
	out := []any{short}
	for _, n := range nums {
		out = append(out, n)
	}
	return json.Marshal(out)
}

func (d Device) flags() (f int64) {
	if d.Pending {
		f |= flagPending
	}
	if d.BackedUp {
		f |= flagBackedUp
	}
	return f
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Device) UnmarshalJSON(b []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil || len(parts) == 0 || len(parts) > 10 {
		return fmt.Errorf("device entry %q is malformed", b)
	}
	var short string
	if err := json.Unmarshal(parts[0], &short); err != nil {
		return fmt.Errorf("device entry's id: %w", err)
	}
	var nums [9]int64
	for i, p := range parts[1:] {
		if err := json.Unmarshal(p, &nums[i]); err != nil {
			return fmt.Errorf("device entry's number %d: %w", i, err)
		}
	}
	id, err := lengthen(short)
	*d = Device{ID: id, Fails: int(nums[0]), Row: int(nums[1]), Gen: int(nums[2]),
		LockedTo: nums[3], BlockedAt: nums[4], Pending: nums[5]&flagPending != 0, BackedUp: nums[5]&flagBackedUp != 0,
		Step: nums[6], Pushes: int(nums[7]), PushesTo: nums[8]}
	return err
}

func shorten(id string) (string, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(b) != 16 || len(id) != 36 {
		return "", fmt.Errorf("device id %q is no UUID", id)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func lengthen(short string) (string, error) {
	b, err := wire.DecodeBase64URL(short)
	if err != nil || len(b) != 16 {
		return "", fmt.Errorf("device entry's id %q is malformed", short)
	}
	h := hex.EncodeToString(b)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-"), nil
}
